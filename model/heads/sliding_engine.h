// An engine that sees images window by window.
#ifndef LOCALMAMBA_MODEL_HEADS_SLIDING_ENGINE_H_
#define LOCALMAMBA_MODEL_HEADS_SLIDING_ENGINE_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "model/engine/engine.h"
#include "model/heads/head_config.h"

namespace localmamba {

// Its logits have the size of the input, (B, H, W, classes): those of SegmentInput. Inputs are
// normalised, f32.
class SlidingEngine final : public Engine {
 public:
  // `windows` runs a segmenter.
  SlidingEngine(std::unique_ptr<Engine> windows, const SlideConfig& config)
      : windows_(std::move(windows)), config_(config) {}

  using Engine::Run;
  // Sizes are of no use to a segmenter. Errors: those of SegmentInput.
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                   const ConstTensorView& sizes) override;
  // The logits of the windows are joined, and label maps made of them, on the CPU.
  absl::StatusOr<EngineOutput> Segment(const ConstTensorView& input,
                                       const LabelMapRequest& request) override;
  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& input) override {
    return windows_->Profile(input);
  }
  [[nodiscard]] const Network& network() const override { return windows_->network(); }
  // Images are run one by one.
  [[nodiscard]] std::vector<int64_t> WarmUpBatches(int64_t /*max_batch*/) const override {
    return {1};
  }
  void ReleaseMemory() override { windows_->ReleaseMemory(); }

 private:
  const std::unique_ptr<Engine> windows_;
  const SlideConfig config_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_HEADS_SLIDING_ENGINE_H_
