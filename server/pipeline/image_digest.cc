#include "server/pipeline/image_digest.h"

#include <openssl/evp.h>

#include <memory>
#include <variant>

#include "kernels/base/check.h"

namespace localmamba::server {
namespace {

class Hash {
 public:
  Hash() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    LM_CHECK(context_ != nullptr);
    LM_CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }

  void Add(const void* bytes, size_t count) {
    LM_CHECK(EVP_DigestUpdate(context_.get(), bytes, count) == 1);
  }

  ImageDigest Finish() {
    ImageDigest digest;
    LM_CHECK(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
    return digest;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

ImageDigest DigestOf(const ImageSource& image) {
  Hash hash;
  // First what kind it is, so that no file can pass for pixels.
  std::array<int64_t, 2> size = {0, 0};
  absl::Span<const uint8_t> bytes;
  if (const auto* raw = std::get_if<RawImage>(&image)) {
    size = {raw->height, raw->width};
    bytes = raw->rgb;
  } else {
    bytes = std::get<EncodedImage>(image).bytes;
  }
  hash.Add(size.data(), sizeof(size));
  hash.Add(bytes.data(), bytes.size());
  return hash.Finish();
}

}  // namespace localmamba::server
