#include "client/load/arrivals.h"

#include <cmath>
#include <cstddef>
#include <fstream>
#include <random>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace localmamba::client {
namespace {

// Makes arrivals of rate 1 and bends time, so that their rate becomes that of the profile.
class GeneratedArrivals final : public Arrivals {
 public:
  GeneratedArrivals(const ArrivalPattern& pattern, const RateProfile& profile)
      : pattern_(pattern), profile_(profile), random_(pattern.seed) {}

  std::optional<absl::Duration> Next() override {
    Step();
    return TimeWhenExpected(expected_);
  }

 private:
  // To the next arrival of a process of rate 1.
  void Step() {
    switch (pattern_.kind) {
      case ArrivalKind::kPoisson:
        expected_ += gap_(random_);
        break;
      case ArrivalKind::kConstant:
        expected_ += 1;
        break;
      case ArrivalKind::kBursty:
        if (arrivals_ % pattern_.burst == 0) expected_ += pattern_.burst * gap_(random_);
        break;
    }
    ++arrivals_;
  }

  // When as many requests are due as `count` says; nothing if that never comes.
  [[nodiscard]] std::optional<absl::Duration> TimeWhenExpected(double count) const {
    const double steady = absl::ToDoubleSeconds(profile_.steady);
    const double ramp = absl::ToDoubleSeconds(profile_.ramp);
    const double in_steady = profile_.from * steady;
    if (count < in_steady) return absl::Seconds(count / profile_.from);
    if (ramp == 0) return std::nullopt;
    // from * t + slope / 2 * t^2 = left, solved without loss of digits where the slope is small.
    const double left = count - in_steady;
    const double slope = (profile_.to - profile_.from) / ramp;
    const double discriminant = profile_.from * profile_.from + 2 * slope * left;
    if (discriminant < 0) return std::nullopt;
    const double t = 2 * left / (profile_.from + std::sqrt(discriminant));
    if (t >= ramp) return std::nullopt;
    return absl::Seconds(steady + t);
  }

  const ArrivalPattern pattern_;
  const RateProfile profile_;
  std::mt19937_64 random_;
  std::exponential_distribution<double> gap_;
  double expected_ = 0;
  int64_t arrivals_ = 0;
};

class ReplayedArrivals final : public Arrivals {
 public:
  explicit ReplayedArrivals(std::vector<absl::Duration> times) : times_(std::move(times)) {}

  std::optional<absl::Duration> Next() override {
    if (next_ == times_.size()) return std::nullopt;
    return times_[next_++];
  }

 private:
  const std::vector<absl::Duration> times_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Arrivals> GenerateArrivals(const ArrivalPattern& pattern,
                                           const RateProfile& profile) {
  return std::make_unique<GeneratedArrivals>(pattern, profile);
}

absl::StatusOr<std::vector<absl::Duration>> ReadArrivalTrace(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  std::vector<absl::Duration> times;
  double last = 0;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    double seconds = 0;
    if (!absl::SimpleAtod(line, &seconds) || !(seconds >= last)) {
      return absl::InvalidArgumentError(absl::StrCat(path, " line ", number, ": found \"", line,
                                                     "\", wanted seconds, not before ", last));
    }
    last = seconds;
    times.push_back(absl::Seconds(seconds));
  }
  return times;
}

std::unique_ptr<Arrivals> ReplayArrivals(std::vector<absl::Duration> times) {
  return std::make_unique<ReplayedArrivals>(std::move(times));
}

}  // namespace localmamba::client
