#include "server/pipeline/vision_pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/pipeline/classify_question.h"
#include "server/pipeline/embed_question.h"
#include "server/runtime/notification.h"
#include "server/runtime/rejection.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_models.h"
#include "tests/support/images.h"
#include "tests/support/inline_executor.h"

namespace localmamba::server {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VisionPipelineTest : public testing::Test {
 protected:
  VisionPipelineTest()
      : models_({}, *host_, clock_, metrics_),
        pipeline_(models_, DecodeLimits(), decode_, &reply_, *host_, clock_) {
    EXPECT_TRUE(models_.Add(FakeVersion("fake", 1, control_)).ok());
  }

  // A picture of one colour, which the fake engine takes for class `red`.
  ImageRequest RequestOf(uint8_t red, const CallContext& context = {}, int64_t side = 16) {
    pixels_.assign(static_cast<size_t>(side * side * 3), red);
    return {.model = "fake",
            .version = "",
            .image = RawImage{.height = side, .width = side, .rgb = pixels_},
            .scheduling = {},
            .context = context};
  }

  // Of `images` whose every value is `value`.
  InferRequest TensorRequestOf(float value, const Shape& shape) {
    values_.assign(static_cast<size_t>(shape.elements()), value);
    return {.version = *models_.Find("fake", ""),
            .images = ConstTensorView(values_.data(), DType::kFloat32, shape),
            .scheduling = {},
            .context = {}};
  }

  // A file of one colour.
  static Bytes UniformPng(uint8_t value) {
    return EncodePng({.height = 8, .width = 8, .pixels = Bytes(8 * 8 * 3, value)});
  }

  InferRequest RequestOfFiles(std::vector<Bytes> files) {
    files_ = std::move(files);
    std::vector<EncodedImage> images;
    for (const Bytes& file : files_) images.push_back({file});
    return {.version = *models_.Find("fake", ""),
            .images = std::move(images),
            .scheduling = {},
            .context = {}};
  }

  absl::StatusOr<Inference> Infer(InferRequest request) {
    absl::StatusOr<Inference> answer = absl::UnknownError("not yet");
    Notification done;
    pipeline_.Infer(std::move(request), [&](absl::StatusOr<Inference> result) {
      answer = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    return answer;
  }

  absl::StatusOr<Classification> Classify(ImageRequest request,
                                          std::optional<int64_t> top_k = std::nullopt) {
    absl::StatusOr<Classification> answer = absl::UnknownError("not yet");
    Notification done;
    pipeline_.Ask(std::move(request), ClassifyQuestion{top_k},
                  [&](absl::StatusOr<Classification> result) {
                    answer = std::move(result);
                    done.Notify();
                  });
    done.WaitForNotification();
    return answer;
  }

  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  const std::unique_ptr<Allocator> host_ = *CreateDeviceAllocator(Device::Cpu());
  FakeClock clock_;
  prometheus::Registry registry_;
  ServerMetrics metrics_{registry_};
  InlineExecutor decode_;
  InlineExecutor reply_;
  ServedModels models_;
  VisionPipeline pipeline_;
  std::vector<uint8_t> pixels_;
  std::vector<float> values_;
  std::vector<Bytes> files_;
};

TEST_F(VisionPipelineTest, GivesTheLikeliestClassesFirst) {
  const auto answer = Classify(RequestOf(6), 2);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->model, "fake");
  EXPECT_EQ(answer->version, 1);
  ASSERT_EQ(answer->classes.size(), 2U);
  EXPECT_EQ(answer->classes[0].class_id, 6);
  EXPECT_EQ(answer->classes[0].name, "class 6");
  EXPECT_EQ(answer->classes[1].class_id, 0);
}

TEST_F(VisionPipelineTest, EmbedsAPicture) {
  std::vector<float> features;
  Notification done;
  pipeline_.Ask(RequestOf(9), EmbedQuestion(), [&](absl::StatusOr<Embedding> result) {
    if (result.ok()) features = result->features;
    done.Notify();
  });
  done.WaitForNotification();
  EXPECT_THAT(features, ElementsAre(9.0F, 9.0F, 9.0F));
}

TEST_F(VisionPipelineTest, InfersOnSeveralFilesAtOnce) {
  const Bytes first = UniformPng(4);
  const Bytes second = UniformPng(9);
  const auto answer = Infer(RequestOfFiles({first, second}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->logits.shape(), Shape({2, 10}));
  EXPECT_EQ(answer->pooled.Select(0, 0).data<float>()[0], 4.0F);
  EXPECT_EQ(answer->pooled.Select(0, 1).data<float>()[0], 9.0F);
  EXPECT_THAT(control_->runs(), ElementsAre(2));
}

TEST_F(VisionPipelineTest, AFileThatIsNoPictureIsNamedAndCostsNoRun) {
  const Bytes good = UniformPng(4);
  const Bytes bad = {'n', 'o'};
  const absl::Status status = Infer(RequestOfFiles({good, bad, good})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), RejectReason::kInvalidImage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("image 1 of 3: "));
  EXPECT_THAT(control_->runs(), IsEmpty());
}

TEST_F(VisionPipelineTest, FilesAreRefusedWhenTooManyWaitToBeDecoded) {
  decode_.set_full(true);
  const Bytes file = UniformPng(4);
  const absl::Status status = Infer(RequestOfFiles({file, file})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), RejectReason::kDecodeQueueFull);
}

TEST_F(VisionPipelineTest, AsManyFilesAsABatchHoldsAreTaken) {
  const Bytes file = UniformPng(4);
  EXPECT_TRUE(Infer(RequestOfFiles(std::vector<Bytes>(8, file))).ok());
  for (const size_t files : {size_t{0}, size_t{9}}) {
    const absl::Status status = Infer(RequestOfFiles(std::vector<Bytes>(files, file))).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), absl::StrCat("images: found ", files, ", wanted 1 to 8"));
  }
}

