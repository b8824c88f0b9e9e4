#include "model/training/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <vector>

namespace localmamba {
namespace {

using ::testing::ElementsAre;

std::string FolderOfTest() {
  const std::string folder =
      ::testing::TempDir() + "/" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  std::filesystem::remove_all(folder);
  return folder;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
T Load(absl::string_view bytes) {
  T value;
  EXPECT_GE(bytes.size(), sizeof(value));
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

// The data of all records, whose checksums are verified.
std::vector<std::string> Records(const std::string& path) {
  const std::string bytes = ReadFile(path);
  absl::string_view rest = bytes;
  std::vector<std::string> records;
  while (!rest.empty()) {
    const auto length = Load<uint64_t>(rest);
    EXPECT_EQ(Load<uint32_t>(rest.substr(8)), MaskedCrc32c(rest.substr(0, 8)));
    records.emplace_back(rest.substr(12, length));
    EXPECT_EQ(Load<uint32_t>(rest.substr(12 + length)), MaskedCrc32c(records.back()));
    rest.remove_prefix(16 + length);
  }
  return records;
}

// The fields of a message: the raw bytes of each, by number.
std::map<uint64_t, std::string> Fields(absl::string_view message) {
  const auto varint = [&] {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.front());
      message.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  std::map<uint64_t, std::string> fields;
  while (!message.empty()) {
    const uint64_t tag = varint();
    const uint64_t wire_type = tag & 7;
    if (wire_type == 0) {
      fields[tag >> 3] = std::to_string(varint());
      continue;
    }
    const size_t length = wire_type == 1 ? 8 : wire_type == 5 ? 4 : varint();
    fields[tag >> 3] = std::string(message.substr(0, length));
    message.remove_prefix(length);
  }
  return fields;
}

std::vector<double> Doubles(const std::string& packed) {
  std::vector<double> values(packed.size() / sizeof(double));
  std::memcpy(values.data(), packed.data(), packed.size());
  return values;
}

TEST(EventFileTest, ChecksumIsThatOfThePublishedVectors) {
  // RFC 3720 B.4: 32 zero bytes have the CRC-32C 8a9136aa.
  const uint32_t crc = 0x8A9136AA;
  EXPECT_EQ(MaskedCrc32c(std::string(32, '\0')), ((crc >> 15) | (crc << 17)) + 0xA282EAD8U);
}

TEST(EventFileTest, ScalarsCanBeReadBack) {
  const auto file = *EventFile::Create(FolderOfTest(), absl::FromUnixSeconds(1700000000));
  ASSERT_TRUE(file->AddScalar("train/loss", 300, 0.25, absl::FromUnixMillis(1700000001500)).ok());
  const std::vector<std::string> records = Records(file->path());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(Fields(records[0]).at(3), "brain.Event:2");
  auto event = Fields(records[1]);
  EXPECT_EQ(Load<double>(event.at(1)), 1700000001.5);
  EXPECT_EQ(event.at(2), "300");
  auto value = Fields(Fields(event.at(5)).at(1));
  EXPECT_EQ(value.at(1), "train/loss");
  EXPECT_EQ(Load<float>(value.at(2)), 0.25F);
}

TEST(EventFileTest, BarsAreAHistogramWithOneBucketEach) {
  const auto file = *EventFile::Create(FolderOfTest(), absl::UnixEpoch());
  ASSERT_TRUE(file->AddBars("p", 1, {0.5, 0.125, 0.375}, absl::UnixEpoch()).ok());
  auto value = Fields(Fields(Fields(Records(file->path())[1]).at(5)).at(1));
  auto histogram = Fields(value.at(5));
  EXPECT_EQ(Load<double>(histogram.at(1)), -0.5);
  EXPECT_EQ(Load<double>(histogram.at(2)), 2.5);
  EXPECT_EQ(Load<double>(histogram.at(3)), 1);
  EXPECT_EQ(Load<double>(histogram.at(4)), 0.875);
  EXPECT_THAT(Doubles(histogram.at(6)), ElementsAre(0.5, 1.5, 2.5));
  EXPECT_THAT(Doubles(histogram.at(7)), ElementsAre(0.5, 0.125, 0.375));
}

TEST(EventFileTest, ASecondFileOfTheSameSecondHasANameOfItsOwn) {
  const std::string folder = FolderOfTest();
  const auto first = *EventFile::Create(folder, absl::UnixEpoch());
  const auto second = *EventFile::Create(folder, absl::UnixEpoch());
  EXPECT_LT(first->path(), second->path());
}

TEST(EventFileTest, NamesTheFolderThatCannotBeMade) {
  const auto file = EventFile::Create("/dev/null/events", absl::UnixEpoch());
  EXPECT_THAT(std::string(file.status().message()), ::testing::HasSubstr("/dev/null/events"));
}

}  // namespace
}  // namespace localmamba
