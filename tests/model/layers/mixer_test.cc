// Both mixers against the outputs of the official code, and against the double-precision formulas
// over what the golden cases leave out: other state sizes, windows, numbers of directions, kinds of
// attention, widths that nothing divides.
#include "tests/reference/mixer.h"

#include <gtest/gtest.h>

#include <memory>

#include "kernels/device/stream.h"
#include "model/layers/mamba_mixer.h"
#include "model/layers/ss2d.h"
#include "tests/support/deterministic.h"
#include "tests/support/golden.h"
#include "tests/support/golden_network.h"

namespace localmamba {
namespace {

enum class Family : uint8_t { kLocalVim, kLocalVMamba };

constexpr char kVimPrefix[] = "layers.0.mixer.";
constexpr char kVMambaPrefix[] = "layers.0.blocks.0.op.";

class MixerRunner {
 public:
  MixerRunner(Family family, const reference::Mixer& mixer)
      : family_(family), mixer_(mixer), maps_(mixer.vertical_reverse, ClassToken()) {
    if (family == Family::kLocalVim) {
      vim_ = std::make_unique<MambaMixer>(parameters_, kVimPrefix, mixer.config, mixer.conv_width,
                                          /*depth=*/1);
    } else {
      vmamba_ = std::make_unique<Ss2d>(parameters_, kVMambaPrefix, mixer.config);
    }
    FillDeterministic(parameters_);
  }

  // x: (B, T, E); for LocalVMamba the result has the residual x taken off again.
  std::vector<float> Run(const std::vector<float>& x, int64_t batch) {
    OpContext context{stream_, *heap_, DType::kFloat32};
    const int64_t width = mixer_.config.width;
    const auto rows = static_cast<int64_t>(x.size()) / width;
    const Shape shape = family_ == Family::kLocalVim
                            ? Shape{batch, rows / batch, width}
                            : Shape{batch, mixer_.height, mixer_.width, width};
    const Value input = Copied(x, shape);
    const auto maps = maps_.Get(context, mixer_.config.directions, mixer_.height, mixer_.width);
    EXPECT_TRUE(maps.ok()) << maps.status();
    absl::StatusOr<Value> output;
    if (family_ == Family::kLocalVim) {
      EXPECT_TRUE(vim_->Pack(context).ok());
      output = vim_->Forward(context, input, *maps);
    } else {
      EXPECT_TRUE(vmamba_->Pack(context).ok());
      const Value zeros = Copied(std::vector<float>(x.size()), shape);
      output = vmamba_->Forward(context, input, zeros, *maps);
    }
    EXPECT_TRUE(output.ok()) << output.status();
    if (!output.ok()) return {};
    EXPECT_EQ(output->shape(), shape);
    const absl::Span<const float> values = Elements(output->tensor());
    return {values.begin(), values.end()};
  }

  // The same in double precision.
  std::vector<double> Reference(const std::vector<float>& x, int64_t batch) {
    const std::string prefix = family_ == Family::kLocalVim ? kVimPrefix : kVMambaPrefix;
    reference::Mixer mixer = mixer_;
    for (const Parameter& parameter : parameters_.parameters()) {
      const absl::Span<const float> values = Elements(parameter.value.tensor());
      mixer.parameters[parameter.name.substr(prefix.size())].assign(values.begin(), values.end());
    }
    const int64_t width = mixer.config.width;
    const int64_t tokens = static_cast<int64_t>(x.size()) / (batch * width);
    std::vector<double> result;
    for (int64_t b = 0; b < batch; ++b) {
      reference::Matrix image(tokens, width);
      std::copy_n(x.begin() + b * tokens * width, tokens * width, image.values.begin());
      const reference::Matrix y = family_ == Family::kLocalVim ? reference::MambaMixer(mixer, image)
                                                               : reference::Ss2d(mixer, image);
      result.insert(result.end(), y.values.begin(), y.values.end());
    }
    return result;
  }

 private:
  [[nodiscard]] ScanMapCache::ClassToken ClassToken() const {
    return mixer_.middle_class_token ? ScanMapCache::ClassToken::kMiddle
                                     : ScanMapCache::ClassToken::kNone;
  }

  Value Copied(const std::vector<float>& x, const Shape& shape) {
    const Tensor tensor = *Tensor::Allocate(*heap_, DType::kFloat32, shape);
    std::copy(x.begin(), x.end(), tensor.data<float>());
    return Value(tensor);
  }

