// Zip archives in memory, for tests of what reads them.
#ifndef LOCALMAMBA_TESTS_SUPPORT_ZIP_H_
#define LOCALMAMBA_TESTS_SUPPORT_ZIP_H_

#include <zip.h>

#include <map>
#include <string>

namespace localmamba {

// The bytes of an archive of these files, by name. Aborts if there is no memory.
std::string Zip(const std::map<std::string, std::string>& files, zip_int32_t method = ZIP_CM_STORE);

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_ZIP_H_
