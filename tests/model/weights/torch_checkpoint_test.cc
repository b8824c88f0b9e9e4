#include "model/weights/torch_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "model/weights/safetensors.h"
#include "tests/support/golden.h"
#include "tests/support/zip.h"

namespace localmamba {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using std::string_literals::operator""s;  // keeps the zero bytes of a literal

std::string Bytes(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.view().raw_data()),
          static_cast<size_t>(tensor.elements()) * SizeOf(tensor.dtype())};
}

// Those of `expected` whose names start with `prefix` are all there is, bit for bit.
void ExpectTensors(const NamedTensors& found, const NamedTensors& expected,
                   const std::string& prefix) {
  size_t count = 0;
  for (const auto& [name, tensor] : expected) {
    if (!absl::StartsWith(name, prefix)) continue;
    ++count;
    const auto it = found.find(name.substr(prefix.size()));
    ASSERT_NE(it, found.end()) << name;
    EXPECT_EQ(it->second.dtype(), tensor.dtype()) << name;
    EXPECT_EQ(it->second.shape(), tensor.shape()) << name;
    EXPECT_EQ(Bytes(it->second), Bytes(tensor)) << name;
  }
  EXPECT_EQ(found.size(), count);
}

TEST(TorchCheckpointTest, ReadsAReleasedFileWithEveryALogOfItsOwn) {
  const auto checkpoint = ReadTorchCheckpoint(FindGoldenFile("released_style.ckpt"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->entry, "state_dict");
  EXPECT_THAT(checkpoint->skipped, ElementsAre("epoch"));
  EXPECT_EQ(checkpoint->tensors.size(), 82U);
  // The official code keeps the four in one memory when it loads on a CPU: the last would win.
  std::set<std::string> a_logs;
  for (int i = 0; i < 4; ++i) {
    a_logs.insert(Bytes(checkpoint->tensors.at(absl::StrCat("layers.0.mixer.A_log_", i))));
  }
  EXPECT_EQ(a_logs.size(), 4U);
  // The formula of the golden data: a tensor of this name starts with this value.
  const auto* a_log = checkpoint->tensors.at("layers.0.mixer.A_log_0").data<float>();
  EXPECT_FLOAT_EQ(a_log[1], 0.6726491F);
}

TEST(TorchCheckpointTest, ReadsTheModelOrItsAverageFromATrainingFile) {
  const std::string path = FindGoldenFile("training_style.pth.tar");
  const auto expected = ReadSafetensors(FindGoldenFile("training_style_expected.safetensors"));
  ASSERT_TRUE(expected.ok()) << expected.status();
  const auto model = ReadTorchCheckpoint(path);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->entry, "model");
  EXPECT_THAT(model->skipped, Contains("optimizer"));
  ExpectTensors(model->tensors, expected->tensors, "model/");
  const auto average = ReadTorchCheckpoint(path, "ema_model");
  ASSERT_TRUE(average.ok()) << average.status();
  ExpectTensors(average->tensors, expected->tensors, "ema_model/");
}

TEST(TorchCheckpointTest, ReadsEveryKindOfTensorAndView) {
  const auto checkpoint = ReadTorchCheckpoint(FindGoldenFile("unusual_tensors.ckpt"));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  ExpectTensors(checkpoint->tensors,
                ReadSafetensors(FindGoldenFile("unusual_tensors_expected.safetensors"))->tensors,
                "");
}

std::string Int(int32_t value) {
  std::string text = "J1234";
  std::memcpy(&text[1], &value, sizeof(value));
  return text;
}

std::string Text(const std::string& value) {
  return absl::StrCat("X", Int(static_cast<int32_t>(value.size())).substr(1), value);
}

std::string Tuple(const std::vector<int32_t>& values) {
  std::string text = "(";
  for (const int32_t value : values) text += Int(value);
  return text + "t";
}

// A pickled tensor of the storage "0".
std::string TensorCall(const std::string& storage, int32_t offset, const std::vector<int32_t>& size,
                       const std::vector<int32_t>& stride) {
  return absl::StrCat("ctorch._utils\n_rebuild_tensor_v2\n((", Text("storage"), "ctorch\n", storage,
                      "\n", Text("0"), Text("cpu"), Int(4), "tQ", Int(offset), Tuple(size),
                      Tuple(stride), "\x89}tR");
}

std::string Dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string text = "}(";
  for (const auto& [key, value] : items) text += Text(key) + value;
  return text + "u";
}

std::string Checkpoint(const std::string& root, const std::string& storage = "0123456789abcdef") {
  return Zip({{"x/data.pkl", absl::StrCat("\x80\x02", root, ".")}, {"x/data/0", storage}});
}

absl::StatusOr<TorchCheckpoint> Read(const std::string& bytes, const std::string& entry = "") {
  return ReadTorchCheckpointFromMemory(
      absl::MakeConstSpan(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()), entry);
}

const std::string kFloats = TensorCall("FloatStorage", 0, {4}, {1});

std::vector<std::string> Names(const TorchCheckpoint& checkpoint) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : checkpoint.tensors) names.push_back(name);
  return names;
}

TEST(TorchCheckpointTest, ABareStateDictIsTaken) {
  const auto checkpoint = Read(Checkpoint(Dict({{"a", kFloats}, {"note", Int(3)}})));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->entry, "");
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a"));
  EXPECT_THAT(checkpoint->skipped, ElementsAre("note"));
  EXPECT_EQ(Bytes(checkpoint->tensors.at("a")), "0123456789abcdef");
}

