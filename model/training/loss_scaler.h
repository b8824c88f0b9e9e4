// Decides what a loss is multiplied with before the backward pass, and what follows from gradients
// that are not finite.
//
// Float16 gradients of small losses vanish, so the loss is scaled up and the gradients are scaled
// down again in float32 (Micikevicius et al. 2018). The scale is found by trial, with the constants
// of PyTorch's GradScaler: it starts at 2^16, is halved when a gradient is not finite (that step is
// skipped), and doubled after 2000 good steps in a row.
#ifndef LOCALMAMBA_MODEL_TRAINING_LOSS_SCALER_H_
#define LOCALMAMBA_MODEL_TRAINING_LOSS_SCALER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "kernels/tensor/dtype.h"

namespace localmamba {

// What a checkpoint keeps of a LossScaler.
struct LossScalerState {
  double scale = 1;
  int64_t good_steps = 0;      // since the scale changed last
  int64_t skipped_in_row = 0;  // up to now
  int64_t skipped_steps = 0;   // of the whole run
};

class LossScaler {
 public:
  static constexpr double kInitialScale = 65536;
  static constexpr int64_t kGrowthInterval = 2000;
  // So many skipped steps in a row mean that training has diverged.
  static constexpr int64_t kMaxSkippedInRow = 20;

  // `dtype` of activations: only for float16 is the scale anything but 1.
  explicit LossScaler(DType dtype)
      : dynamic_(dtype == DType::kFloat16), state_{.scale = dynamic_ ? kInitialScale : 1} {}

  [[nodiscard]] double scale() const { return state_.scale; }
  [[nodiscard]] const LossScalerState& state() const { return state_; }
  void Restore(const LossScalerState& state) { state_ = state; }

  // Says how the gradients of `step` (counted from 0) came out. If they were not finite the caller
  // skips the update. Errors: ABORTED naming the step if gradients stay that way: kMaxSkippedInRow
  // steps in a row, or a scale below 1.
  absl::Status Update(bool gradients_are_finite, int64_t step);

 private:
  bool dynamic_;
  LossScalerState state_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_TRAINING_LOSS_SCALER_H_
