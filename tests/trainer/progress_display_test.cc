#include "trainer/progress_display.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"

namespace localmamba::trainer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ProgressReport HalfWay() {
  return {.step = 50,
          .total_steps = 100,
          .epoch = 2.5,
          .loss = 1.25,
          .learning_rate = 0.001,
          .images_per_second = 1234,
          .seconds_left = 3723};
}

// What `show` writes.
template <class Show>
std::string Shown(bool is_terminal, Show show) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* out = open_memstream(&text, &size);
  ProgressDisplay display(out, is_terminal);
  show(display);
  std::fclose(out);
  const absl::Cleanup release = [&] { std::free(text); };
  return {text, size};
}

TEST(ProgressDisplayTest, ShowsRateAndTimeLeft) {
  const std::string text = FormatProgress("train", HalfWay());
  EXPECT_THAT(text, HasSubstr("train  epoch 2.50  [##########----------]  step 50/100"));
  EXPECT_THAT(text, HasSubstr("loss 1.2500  rate 0.001  1234 images/s  1:02:03 left"));
  EXPECT_THAT(text, Not(HasSubstr("skipped")));
}

TEST(ProgressDisplayTest, OnATerminalProgressIsOneLineThatChanges) {
  const std::string text = Shown(true, [](ProgressDisplay& display) {
    for (int i = 0; i < 3; ++i) display.ShowProgress("train", HalfWay(), absl::Now());
  });
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  EXPECT_THAT(text, HasSubstr("\r"));
}

TEST(ProgressDisplayTest, ElsewhereALineEveryTenSeconds) {
  const std::string text = Shown(false, [](ProgressDisplay& display) {
    for (int i = 0; i < 21; ++i) {
      display.ShowProgress("train", HalfWay(), absl::UnixEpoch() + absl::Seconds(i));
    }
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

TEST(ProgressDisplayTest, AnEpochThatWasNotEvaluatedHasNoAccuracy) {
  EpochReport report;
  report.result = {.epoch = 3, .train_loss = 0.5};
  const auto show = [&](ProgressDisplay& display) { display.ShowEpoch("train", report); };
  EXPECT_THAT(Shown(false, show), Not(HasSubstr("top-1")));
  report.result.top1 = 0.875;
  EXPECT_THAT(Shown(false, show), HasSubstr("epoch 3 done  loss 0.5000"));
  EXPECT_THAT(Shown(false, show), HasSubstr("top-1 87.50%"));
}

}  // namespace
}  // namespace localmamba::trainer
