#include "tests/support/zip.h"

#include "kernels/base/check.h"

namespace localmamba {

std::string Zip(const std::map<std::string, std::string>& files, zip_int32_t method) {
  zip_error_t error;
  zip_source_t* source = zip_source_buffer_create(nullptr, 0, 0, &error);
  LM_CHECK(source != nullptr);
  zip_source_keep(source);
  zip_t* archive = zip_open_from_source(source, ZIP_CREATE | ZIP_TRUNCATE, &error);
  LM_CHECK(archive != nullptr);
  for (const auto& [name, content] : files) {
    const zip_int64_t index = zip_file_add(
        archive, name.c_str(), zip_source_buffer(archive, content.data(), content.size(), 0), 0);
    LM_CHECK(index >= 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), method, 0);
  }
  LM_CHECK(zip_close(archive) == 0);
  LM_CHECK(zip_source_open(source) == 0);
  zip_source_seek(source, 0, SEEK_END);
  std::string bytes(static_cast<size_t>(zip_source_tell(source)), '\0');
  zip_source_seek(source, 0, SEEK_SET);
  LM_CHECK(zip_source_read(source, bytes.data(), bytes.size()) ==
           static_cast<zip_int64_t>(bytes.size()));
  zip_source_close(source);
  zip_source_free(source);
  return bytes;
}

}  // namespace localmamba
