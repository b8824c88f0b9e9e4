#include "client/cli/validators.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace localmamba::client {

CLI::Validator DurationText(bool or_zero) {
  return {
      [or_zero](const std::string& text) -> std::string {
        absl::Duration duration;
        if (absl::ParseDuration(text, &duration) &&
            (duration > absl::ZeroDuration() || (or_zero && duration == absl::ZeroDuration()))) {
          return "";
        }
        return "found \"" + text + "\", wanted a duration such as 500ms or 30s";
      },
      "DURATION"};
}

bool ParseRawSize(const std::string& text, RawSize& size) {
  const std::vector<std::string> sides = absl::StrSplit(text, 'x');
  return sides.size() == 2 && absl::SimpleAtoi(sides[0], &size.height) &&
         absl::SimpleAtoi(sides[1], &size.width);
}

CLI::Validator RawSizeText() {
  return {[](const std::string& text) -> std::string {
            RawSize size;
            if (ParseRawSize(text, size)) return "";
            return "found \"" + text + "\", wanted HEIGHTxWIDTH such as 480x640";
          },
          "HEIGHTxWIDTH"};
}

}  // namespace localmamba::client
