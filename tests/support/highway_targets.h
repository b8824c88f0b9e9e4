// Runs a test on every instruction set that was compiled in and that this CPU has.
#ifndef LOCALMAMBA_TESTS_SUPPORT_HIGHWAY_TARGETS_H_
#define LOCALMAMBA_TESTS_SUPPORT_HIGHWAY_TARGETS_H_

#include <cstdint>

#include "hwy/targets.h"

namespace localmamba {

// While it lives, Highway dispatches to `target` (one of hwy::SupportedAndGeneratedTargets()).
class ScopedHighwayTarget {
 public:
  explicit ScopedHighwayTarget(int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ~ScopedHighwayTarget() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
  ScopedHighwayTarget(const ScopedHighwayTarget&) = delete;
  ScopedHighwayTarget& operator=(const ScopedHighwayTarget&) = delete;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_HIGHWAY_TARGETS_H_
