#include "kernels/base/check.h"
#include "model/networks/variants.h"
#include "server/repository/model_spec.h"
#include "tests/fuzz/fuzz_target.h"

namespace localmamba {

std::vector<std::vector<uint8_t>> FuzzSeeds() {
  std::vector<std::vector<uint8_t>> seeds;
  for (const char* name : {"local_vim_tiny", "local_vssm_tiny_search"}) {
    ModelSpec spec;
    spec.network = VariantConfig(name).value();
    spec.version_labels = {{"stable", 3}};
    const std::string text = FormatModelSpec(spec);
    seeds.emplace_back(text.begin(), text.end());
  }
  constexpr absl::string_view kSmall = R"({"task":"FEATURES","local_vim":{"scan":{"layers":
      [{"directions":["h","w2_flip"]}]},"embed_dim":32},"preprocess":{"crop_width":"20"}})";
  seeds.emplace_back(kSmall.begin(), kSmall.end());
  return seeds;
}

}  // namespace localmamba

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto spec = localmamba::ParseModelSpec({reinterpret_cast<const char*>(data), size}, "json");
  if (!spec.ok()) {
    LM_CHECK(spec.status().code() == absl::StatusCode::kInvalidArgument);
    return 0;
  }
  // What is accepted can be written and read again.
  const std::string text = FormatModelSpec(*spec);
  const auto again = localmamba::ParseModelSpec(text, "json");
  LM_CHECK(again.ok() && FormatModelSpec(*again) == text);
  return 0;
}
