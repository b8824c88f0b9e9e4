// An engine whose answers a test can predict, and whose pace and failures it decides.
#ifndef LOCALMAMBA_TESTS_SUPPORT_FAKE_ENGINE_H_
#define LOCALMAMBA_TESTS_SUPPORT_FAKE_ENGINE_H_

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kernels/base/check.h"
#include "kernels/base/mutex.h"
#include "kernels/base/status_macros.h"
#include "model/engine/batch_buckets.h"
#include "model/engine/check_engine_input.h"
#include "model/engine/engine.h"

namespace localmamba::server {

// What a test holds on to while a ModelVersion owns the engine. Safe from several threads.
class FakeEngineControl {
 public:
  // Runs wait, from now on, until Release.
  void Hold() { Set(held_, true); }
  void Release() { Set(held_, false); }

  // The next runs fail with `status`, or work again if it is OK.
  void FailWith(absl::Status status) {
    MutexLock lock(mu_);
    failure_ = std::move(status);
  }

  // Runs of more images fail for want of memory.
  void LimitBatch(int64_t images) {
    MutexLock lock(mu_);
    max_batch_ = images;
  }

  // Runs fail that have an image of this red value.
  void PoisonRed(int red) {
    MutexLock lock(mu_);
    poison_ = red;
  }

  // How often the engine was told to give its memory back.
  int releases() const {
    MutexLock lock(mu_);
    return releases_;
  }

  // Batch sizes of the runs that began, in order.
  std::vector<int64_t> runs() const {
    MutexLock lock(mu_);
    return runs_;
  }

  // Waits until `count` runs have begun.
  void AwaitRuns(size_t count) const {
    MutexLock lock(mu_);
    mu_.Await([&] { return runs_.size() >= count; });
  }

 private:
  friend class FakeEngine;

  void Set(bool& flag, bool value) {
    MutexLock lock(mu_);
    flag = value;
  }

  absl::Status Begin(int64_t batch) {
    MutexLock lock(mu_);
    runs_.push_back(batch);
    mu_.Await([this] { return !held_; });
    if (batch > max_batch_) return absl::ResourceExhaustedError("out of memory on fake");
    return failure_;
  }

  absl::Status CheckRed(int red) {
    MutexLock lock(mu_);
    return red == poison_ ? absl::InternalError("poisoned") : absl::OkStatus();
  }

  void CountRelease() {
    MutexLock lock(mu_);
    ++releases_;
  }

  mutable Mutex mu_;
  bool held_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  std::vector<int64_t> runs_ ABSL_GUARDED_BY(mu_);
  int64_t max_batch_ ABSL_GUARDED_BY(mu_) = std::numeric_limits<int64_t>::max();
  int releases_ ABSL_GUARDED_BY(mu_) = 0;
  int poison_ ABSL_GUARDED_BY(mu_) = -1;
};

// The likeliest class is the red value of the image's first pixel, modulo the number of classes: its
// logit is 1, the others' 0. The pooled features are the first pixel's red, green and blue value.
class FakeEngine final : public Engine {
 public:
  static constexpr int64_t kPooledWidth = 3;

  FakeEngine(int64_t num_classes, std::shared_ptr<FakeEngineControl> control)
      : num_classes_(num_classes), control_(std::move(control)) {}

  using Engine::Run;
  absl::StatusOr<EngineOutput> Run(const ConstTensorView& input,
                                   const ConstTensorView& /*sizes*/) override {
    LM_RETURN_IF_ERROR(CheckEngineInput(input));
    const int64_t batch = input.dim(0);
    LM_RETURN_IF_ERROR(control_->Begin(batch));
    auto logits = std::make_shared<std::vector<float>>(static_cast<size_t>(batch * num_classes_));
    auto pooled = std::make_shared<std::vector<float>>();
    for (int64_t i = 0; i < batch; ++i) {
      const std::array<float, 3> pixel = FirstPixel(input.Select(0, i));
      const auto red = static_cast<int64_t>(pixel[0]);
      LM_RETURN_IF_ERROR(control_->CheckRed(static_cast<int>(red)));
      (*logits)[static_cast<size_t>(i * num_classes_ + red % num_classes_)] = 1.0F;
      pooled->insert(pooled->end(), pixel.begin(), pixel.end());
    }
    return EngineOutput{.logits = Share(logits, {batch, num_classes_}),
                        .pooled = Share(pooled, {batch, kPooledWidth}),
                        .features = {}};
  }

  // It classifies: this tells that it is no segmenter.
  absl::StatusOr<EngineOutput> Segment(const ConstTensorView& input,
                                       const LabelMapRequest& request) override {
    LM_ASSIGN_OR_RETURN(const EngineOutput output, Run(input, request.sizes));
    return CheckSegmenterLogits(output.logits);
  }

  absl::StatusOr<std::vector<OperationProfile>> Profile(const ConstTensorView& /*input*/) override {
    return std::vector<OperationProfile>();
  }

  // There is no network; serving does not ask for it.
  [[nodiscard]] const Network& network() const override {
    LM_CHECK(false);
    std::abort();
  }
  [[nodiscard]] std::vector<int64_t> WarmUpBatches(int64_t max_batch) const override {
    return BatchBuckets(max_batch);
  }
  void ReleaseMemory() override { control_->CountRelease(); }

 private:
  // Of u8 (H, W, 3) or f32 (3, H, W).
  static std::array<float, 3> FirstPixel(const ConstTensorView& image) {
    std::array<float, 3> pixel{};
    for (size_t channel = 0; channel < 3; ++channel) {
      pixel[channel] = image.dtype() == DType::kUInt8
                           ? image.data<uint8_t>()[channel]
                           : image.data<float>()[channel * static_cast<size_t>(image.stride(0))];
    }
    return pixel;
  }

  static Tensor Share(const std::shared_ptr<std::vector<float>>& values, const Shape& shape) {
    return Tensor::Share(TensorView(values->data(), DType::kFloat32, shape, Device::Cpu()), values);
  }

  const int64_t num_classes_;
  const std::shared_ptr<FakeEngineControl> control_;
};

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_FAKE_ENGINE_H_
