#include "model/weights/zip_archive.h"

#include <zip.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

// Takes over `error`.
absl::Status ZipError(absl::string_view what, zip_error_t* error) {
  const absl::Status status =
      absl::InvalidArgumentError(absl::StrCat(what, ": ", zip_error_strerror(error)));
  zip_error_fini(error);
  return status;
}

constexpr zip_uint64_t kWantedFields =
    ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;

}  // namespace

void ZipArchive::Discard::operator()(zip* archive) const { zip_discard(archive); }

absl::StatusOr<ZipArchive> ZipArchive::Open(absl::Span<const std::byte> bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
  if (source == nullptr) return ZipError("is no zip archive", &error);
  zip_t* opened = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (opened == nullptr) {
    zip_source_free(source);
    return ZipError("is no zip archive", &error);
  }
  ZipArchive result;
  result.archive_.reset(opened);

  const auto count = static_cast<zip_uint64_t>(zip_get_num_entries(opened, 0));
  for (zip_uint64_t i = 0; i < count; ++i) {
    zip_stat_t info;
    if (zip_stat_index(opened, i, 0, &info) != 0 || (info.valid & kWantedFields) != kWantedFields) {
      return absl::InvalidArgumentError(absl::StrCat("zip entry ", i, " is incomplete"));
    }
    if (info.comp_method != ZIP_CM_STORE || info.encryption_method != ZIP_EM_NONE ||
        info.size > bytes.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("zip entry \"", info.name, "\" is compressed or encrypted, wanted stored"));
    }
    if (!result.files_.emplace(info.name, File{i, info.size}).second) {
      return absl::InvalidArgumentError(absl::StrCat("zip has two entries \"", info.name, "\""));
    }
  }
  return result;
}

absl::Status ZipArchive::Read(const File& file, absl::Span<std::byte> destination) const {
  LM_CHECK(destination.size() == file.bytes);
  zip_file_t* stream = zip_fopen_index(archive_.get(), file.index, 0);
  if (stream == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("zip entry ", file.index, ": ", zip_strerror(archive_.get())));
  }
  const absl::Cleanup close = [stream] { zip_fclose(stream); };
  const zip_int64_t count = zip_fread(stream, destination.data(), destination.size());
  // The checksum is compared when the end is read.
  char past_end = 0;
  if (count != static_cast<zip_int64_t>(destination.size()) ||
      zip_fread(stream, &past_end, 1) != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("zip entry ", file.index, " is corrupt: ", zip_file_strerror(stream)));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
