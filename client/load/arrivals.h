// When the requests of an open loop are due, whatever becomes of those before them.
#ifndef LOCALMAMBA_CLIENT_LOAD_ARRIVALS_H_
#define LOCALMAMBA_CLIENT_LOAD_ARRIVALS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace localmamba::client {

// A sequence of times since the start, ascending.
class Arrivals {
 public:
  virtual ~Arrivals() = default;

  // Nothing when it has ended.
  virtual std::optional<absl::Duration> Next() = 0;
};

// Requests a second over time: `from` during `steady`, then in a straight line to `to` during
// `ramp`, then nothing. Rates are positive.
struct RateProfile {
  double from = 0;
  double to = 0;
  absl::Duration steady;
  absl::Duration ramp;
};

enum class ArrivalKind : uint8_t {
  kPoisson,   // independent of each other, as those of many users are
  kConstant,  // evenly spaced
  kBursty,    // several at once, at the times of a Poisson process
};

struct ArrivalPattern {
  ArrivalKind kind = ArrivalKind::kPoisson;
  int burst = 8;      // at once, of kBursty
  uint64_t seed = 1;  // the same seed makes the same times
};

std::unique_ptr<Arrivals> GenerateArrivals(const ArrivalPattern& pattern,
                                           const RateProfile& profile);

// A trace is a text file: a line for each arrival, its time in seconds since the start, ascending;
// lines that begin with # say what they like.
//
// Errors: NOT_FOUND if the file cannot be read, INVALID_ARGUMENT naming the line.
absl::StatusOr<std::vector<absl::Duration>> ReadArrivalTrace(const std::string& path);

// `times` in ascending order.
std::unique_ptr<Arrivals> ReplayArrivals(std::vector<absl::Duration> times);

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_LOAD_ARRIVALS_H_
