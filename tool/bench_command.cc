// localmamba_tool bench: latency, throughput and memory of the engine alone, on random input.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kernels/base/status_macros.h"
#include "model/networks/complexity.h"
#include "model/weights/host_tensor.h"
#include "server/repository/json_layout.h"
#include "tool/command.h"
#include "tool/engine_flags.h"
#include "tool/model_cost.h"
#include "tool/profile_report.h"

namespace localmamba::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxBatch = 4096;
constexpr int64_t kMaxSide = 16384;
constexpr int kWarmUpRuns = 3;  // fewer if they take longer than is measured
constexpr double kMaxSeconds = 3600;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;
};

// "224" or "800x1344".
absl::StatusOr<ImageSize> ParseSize(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, 'x');
  ImageSize size;
  const bool good = parts.size() <= 2 && absl::SimpleAtoi(parts.front(), &size.height) &&
                    absl::SimpleAtoi(parts.back(), &size.width);
  if (!good || std::min(size.height, size.width) < 1 ||
      std::max(size.height, size.width) > kMaxSide) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--size: \"", text, "\", wanted a side or HEIGHTxWIDTH of 1 to ", kMaxSide, " pixels"));
  }
  return size;
}

// Random pixels, as the server passes them on.
absl::StatusOr<Tensor> RandomInput(int64_t batch, const ImageSize& size) {
  LM_ASSIGN_OR_RETURN(Tensor input,
                      AllocateHostTensor(DType::kUInt8, {batch, size.height, size.width, 3}));
  std::mt19937 random(0);  // NOLINT: the same input every time
  std::generate_n(input.data<uint8_t>(), input.elements(),
                  [&] { return static_cast<uint8_t>(random() >> 24); });
  return input;
}

struct Measurement {
  int64_t batch = 0;
  ImageSize size;
  std::vector<double> seconds;  // of each run, ascending: pixels in host memory to outputs there
  std::vector<double> network_seconds;  // of the network alone, ascending
  size_t activation_bytes = 0;
  std::optional<double> detections;  // of a detector, mean of the images
  double bytes = 0;  // that the operations of a run must move, each operand and result once
  std::vector<OperationProfile> profile;
  Complexity complexity;  // of one image

  // The value that `fraction` of the values, ascending, do not exceed.
  static double Quantile(const std::vector<double>& values, double fraction) {
    const double rank = std::ceil(fraction * static_cast<double>(values.size()));
    return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
  }
  [[nodiscard]] double Median() const { return Quantile(seconds, 0.5); }
  [[nodiscard]] double NetworkMedian() const { return Quantile(network_seconds, 0.5); }
  [[nodiscard]] double P99() const { return Quantile(seconds, 0.99); }
  [[nodiscard]] double ImagesPerSecond() const { return static_cast<double>(batch) / Median(); }
  [[nodiscard]] double NetworkImagesPerSecond() const {
    return static_cast<double>(batch) / NetworkMedian();
  }
  // Of the multiply-accumulates with every direction counted; two operations each.
  [[nodiscard]] double TeraflopsPerSecond() const {
    return 2e-12 * static_cast<double>(complexity.total.macs) * NetworkImagesPerSecond();
  }
  [[nodiscard]] double GigabytesPerSecond() const { return bytes / NetworkMedian() / 1e9; }
};

// Each operation's median time over as many passes as fit into `wanted_seconds`, at least one.
absl::StatusOr<std::vector<OperationProfile>> MeasureOperations(Engine& engine, const Tensor& input,
                                                                double wanted_seconds) {
  std::vector<std::vector<OperationProfile>> passes;
  const Clock::time_point start = Clock::now();
  do {
    LM_ASSIGN_OR_RETURN(passes.emplace_back(), engine.Profile(input));
  } while (SecondsSince(start) < wanted_seconds);
  return MedianTimes(passes);
}

std::optional<double> MeanDetections(const EngineOutput& output) {
  if (!output.detections.has_value()) return std::nullopt;
  const Tensor& counts = output.detections->counts;
  const int32_t* first = counts.data<int32_t>();
  return std::accumulate(first, first + counts.elements(), 0.0) /
         static_cast<double>(counts.elements());
}

absl::StatusOr<Measurement> Measure(Engine& engine, const Tensor& input, const ImageSize& size,
                                    double wanted_seconds) {
  const int64_t batch = input.dim(0);
  Clock::time_point start = Clock::now();
  for (int i = 0; i < kWarmUpRuns && (i == 0 || SecondsSince(start) < wanted_seconds); ++i) {
    LM_RETURN_IF_ERROR(engine.Run(input).status());
  }
  Measurement result{.batch = batch, .size = size};
  start = Clock::now();
  while (result.seconds.empty() || SecondsSince(start) < wanted_seconds) {
    const Clock::time_point run_start = Clock::now();
    LM_ASSIGN_OR_RETURN(const EngineOutput output, engine.Run(input));
    result.activation_bytes = output.activation_bytes;
    result.detections = MeanDetections(output);
    result.seconds.push_back(SecondsSince(run_start));
    result.network_seconds.push_back(absl::ToDoubleSeconds(output.compute_time));
  }
  std::sort(result.seconds.begin(), result.seconds.end());
  std::sort(result.network_seconds.begin(), result.network_seconds.end());
  return result;
}

