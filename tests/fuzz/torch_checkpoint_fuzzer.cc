#include <fstream>
#include <iterator>
#include <string>

#include "kernels/base/check.h"
#include "model/weights/torch_checkpoint.h"
#include "model/weights/zip_archive.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/zip.h"

namespace localmamba {
namespace {

absl::Span<const std::byte> AsBytes(const void* data, size_t size) {
  return {static_cast<const std::byte*>(data), size};
}

void Check(absl::Span<const std::byte> archive) {
  const auto checkpoint = ReadTorchCheckpointFromMemory(archive);
  if (!checkpoint.ok()) {
    LM_CHECK(checkpoint.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  for (const auto& [name, tensor] : checkpoint->tensors) LM_CHECK(tensor.view().IsDense());
}

}  // namespace

// A checkpoint with many kinds of tensor, and the pickle in it.
std::vector<std::vector<uint8_t>> FuzzSeeds() {
  std::ifstream file(LOCALMAMBA_SOURCE_DIR "/tests/golden/backbones/unusual_tensors.ckpt",
                     std::ios::binary);
  const std::vector<uint8_t> archive{std::istreambuf_iterator<char>(file),
                                     std::istreambuf_iterator<char>()};
  const auto zip = ZipArchive::Open(AsBytes(archive.data(), archive.size()));
  LM_CHECK(zip.ok());
  for (const auto& [name, entry] : zip->files()) {
    if (!name.ends_with("/data.pkl")) continue;
    std::vector<uint8_t> pickle(entry.bytes);
    LM_CHECK(zip->Read(entry, {reinterpret_cast<std::byte*>(pickle.data()), pickle.size()}).ok());
    return {archive, pickle};
  }
  LM_CHECK(false);
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  localmamba::Check(localmamba::AsBytes(data, size));
  // Nearly every mutation breaks a checksum of the archive; what lies behind them is reached by
  // taking the input for the pickle of an archive that is whole.
  std::map<std::string, std::string> files = {
      {"archive/data.pkl", std::string(reinterpret_cast<const char*>(data), size)},
      {"archive/version", "3\n"}};
  for (int i = 0; i < 10; ++i) files["archive/data/" + std::to_string(i)] = std::string(96, '\1');
  const std::string archive = localmamba::Zip(files);
  localmamba::Check(localmamba::AsBytes(archive.data(), archive.size()));
  return 0;
}
