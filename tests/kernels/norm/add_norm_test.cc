#include "kernels/norm/add_norm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/reference/add_norm.h"
#include "tests/support/backend.h"
#include "tests/support/test_tensor.h"

namespace localmamba {
namespace {

using ::testing::HasSubstr;

struct AddNormCase {
  std::string name;
  int64_t B, L, D;
  bool residual = true;
  bool rope = false;
  NormKind norm = NormKind::kRms;
  bool in_place = false;  // residual_out is residual
  bool store_sum = true;
};

class AddNormTest : public BackendTest<AddNormCase> {};

TEST_P(AddNormTest, AgreesWithReference) {
  const AddNormCase& c = test_case();
  const Shape shape = {c.B, c.L, c.D};
  TestTensor hidden = TestTensor::Random(shape, 1);
  TestTensor residual = c.residual ? TestTensor::Random(shape, 2, -2, 2) : TestTensor();
  // Any numbers, not a rotation: resized tables are no rotations either.
  TestTensor rope_cos = c.rope ? TestTensor::Random({c.L, c.D}, 3) : TestTensor();
  TestTensor rope_sin = c.rope ? TestTensor::Random({c.L, c.D}, 4) : TestTensor();
  TestTensor weight = TestTensor::Random({c.D}, 5);
  TestTensor bias = c.norm == NormKind::kLayer ? TestTensor::Random({c.D}, 6) : TestTensor();
  TestTensor sum(shape);
  TestTensor y(shape);
  TestTensor& residual_out = c.in_place ? residual : sum;
  const AddNormArgs args = {.hidden = Data(hidden),
                            .residual = Float32(residual),
                            .rope_cos = Float32(rope_cos),
                            .rope_sin = Float32(rope_sin),
                            .norm = c.norm,
                            .weight = Float32(weight),
                            .bias = Float32(bias),
                            .residual_out = c.store_sum ? Float32(residual_out) : TensorView(),
                            .y = Data(y)};
  const reference::AddNormResult expected =
      reference::AddNorm(hidden.values(), residual.values(), rope_cos.values(), rope_sin.values(),
                         c.norm, weight.values(), bias.values(), 1e-5);

  ASSERT_TRUE(Fetch(AddNorm(args, stream())));

  // A few roundings of sums up to 3 and 6; the statistics average the rest out.
  if (c.store_sum) ExpectNear(residual_out.values(), expected.sum, 1e-6);
  ExpectNear(y.values(), expected.y, 3e-6, Roundoff());
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AddNormTest,
    ::testing::Combine(
        ::testing::ValuesIn(BackendsAndInstructionSets()),
        ::testing::Values(
            AddNormCase{.name = "OneElement", .B = 1, .L = 1, .D = 1, .residual = false},
            AddNormCase{.name = "FirstLayer", .B = 2, .L = 17, .D = 33, .residual = false},
            AddNormCase{.name = "Rms", .B = 2, .L = 3, .D = 17},
            AddNormCase{.name = "Layer", .B = 2, .L = 33, .D = 33, .norm = NormKind::kLayer},
            AddNormCase{.name = "RotatedPair", .B = 1, .L = 3, .D = 2, .rope = true},
            AddNormCase{.name = "RotatedRmsInPlace",
                        .B = 2,
                        .L = 33,
                        .D = 192,
                        .rope = true,
                        .in_place = true},
            AddNormCase{.name = "RotatedLayerWithoutStoring",
                        .B = 3,
                        .L = 5,
                        .D = 34,
                        .rope = true,
                        .norm = NormKind::kLayer,
                        .store_sum = false},
            AddNormCase{.name = "Width192LayerInPlace",
                        .B = 2,
                        .L = 17,
                        .D = 192,
                        .norm = NormKind::kLayer,
                        .in_place = true},
            AddNormCase{.name = "Width384RotatedRms", .B = 1, .L = 49, .D = 384, .rope = true},
            AddNormCase{.name = "Width1536Rms", .B = 1, .L = 3, .D = 1536},
            AddNormCase{.name = "Width3072Rms", .B = 1, .L = 3, .D = 3072, .rope = true})),
    BackendCaseName);

TEST(AddNormTest, NamesWhatIsWrong) {
  Stream stream = *Stream::Create(Device::Cpu(), 1);
  TestTensor hidden({2, 5, 7});
  TestTensor y({2, 5, 7});
  TestTensor table({5, 7});
  TestTensor weight({7});
  const auto message = [&](const AddNormArgs& args) {
    const absl::Status status = AddNorm(args, stream);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(message({.hidden = hidden.view(), .weight = table.view(), .y = y.view()}),
              HasSubstr("add_norm: \"weight\" is f32[5,7] on cpu, wanted f32[7] on cpu"));
  EXPECT_THAT(message({.hidden = hidden.view(),
                       .residual = table.view(),
                       .weight = weight.view(),
                       .y = y.view()}),
              HasSubstr("\"residual\""));
  EXPECT_THAT(message({.hidden = hidden.view(),
                       .rope_cos = table.view(),
                       .weight = weight.view(),
                       .y = y.view()}),
              HasSubstr("rope_cos and rope_sin, or neither"));
  EXPECT_THAT(message({.hidden = hidden.view(),
                       .rope_cos = table.view(),
                       .rope_sin = table.view(),
                       .weight = weight.view(),
                       .y = y.view()}),
              HasSubstr("an even number of channels"));
  EXPECT_THAT(
      message(
          {.hidden = hidden.view(), .weight = weight.view(), .bias = weight.view(), .y = y.view()}),
      HasSubstr("no bias with an RMS norm"));
}

}  // namespace
}  // namespace localmamba
