#include "server/jobs/event_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "google/protobuf/util/delimited_message_util.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string StreamOf(const std::vector<int64_t>& steps) {
  std::ostringstream stream;
  for (const int64_t step : steps) {
    v1::TrainerEvent event;
    event.mutable_progress()->set_step(step);
    google::protobuf::util::SerializeDelimitedToOstream(event, &stream);
  }
  return stream.str();
}

class EventDecoderTest : public testing::Test {
 protected:
  absl::Status Feed(absl::string_view bytes) {
    return decoder_.Feed(bytes, [this](const v1::TrainerEvent& event) {
      steps_.push_back(event.progress().step());
    });
  }

  EventDecoder decoder_;
  std::vector<int64_t> steps_;
};

TEST_F(EventDecoderTest, DecodesEventsHoweverTheyAreCut) {
  const std::string stream = StreamOf({1, 300, 7'000'000});
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    steps_.clear();
    for (size_t begin = 0; begin < stream.size(); begin += piece) {
      ASSERT_TRUE(Feed(absl::string_view(stream).substr(begin, piece)).ok());
    }
    EXPECT_THAT(steps_, ElementsAre(1, 300, 7'000'000)) << piece;
  }
}

TEST_F(EventDecoderTest, AnEventWithoutContentIsOne) {
  ASSERT_TRUE(Feed(absl::string_view("\0\0", 2)).ok());
  EXPECT_THAT(steps_, ElementsAre(0, 0));
}

TEST_F(EventDecoderTest, OtherBytesAreRefused) {
  const absl::Status status = Feed(
      "Traceback (most recent call last)"
      "                                                            ");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no localmamba.v1.TrainerEvent"));
}

TEST_F(EventDecoderTest, AnEndlessLengthIsRefused) {
  EXPECT_EQ(Feed("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(EventDecoderTest, AHugeEventIsRefusedBeforeItComes) {
  const absl::Status status = Feed("\xff\xff\xff\x7f");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("268435455 bytes, wanted at most"));
}

}  // namespace
}  // namespace localmamba::server