TEST(TorchCheckpointTest, TheBackboneOfADetectorIsTakenWithoutItsHeads) {
  const auto checkpoint = Read(
      Checkpoint(Dict({{"module.module.backbone.a", kFloats}, {"module.decode_head.b", kFloats}})));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_THAT(Names(*checkpoint), ElementsAre("a"));
  EXPECT_THAT(checkpoint->skipped, ElementsAre("module.decode_head.b"));
}

TEST(TorchCheckpointTest, AllOfASegmenterIsTakenIfWanted) {
  const std::string bytes =
      Checkpoint(Dict({{"module.backbone.a", kFloats}, {"module.decode_head.b", kFloats}}));
  const auto checkpoint = ReadTorchCheckpointFromMemory(
      {reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, "", CheckpointPart::kAll);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_THAT(Names(*checkpoint), ElementsAre("backbone.a", "decode_head.b"));
}

struct BadCheckpoint {
  std::string name;
  std::string bytes;
  std::string message;  // part of the error
  std::string entry;
};

void PrintTo(const BadCheckpoint& bad, std::ostream* os) { *os << bad.name; }

std::string With(const std::string& value) { return Checkpoint(Dict({{"w", value}})); }

std::string Corrupted(std::string bytes) {
  bytes[bytes.find("0123456789abcdef")] = '!';
  return bytes;
}

std::vector<BadCheckpoint> BadCheckpoints() {
  const std::string good = Checkpoint(Dict({{"w", kFloats}}));
  std::string many = "}(";
  for (int i = 0; i < 400; ++i) many += Text(absl::StrCat(i)) + kFloats;
  return {
      {"NoZip", "PK is not enough", "is no zip archive", ""},
      {"CutZip", good.substr(0, good.size() - 10), "is no zip archive", ""},
      {"Compressed",
       Zip({{"x/data.pkl", std::string(4000, 'N')}, {"x/data/0", "1234"}}, ZIP_CM_DEFLATE),
       "compressed or encrypted", ""},
      {"NoPickle", Zip({{"x/data/0", "1234"}}), "no data.pkl", ""},
      {"BigEndian", Zip({{"x/data.pkl", "\x80\x02}."}, {"x/byteorder", "big"}}),
       "byte order is \"big\"", ""},
      {"BadPickle", Zip({{"x/data.pkl", "\x80\x02"}}), "cut short", ""},
      {"Hostile", With("cos\nsystem\n" + Text("touch /tmp/x") + "\x85R"),
       "calls \"os.system\", which is refused", ""},
      {"ChecksumDisagrees", Corrupted(good), "corrupt", ""},
      {"NoDict", Checkpoint(Int(3)), "is no dict", ""},
      {"NoTensors", Checkpoint(Dict({{"epoch", Int(3)}})), "has no tensors", ""},
      {"NoSuchEntry", good, "no state dict \"ema\"; its entries are: w", "ema"},
      {"DataMissing", Zip({{"x/data.pkl", absl::StrCat("\x80\x02", Dict({{"w", kFloats}}), ".")}}),
       "tensor \"w\": has its data in \"x/data/0\"", ""},
      {"OddStorage", Checkpoint(Dict({{"w", kFloats}}), "12345"), "multiple of 4", ""},
      {"StorageTooSmall", Checkpoint(Dict({{"w", kFloats}}), "12345678"), "reach outside", ""},
      {"OffsetOutside", With(TensorCall("FloatStorage", 1, {4}, {1})), "reach outside", ""},
      {"StrideOutside", With(TensorCall("FloatStorage", 0, {2}, {4})), "reach outside", ""},
      {"Expanded", With(TensorCall("FloatStorage", 0, {1000000}, {0})), "reach outside", ""},
      {"SizeOverflows",
       With(TensorCall("FloatStorage", 0, {2147483647, 2147483647, 2147483647}, {0, 0, 0})),
       "reach outside", ""},
      {"SizeOverflowsBesideZero",
       With(TensorCall("FloatStorage", 0, {0, 2147483647, 2147483647, 2147483647}, {0, 0, 0, 0})),
       "reach outside", ""},
      {"NegativeSize", With(TensorCall("FloatStorage", 0, {-1}, {1})), "no number from 0", ""},
      {"NegativeOffset", With(TensorCall("FloatStorage", -1, {1}, {1})), "other arguments", ""},
      {"TooManyDimensions",
       With(TensorCall("FloatStorage", 0, {1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1})),
       "at most 6", ""},
      {"RanksDisagree", With(TensorCall("FloatStorage", 0, {1}, {1, 1})), "disagree", ""},
      {"UnknownStorage", With(TensorCall("BoolStorage", 0, {4}, {1})), "torch.BoolStorage", ""},
      {"NoArguments", With("ctorch._utils\n_rebuild_tensor_v2\n)R"), "other arguments", ""},
      {"ParameterOfNothing", With("ctorch._utils\n_rebuild_parameter\n)R"), "without a tensor", ""},
      {"NamesCollide", Checkpoint(Dict({{"w", kFloats}, {"module.w", kFloats}})),
       "two tensors are named \"w\"", ""},
      {"SharedTooOften", Checkpoint(many + "u", std::string(1 << 20, '0')), "too many tensors", ""},
  };
}

class BadCheckpointTest : public ::testing::TestWithParam<BadCheckpoint> {};

TEST_P(BadCheckpointTest, IsRefusedWithTheReason) {
  const absl::Status status = Read(GetParam().bytes, GetParam().entry).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, BadCheckpointTest, ::testing::ValuesIn(BadCheckpoints()),
                         [](const auto& info) { return info.param.name; });

TEST(TorchCheckpointTest, AnErrorNamesTheFile) {
  EXPECT_THAT(std::string(ReadTorchCheckpoint("/no/such.ckpt").status().message()),
              HasSubstr("/no/such.ckpt"));
}

}  // namespace
}  // namespace localmamba
