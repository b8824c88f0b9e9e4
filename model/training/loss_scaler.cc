#include "model/training/loss_scaler.h"

#include "absl/strings/str_cat.h"

namespace localmamba {

absl::Status LossScaler::Update(bool gradients_are_finite, int64_t step) {
  if (gradients_are_finite) {
    state_.skipped_in_row = 0;
    if (dynamic_ && ++state_.good_steps == kGrowthInterval) {
      state_.scale *= 2;
      state_.good_steps = 0;
    }
    return absl::OkStatus();
  }
  ++state_.skipped_steps;
  ++state_.skipped_in_row;
  state_.good_steps = 0;
  if (dynamic_) state_.scale /= 2;
  if (state_.skipped_in_row >= kMaxSkippedInRow || state_.scale < 1) {
    return absl::AbortedError(absl::StrCat("training diverged: gradients are not finite at step ",
                                           step, " and were not in ", state_.skipped_in_row,
                                           " steps in a row; the loss scale is ", state_.scale));
  }
  return absl::OkStatus();
}

}  // namespace localmamba
