// localmamba_tool bench-training: speed and memory of training steps, on random images.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "kernels/base/annotate.h"
#include "kernels/base/status_macros.h"
#include "model/data/synthetic_loader.h"
#include "model/networks/network.h"
#include "model/training/train_step.h"
#include "model/weights/initialize.h"
#include "server/repository/json_layout.h"
#include "tool/command.h"
#include "tool/model_source.h"

namespace localmamba::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWarmUpSteps = 3;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Measurement {
  int64_t batch = 0;
  int64_t steps = 0;
  double seconds = 0;
  size_t peak_bytes = 0;

  [[nodiscard]] double ImagesPerSecond() const {
    return static_cast<double>(batch * steps) / seconds;
  }
  [[nodiscard]] double MebibytesPerImage() const {
    return static_cast<double>(peak_bytes) / (1 << 20) / static_cast<double>(batch);
  }
};

class BenchTrainingCommand final : public Command {
 public:
  explicit BenchTrainingCommand(CLI::App& app) {
    source_.AddFlags(app);
    app.add_option("--batch", batches_, "Batch sizes, e.g. 64,128")
        ->delimiter(',')
        ->check(CLI::Range(int64_t{1}, int64_t{4096}))
        ->capture_default_str();
    app.add_option("--device", device_, "cpu, cuda, cuda:N or auto")->capture_default_str();
    app.add_option("--dtype", dtype_, "Type of the activations")
        ->check(CLI::IsMember({"f32", "f16", "bf16"}))
        ->capture_default_str();
    app.add_option("--threads", threads_, "Threads on the CPU; 0: all there are")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--seconds", seconds_, "Time to measure each, after warm-up")
        ->check(CLI::Range(0.0, 3600.0))
        ->capture_default_str();
    app.add_flag("--recompute", recipe_.checkpoint_activations,
                 "Compute activations again in the backward pass instead of keeping them");
    app.add_flag("--json", json_, "Print JSON");
  }

  absl::Status Run() override {
    LM_ASSIGN_OR_RETURN(const ModelSpec spec, source_.Spec());
    if (!json_) {
      std::printf("%6s %6s %10s %10s %10s\n", "batch", "steps", "images/s", "peak MiB",
                  "MiB/image");
    }
    nlohmann::ordered_json report = nlohmann::ordered_json::array();
    for (const int64_t batch : batches_) {
      LM_ASSIGN_OR_RETURN(const Measurement m, Measure(spec, batch));
      if (json_) {
        report.push_back({{"batch", m.batch},
                          {"steps", m.steps},
                          {"images_per_second", m.ImagesPerSecond()},
                          {"peak_memory_bytes", m.peak_bytes}});
        continue;
      }
      std::printf("%6lld %6lld %10.1f %10.1f %10.2f\n", static_cast<long long>(m.batch),
                  static_cast<long long>(m.steps), m.ImagesPerSecond(),
                  static_cast<double>(m.peak_bytes) / (1 << 20), m.MebibytesPerImage());
      std::fflush(stdout);
    }
    if (json_) std::fputs(LayOutJson(report).c_str(), stdout);
    return absl::OkStatus();
  }

 private:
  // A new device each time, so that its peak memory is that of this batch.
  [[nodiscard]] absl::StatusOr<Measurement> Measure(const ModelSpec& spec, int64_t batch) const {
    const absl::StatusOr<Device> device = Device::Parse(device_);
    if (!device.ok()) return Annotate(device.status(), "--device");
    LM_ASSIGN_OR_RETURN(const DType dtype, ParseDType(dtype_));
    Recipe recipe = recipe_;
    recipe.batch_size = batch;

    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Allocator> memory,
                        CreateDeviceAllocator(Device::Cpu()));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<TrainingDevice> training,
                        TrainingDevice::Create(*device, threads_));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(spec.network));
    LM_RETURN_IF_ERROR(InitializeParameters(network->parameters(), /*seed=*/42, *memory));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<TrainedParameters> parameters,
                        TrainedParameters::Create(network->parameters(), recipe, *training));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<TrainStep> step,
                        TrainStep::Create(*network, *parameters, recipe, dtype, *training));
    LM_ASSIGN_OR_RETURN(const std::unique_ptr<SyntheticLoader> loader,
                        SyntheticLoader::Create({.batch_size = batch,
                                                 .height = spec.preprocess.crop_height,
                                                 .width = spec.preprocess.crop_width,
                                                 .classes = NumClasses(spec.network)},
                                                training->host()));
    Measurement result{.batch = batch};
    // As a step of a run: a batch from memory, an update, and the loss back on the host.
    const auto run_step = [&](int64_t number) -> absl::Status {
      LM_ASSIGN_OR_RETURN(const TrainingBatch data, loader->Next());
      return step->Run(data, number, {.learning_rate = 1e-6, .loss_scale = 1024}).status();
    };
    for (int64_t i = 0; i < kWarmUpSteps; ++i) LM_RETURN_IF_ERROR(run_step(i));
    const Clock::time_point start = Clock::now();
    do {
      LM_RETURN_IF_ERROR(run_step(kWarmUpSteps + result.steps++));
      result.seconds = SecondsSince(start);
    } while (result.seconds < seconds_);
    result.peak_bytes = training->peak_bytes();
    return result;
  }

  ModelSource source_;
  std::vector<int64_t> batches_ = {64};
  std::string device_ = "auto";
  std::string dtype_ = "f32";
  int threads_ = 0;
  double seconds_ = 5;
  Recipe recipe_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeBenchTrainingCommand(CLI::App& app) {
  return std::make_unique<BenchTrainingCommand>(app);
}

}  // namespace localmamba::tool