class BenchCommand final : public Command {
 public:
  explicit BenchCommand(CLI::App& app) {
    engine_.AddFlags(app);
    app.add_option("--batch", batches_, "Batch sizes, e.g. 1,8")
        ->delimiter(',')
        ->check(CLI::Range(int64_t{1}, kMaxBatch))
        ->capture_default_str();
    app.add_option("--size", sizes_,
                   "Image sizes, e.g. 224,800x1344 (default: what the model is fed)")
        ->delimiter(',');
    app.add_option("--seconds", seconds_, "Time to measure each, after warm-up")
        ->check(CLI::Range(0.0, kMaxSeconds))
        ->capture_default_str();
    app.add_flag("--profile", profile_, "Print where the time goes, by layer and operation");
    app.add_flag("--json", json_, "Print JSON");
  }

  absl::Status Run() override {
    // Comparisons let NaN through the range.
    if (std::isnan(seconds_)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--seconds: \"nan\", wanted 0 to ", kMaxSeconds));
    }
    std::vector<ImageSize> sizes;
    for (const std::string& text : sizes_) {
      LM_ASSIGN_OR_RETURN(const ImageSize size, ParseSize(text));
      sizes.push_back(size);
    }
    if (!json_) {
      std::printf("%5s %9s %6s %9s %9s %9s %10s %8s %7s %7s %8s\n", "batch", "size", "runs",
                  "median ms", "p99 ms", "images/s", "network ms", "images/s", "TFLOP/s", "GB/s",
                  "peak MiB");
    }
    nlohmann::ordered_json report = nlohmann::ordered_json::array();
    LM_ASSIGN_OR_RETURN(const std::shared_ptr<ModelVersion> version, engine_.Load());
    for (const int64_t batch : batches_) {
      for (size_t i = 0; i < std::max<size_t>(sizes.size(), 1); ++i) {
        const Shape usual = UsualInput(version->spec);
        const ImageSize size = sizes.empty() ? ImageSize{usual[0], usual[1]} : sizes[i];
        LM_ASSIGN_OR_RETURN(const Measurement measurement, MeasureAll(*version, batch, size));
        if (json_) {
          report.push_back(ToJson(measurement));
        } else {
          Print(measurement);
        }
      }
    }
    if (json_) std::fputs(LayOutJson(report).c_str(), stdout);
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] absl::StatusOr<Measurement> MeasureAll(const ModelVersion& version, int64_t batch,
                                                       const ImageSize& size) const {
    LM_ASSIGN_OR_RETURN(const Tensor input, RandomInput(batch, size));
    LM_ASSIGN_OR_RETURN(const Complexity complexity,
                        CountModelComplexity(version.spec, size.height, size.width));
    LM_ASSIGN_OR_RETURN(Measurement result,
                        Measure(*version.engines.front(), input, size, seconds_));
    // One pass tells the bytes.
    LM_ASSIGN_OR_RETURN(result.profile, MeasureOperations(*version.engines.front(), input,
                                                          profile_ ? seconds_ : 0.0));
    result.complexity = complexity;
    for (const OperationProfile& operation : result.profile) {
      result.bytes += static_cast<double>(operation.bytes);
    }
    return result;
  }

  [[nodiscard]] nlohmann::ordered_json ToJson(const Measurement& m) const {
    nlohmann::ordered_json report = {{"batch", m.batch},
                                     {"height", m.size.height},
                                     {"width", m.size.width},
                                     {"runs", m.seconds.size()},
                                     {"median_ms", m.Median() * 1e3},
                                     {"p99_ms", m.P99() * 1e3},
                                     {"images_per_second", m.ImagesPerSecond()},
                                     {"network_median_ms", m.NetworkMedian() * 1e3},
                                     {"network_images_per_second", m.NetworkImagesPerSecond()},
                                     {"tflops_per_second", m.TeraflopsPerSecond()},
                                     {"gigabytes_per_second", m.GigabytesPerSecond()},
                                     {"peak_activation_bytes", m.activation_bytes}};
    if (m.detections.has_value()) report["detections_per_image"] = *m.detections;
    if (profile_) report["profile"] = ProfileToJson(m.profile);
    return report;
  }

  void Print(const Measurement& m) const {
    std::printf("%5lld %9s %6zu %9.2f %9.2f %9.1f %10.2f %8.1f %7.2f %7.1f %8.1f\n",
                static_cast<long long>(m.batch),
                absl::StrCat(m.size.height, "x", m.size.width).c_str(), m.seconds.size(),
                m.Median() * 1e3, m.P99() * 1e3, m.ImagesPerSecond(), m.NetworkMedian() * 1e3,
                m.NetworkImagesPerSecond(), m.TeraflopsPerSecond(), m.GigabytesPerSecond(),
                static_cast<double>(m.activation_bytes) / (1 << 20));
    if (m.detections.has_value()) std::printf("      %.1f detections per image\n", *m.detections);
    if (profile_) std::fputs(FormatProfile(m.profile, m.complexity, m.batch).c_str(), stdout);
    std::fflush(stdout);
  }

  EngineFlags engine_;
  std::vector<int64_t> batches_ = {1};
  std::vector<std::string> sizes_;
  double seconds_ = 5;
  bool profile_ = false;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeBenchCommand(CLI::App& app) {
  return std::make_unique<BenchCommand>(app);
}

}  // namespace localmamba::tool
