#include "model/networks/recognize_variant.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "model/networks/network.h"
#include "model/networks/variants.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// Tensors with the names and shapes, and no certain values, of the variant's parameters.
NamedTensors TensorsOf(const std::string& variant) {
  const auto network = *CreateNetwork(*VariantConfig(variant));
  NamedTensors tensors;
  for (const Parameter& parameter : network->parameters().parameters()) {
    tensors[parameter.name] = *AllocateHostTensor(DType::kFloat32, parameter.shape);
  }
  return tensors;
}

TEST(RecognizeVariantTest, VariantsAreToldApartByNamesAndShapes) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> cases = {
      {"local_vim_tiny", {"local_vim_tiny", "local_vim_tiny_wo_search"}},
      {"local_vim_tiny_middle_cls_token", {"local_vim_tiny_middle_cls_token"}},
      {"local_vim_small", {"local_vim_small", "local_vim_small_wo_search"}},
      {"local_vim_tiny_search", {"local_vim_tiny_search"}},
      {"local_vssm_tiny", {"local_vssm_tiny"}},
      {"local_vssm_small", {"local_vssm_small"}},
      {"local_vssm_small_search", {"local_vssm_small_search"}},
  };
  for (const auto& [variant, expected] : cases) {
    EXPECT_THAT(FittingVariants(TensorsOf(variant)), ElementsAreArray(expected)) << variant;
  }
}

TEST(RecognizeVariantTest, RotaryTablesMayBeMissing) {
  NamedTensors tensors = TensorsOf("local_vim_tiny");
  ASSERT_EQ(tensors.erase("rope.freqs_cos") + tensors.erase("rope.freqs_sin"), 2U);
  EXPECT_THAT(FittingVariants(tensors), ElementsAre("local_vim_tiny", "local_vim_tiny_wo_search"));
}

TEST(RecognizeVariantTest, EveryOtherDifferenceCounts) {
  const NamedTensors tensors = TensorsOf("local_vssm_tiny");
  NamedTensors other = tensors;
  other.erase("classifier.head.bias");
  ASSERT_EQ(other.size() + 1, tensors.size());
  EXPECT_THAT(FittingVariants(other), IsEmpty());
  other["classifier.head.bias"] = *AllocateHostTensor(DType::kFloat32, {10});
  EXPECT_THAT(FittingVariants(other), IsEmpty());
  other = tensors;
  other["ema.decay"] = *AllocateHostTensor(DType::kFloat32, {1});
  EXPECT_THAT(FittingVariants(other), IsEmpty());
  EXPECT_THAT(FittingVariants({}), IsEmpty());
}

}  // namespace
}  // namespace localmamba