TEST_F(VisionPipelineTest, HalvesBecomeFloats) {
  const std::vector<uint16_t> halves(2 * 3 * 8 * 8, 0x4500);  // 5.0
  const auto answer =
      Infer({.version = *models_.Find("fake", ""),
             .images = ConstTensorView(halves.data(), DType::kFloat16, {2, 3, 8, 8}),
             .scheduling = {},
             .context = {}});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->pooled.Select(0, 1).data<float>()[0], 5.0F);
}

TEST_F(VisionPipelineTest, CountsRequestsThatSucceedAndThatFail) {
  const ServedModels::Handle version = *models_.Find("fake", "");
  EXPECT_TRUE(Infer(TensorRequestOf(7, {3, 3, 8, 8})).ok());
  EXPECT_TRUE(Classify(RequestOf(3)).ok());
  control_->FailWith(absl::InternalError("broken"));
  EXPECT_FALSE(Infer(TensorRequestOf(7, {2, 3, 8, 8})).ok());
  const InferenceStatistics::Totals totals = version->statistics().totals();
  EXPECT_EQ(totals.success.count, 2U);
  EXPECT_EQ(totals.queue.count, 2U);
  EXPECT_EQ(totals.infer.count, 2U);
  EXPECT_EQ(totals.fail.count, 1U);
  EXPECT_EQ(totals.images, 4U);
  EXPECT_EQ(totals.batches, 2U);
  EXPECT_EQ(totals.by_batch_size.at(1).infer.count, 1U);
  EXPECT_EQ(totals.by_batch_size.at(3).infer.count, 1U);
  EXPECT_EQ(totals.last_request, clock_.Now());
}

TEST_F(VisionPipelineTest, InfersOnTensorsWithoutDecoding) {
  decode_.set_full(true);
  const auto answer = Infer(TensorRequestOf(7, {2, 3, 8, 8}));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->model, "fake");
  EXPECT_EQ(answer->version, 1);
  EXPECT_EQ(answer->logits.shape(), Shape({2, 10}));
  EXPECT_EQ(answer->logits.Select(0, 1).data<float>()[7], 1.0F);
  EXPECT_EQ(answer->timings.batch_size, 2U);
}