  std::unique_ptr<Allocator> heap_ = *CreateDeviceAllocator(Device::Cpu());
  Stream stream_ = *Stream::Create(Device::Cpu(), 2);
  Family family_;
  reference::Mixer mixer_;
  ScanMapCache maps_;
  ParameterSet parameters_;
  std::unique_ptr<MambaMixer> vim_;
  std::unique_ptr<Ss2d> vmamba_;
};

class GoldenMixerTest : public testing::TestWithParam<nlohmann::json> {};

TEST_P(GoldenMixerTest, OutputIsThatOfTheOfficialCode) {
  const nlohmann::json& golden = GetParam();
  const std::string path = FindGoldenFile(golden.at("file").get<std::string>());
  if (path.empty()) GTEST_SKIP() << "golden file is not here";
  const GoldenTensors tensors = *LoadGoldenTensors(path);
  const nlohmann::json& config = golden.at("config");
  reference::Mixer mixer;
  mixer.config.width = config.at("d_model").get<int64_t>();
  mixer.config.supernet = config.at("supernet").get<bool>();
  mixer.config.directions =
      mixer.config.supernet ? OfficialCandidates() : GoldenDirections(config.at("directions"));
  mixer.middle_class_token = config.at("middle_cls_token").get<bool>();
  mixer.vertical_reverse = golden.at("vertical_reverse") == "official" ? VerticalReverse::kOfficial
                                                                       : VerticalReverse::kExact;
  mixer.height = config.at("grid").at(0).get<int64_t>();
  mixer.width = config.at("grid").at(1).get<int64_t>();
  const Family family =
      golden.at("family") == "local_vim" ? Family::kLocalVim : Family::kLocalVMamba;

  const std::vector<float> output =
      MixerRunner(family, mixer).Run(tensors.at("x").f32, config.at("batch").get<int64_t>());
  EXPECT_TRUE(
      MatchesGolden(output, tensors.at("out"), golden.at("tolerance").at("forward").get<double>()));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenMixerTest, testing::ValuesIn(GoldenCases("mixer")),
                         [](const auto& info) {
                           return info.param.at("id").template get<std::string>();
                         });

struct MixerCase {
  std::string name;
  Family family;
  int64_t embed_dim;
  std::vector<std::string> directions;
  int64_t height;
  int64_t width;
  int64_t d_state = 16;
  AttentionKind attention = AttentionKind::kChannel;
  bool supernet = false;
  int64_t conv_width = 4;
  bool class_token = false;
  VerticalReverse vertical_reverse = VerticalReverse::kExact;
};

class MixerReferenceTest : public testing::TestWithParam<MixerCase> {};

TEST_P(MixerReferenceTest, OutputIsThatOfTheFormulas) {
  const MixerCase& c = GetParam();
  reference::Mixer mixer;
  mixer.config = {.width = c.embed_dim,
                  .directions = GoldenDirections(c.directions),
                  .supernet = c.supernet,
                  .attention = c.attention,
                  .d_state = c.d_state};
  mixer.conv_width = c.conv_width;
  mixer.middle_class_token = c.class_token;
  mixer.vertical_reverse = c.vertical_reverse;
  mixer.height = c.height;
  mixer.width = c.width;
  const int64_t batch = 2;
  const int64_t tokens = c.height * c.width + (c.class_token ? 1 : 0);
  const std::vector<float> x = DeterministicInput("x", batch * tokens * c.embed_dim);
  MixerRunner runner(c.family, mixer);
  const std::vector<float> found = runner.Run(x, batch);
  const std::vector<double> expected = runner.Reference(x, batch);
  ASSERT_EQ(found.size(), expected.size());
  double largest = 0;
  for (const double value : expected) largest = std::max(largest, std::abs(value));
  // As for the golden mixers: about a hundred roundings in a row, 6e-8 each.
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-5 * largest + 1e-7) << "element " << i;
  }
}

std::vector<MixerCase> MixerCases() {
  const std::vector<std::string> four = {"h", "v_flip", "w2", "w5_flip"};
  const std::vector<std::string> eight = {"h",  "h_flip",  "v",  "v_flip",
                                          "w2", "w2_flip", "w7", "w7_flip"};
  const std::vector<std::string> sixteen = {"h",  "h_flip",  "v",  "v_flip",  "w1", "w1_flip",
                                            "w2", "w2_flip", "w3", "w3_flip", "w4", "w4_flip",
                                            "w5", "w5_flip", "w9", "w9_flip"};
  std::vector<MixerCase> cases;
  for (const Family family : {Family::kLocalVim, Family::kLocalVMamba}) {
    const std::string start = family == Family::kLocalVim ? "LocalVim" : "LocalVMamba";
    const auto add = [&](const std::string& name, MixerCase c) {
      c.name = start + name;
      c.family = family;
      cases.push_back(std::move(c));
    };
    add("StateOf1", {"", family, 8, four, 5, 4, 1});
    add("StateOf7", {"", family, 8, four, 5, 4, 7});
    add("StateOf32", {"", family, 8, four, 3, 6, 32});
    add("StateOf64", {"", family, 4, {"h", "v"}, 3, 3, 64});
    add("OneDirection", {"", family, 12, {"w5"}, 7, 6});
    add("TwoDirections", {"", family, 12, {"w5", "v"}, 6, 7});
    add("EightDirections", {"", family, 12, eight, 6, 7});
    add("SixteenDirections", {"", family, 4, sixteen, 5, 6});
    add("OddWidth", {"", family, 33, four, 4, 4});
    add("OneToken", {"", family, 8, four, 1, 1});
    add("OneRow", {"", family, 8, four, 1, 9});
    add("OneColumn", {"", family, 8, four, 9, 1});
    add("NoAttention", {"", family, 8, four, 4, 5, 16, AttentionKind::kNone});
    add("ChannelSpatial", {"", family, 16, four, 4, 5, 16, AttentionKind::kChannelSpatial});
    add("SupernetChannelSpatial",
        {"", family, 16, eight, 4, 5, 16, AttentionKind::kChannelSpatial, true});
    add("SupernetNoAttention", {"", family, 8, four, 4, 5, 16, AttentionKind::kNone, true});
    MixerCase official{"", family, 8, {"v", "v_flip", "w2"}, 3, 5};
    official.vertical_reverse = VerticalReverse::kOfficial;
    add("OfficialReverse", official);
  }
  for (const int64_t taps : {1, 3, 8}) {
    MixerCase c{"LocalVimConvolutionOf" + std::to_string(taps), Family::kLocalVim, 8, four, 3, 4};
    c.conv_width = taps;
    cases.push_back(c);
  }
  MixerCase token{"LocalVimClassToken", Family::kLocalVim, 8, four, 4, 3};
  token.class_token = true;
  token.attention = AttentionKind::kChannelSpatial;
  cases.push_back(token);
  token.name = "LocalVimClassTokenSupernetOfficialReverse";
  token.supernet = true;
  token.vertical_reverse = VerticalReverse::kOfficial;
  cases.push_back(token);
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, MixerReferenceTest, testing::ValuesIn(MixerCases()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
