#include "model/weights/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace localmamba {
namespace {

using ::testing::HasSubstr;
using std::string_literals::operator""s;  // keeps the zero bytes of a literal
using Kind = PickleValue::Kind;

absl::StatusOr<Pickle> Read(const std::string& text) {
  return ReadPickle(
      absl::MakeConstSpan(reinterpret_cast<const std::byte*>(text.data()), text.size()));
}

TEST(PickleTest, ReadsScalars) {
  // pickle.dumps((None, True, 3, -2, 70000, 2**40, -1.5, "é", b"x"), 4)
  const auto pickle = Read(
      "\x80\x04\x95\x2c\x00\x00\x00\x00\x00\x00\x00\x28\x4e\x88\x4b\x03\x4a\xfe\xff\xff\xff\x4a\x70"
      "\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01\x47\xbf\xf8\x00\x00\x00\x00\x00\x00\x8c\x02\xc3"
      "\xa9\x94\x43\x01\x78\x94\x74\x94\x2e"s);
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  const auto& items = pickle->root->items;
  ASSERT_EQ(items.size(), 9U);
  EXPECT_TRUE(items[0]->Is(Kind::kNone));
  EXPECT_TRUE(items[1]->Is(Kind::kBool));
  EXPECT_EQ(items[2]->integer, 3);
  EXPECT_EQ(items[3]->integer, -2);
  EXPECT_EQ(items[4]->integer, 70000);
  EXPECT_EQ(items[5]->integer, int64_t{1} << 40);
  EXPECT_EQ(items[6]->number, -1.5);
  EXPECT_EQ(items[7]->text, "\xc3\xa9");
  EXPECT_EQ(items[8]->text, "x");
}

TEST(PickleTest, LongsAreSignExtended) {
  EXPECT_EQ(Read("\x80\x02\x8a\x01\xff."s)->root->integer, -1);
  EXPECT_EQ(Read("\x80\x02\x8a\x00."s)->root->integer, 0);
}

TEST(PickleTest, ADictFilledAfterItWasPutIsOneDict) {
  // d = {}; root = [d, d]; d["a"] = 1
  const auto pickle = Read("\x80\x02](}q\x00X\x01\x00\x00\x00\x61K\x01sh\x00\x65."s);
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  ASSERT_EQ(pickle->root->items.size(), 2U);
  EXPECT_EQ(pickle->root->items[0], pickle->root->items[1]);
  EXPECT_EQ(pickle->root->items[0]->Find("a")->integer, 1);
  EXPECT_EQ(pickle->root->items[0]->Find("b"), nullptr);
}

TEST(PickleTest, AnOrderedDictIsADictWhoseStateIsIgnored) {
  const auto pickle = Read(
      "\x80\x02\x63"
      "collections\nOrderedDict\n)RX\x01\x00\x00\x00\x61K\x01s}b."s);
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  EXPECT_EQ(pickle->root->Find("a")->integer, 1);
}

struct BadPickle {
  std::string name;
  std::string text;
  std::string message;  // part of the error
};

void PrintTo(const BadPickle& bad, std::ostream* os) { *os << bad.name; }

std::vector<BadPickle> BadPickles() {
  return {
      {"Empty", ""s, "cut short"},
      {"NoStop", "\x80\x02N"s, "cut short"},
      {"Protocol5", "\x80\x05N."s, "protocol 5"},
      {"CutText", "\x80\x02X\xff\xff\xff\x7f\x61\x62"s, "cut short"},
      {"CutGlobal", "\x80\x02\x63os\nsystem"s, "cut short"},
      {"UnknownOpcode", "\x80\x02\xff"s, "unsupported opcode 0xff"},
      {"TextProtocol", "I3\n."s, "unsupported opcode 0x49"},
      {"StopOnEmptyStack", "\x80\x02."s, "empty stack"},
      {"LeftOver", "\x80\x02NN."s, "leaves values"},
      {"TupleWithoutMark", "\x80\x02Nt."s, "no mark"},
      {"TakesBelowTheMark", "\x80\x02N(\x85."s, "empty stack"},
      {"GetBeforePut", "\x80\x02h\x07."s, "gets value 7"},
      {"PutNothing", "\x80\x02q\x07."s, "empty stack"},
      {"ItemIntoInt", "\x80\x02K\x01K\x02\x61."s, "cannot hold"},
      {"OddDictItems", "\x80\x02}(K\x01u."s, "cannot hold"},
      {"HugeInteger", "\x80\x02\x8a\x09\x31\x32\x33\x34\x35\x36\x37\x38\x39."s, "beyond 64 bits"},
      {"CallsOsSystem", "\x80\x02\x63os\nsystem\nX\x02\x00\x00\x00id\x85R."s,
       "calls \"os.system\", which is refused"},
      {"CallsByStackGlobal", "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R."s,
       "calls \"posix.system\""},
      {"MakesAnUnknownObject", "\x80\x02\x63subprocess\nPopen\n)\x81."s, "\"subprocess.Popen\""},
      {"CallsNoGlobal", "\x80\x02N)R."s, "calls what is no global"},
      {"OrderedDictOfPairs",
       "\x80\x02\x63"
       "collections\nOrderedDict\n]\x85R."s,
       "from arguments"},
      {"StackGlobalOfNumbers", "\x80\x04K\x01K\x02\x93."s, "what is no text"},
  };
}

class BadPickleTest : public ::testing::TestWithParam<BadPickle> {};

TEST_P(BadPickleTest, IsRefusedWithTheReason) {
  const absl::Status status = Read(GetParam().text).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(All, BadPickleTest, ::testing::ValuesIn(BadPickles()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace localmamba