TEST_F(VisionPipelineTest, ATensorMustHaveTheShapeOfTheNetworksInput) {
  for (const Shape& shape : {Shape({1, 3, 8, 9}), Shape({1, 8, 8, 3}), Shape({3, 8, 8}),
                             Shape({0, 3, 8, 8}), Shape({9, 3, 8, 8})}) {
    const absl::Status status = Infer(TensorRequestOf(1, shape)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(status), RejectReason::kInvalidRequest);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("wanted f32[n,3,8,8], the same of f16, or u8[n,8,8,3] with n from 1 "
                          "to 8"));
  }
  EXPECT_THAT(control_->runs(), IsEmpty());
}

TEST_F(VisionPipelineTest, PriorityIsCheckedBeforeAnyWork) {
  ImageRequest request = RequestOf(1);
  request.scheduling.priority = 2;
  const absl::Status status = Classify(std::move(request)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "priority: found 2, wanted 1 to 1, or 0 for the model's default");
  EXPECT_THAT(control_->runs(), IsEmpty());
}

TEST_F(VisionPipelineTest, MeasuresTheComputeStageByItsClock) {
  control_->Hold();
  absl::StatusOr<Classification> answer = absl::UnknownError("not yet");
  Notification done;
  pipeline_.Ask(RequestOf(1), ClassifyQuestion(), [&](absl::StatusOr<Classification> result) {
    answer = std::move(result);
    done.Notify();
  });
  control_->AwaitRuns(1);
  clock_.Advance(absl::Milliseconds(7));
  control_->Release();
  done.WaitForNotification();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->timings.compute, absl::Milliseconds(7));
  EXPECT_EQ(answer->timings.total, absl::Milliseconds(7));
  EXPECT_EQ(answer->timings.batch_size, 1U);
}

TEST_F(VisionPipelineTest, AFullDecodeQueueRefuses) {
  decode_.set_full(true);
  const absl::Status status = Classify(RequestOf(1, {}, 100)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(status), RejectReason::kDecodeQueueFull);
}

TEST_F(VisionPipelineTest, ATinyPictureDoesNotWaitToBeDecoded) {
  decode_.set_full(true);
  EXPECT_TRUE(Classify(RequestOf(1)).ok());
}

TEST_F(VisionPipelineTest, AFullReplyQueueDelaysNothing) {
  reply_.set_full(true);
  EXPECT_TRUE(Classify(RequestOf(1)).ok());
}

TEST_F(VisionPipelineTest, ALateRequestIsNotDecoded) {
  const absl::Status status =
      Classify(RequestOf(1, {.deadline = clock_.Now(), .cancelled = nullptr})).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), RejectReason::kDeadline);
  EXPECT_THAT(control_->runs(), IsEmpty());
}

TEST_F(VisionPipelineTest, TopKIsCheckedBeforeAnyWork) {
  const absl::Status status = Classify(RequestOf(1), 11).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "top_k: found 11, wanted 1 to 10");
  EXPECT_THAT(control_->runs(), IsEmpty());
}

TEST_F(VisionPipelineTest, TheResponseCacheAnswersAnImageThatComesAgain) {
  CacheMetrics cache_metrics(registry_);
  ResponseCache cache(1 << 20, cache_metrics);
  ServedModels models({.defaults = {.response_cache = &cache}, .of_models = {}}, *host_, clock_,
                      metrics_);
  VisionPipeline pipeline(models, DecodeLimits(), decode_, &reply_, *host_, clock_);
  const auto ask = [&](uint8_t red) {
    absl::StatusOr<Classification> answer = absl::UnknownError("not yet");
    Notification done;
    pipeline.Ask(RequestOf(red), ClassifyQuestion(), [&](absl::StatusOr<Classification> result) {
      answer = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    return answer;
  };
  ASSERT_TRUE(models.Add(FakeVersion("fake", 1, control_)).ok());
  EXPECT_EQ(ask(6)->timings.batch_size, 1U);
  const auto again = ask(6);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->timings.batch_size, 0U);
  EXPECT_EQ(again->classes[0].class_id, 6);
  EXPECT_EQ(ask(7)->classes[0].class_id, 7);
  EXPECT_EQ(control_->runs().size(), 2U);
  ASSERT_TRUE(models.Replace(FakeVersion("fake", 1, control_)).ok());
  EXPECT_EQ(ask(6)->timings.batch_size, 1U);
}

}  // namespace
}  // namespace localmamba::server
