// Where tests find the files of the source tree.
#ifndef LOCALMAMBA_TESTS_SUPPORT_SOURCE_DIR_H_
#define LOCALMAMBA_TESTS_SUPPORT_SOURCE_DIR_H_

#include <cstdlib>
#include <string>

namespace localmamba {

// The tree this was built from, or the one that the environment variable LOCALMAMBA_SOURCE_DIR
// names: a bundle on another host brings the files that tests read.
inline std::string SourceDir() {
  const char* moved = std::getenv("LOCALMAMBA_SOURCE_DIR");
  return moved != nullptr ? moved : LOCALMAMBA_SOURCE_DIR;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_SOURCE_DIR_H_
