#include "tests/gpu/device_bench.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/graph.h"
#include "kernels/device/stopwatch.h"
#include "kernels/tensor/half.h"

namespace localmamba {
namespace {

constexpr int kCallsPerGraph = 20;

std::vector<std::byte> RandomBytes(DType dtype, size_t count) {
  std::vector<std::byte> bytes(count * SizeOf(dtype));
  std::mt19937 generator(1);
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(generator() / 2147483648.0 - 1.0);
    if (dtype == DType::kFloat32) {
      std::memcpy(&bytes[i * sizeof(value)], &value, sizeof(value));
    } else if (dtype == DType::kUInt8) {
      bytes[i] = static_cast<std::byte>(generator());
    } else {
      const uint16_t bits =
          dtype == DType::kFloat16 ? Float16FromFloat(value) : BFloat16FromFloat(value);
      std::memcpy(&bytes[i * sizeof(bits)], &bits, sizeof(bits));
    }
  }
  return bytes;
}

absl::Status TimeGraph(benchmark::State& state, Stream& stream,
                       absl::FunctionRef<absl::Status()> enqueue) {
  LM_RETURN_IF_ERROR(enqueue());
  LM_RETURN_IF_ERROR(stream.Synchronize());
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Graph> graph, Graph::Capture(stream, [&]() -> absl::Status {
                        for (int i = 0; i < kCallsPerGraph; ++i) LM_RETURN_IF_ERROR(enqueue());
                        return absl::OkStatus();
                      }));
  LM_ASSIGN_OR_RETURN(std::unique_ptr<Stopwatch> stopwatch, Stopwatch::Create(stream));
  LM_RETURN_IF_ERROR(graph->Launch(stream));
  for ([[maybe_unused]] auto iteration : state) {
    LM_RETURN_IF_ERROR(stopwatch->Start());
    LM_RETURN_IF_ERROR(graph->Launch(stream));
    LM_RETURN_IF_ERROR(stopwatch->Stop());
    LM_RETURN_IF_ERROR(stream.Synchronize());
    LM_ASSIGN_OR_RETURN(const absl::Duration time, stopwatch->Elapsed());
    state.SetIterationTime(absl::ToDoubleSeconds(time) / kCallsPerGraph);
  }
  return absl::OkStatus();
}

}  // namespace

Tensor BenchDevice::Random(DType dtype, const Shape& shape) {
  const Tensor tensor = *Tensor::Allocate(*allocator_, dtype, shape);
  const size_t bytes = static_cast<size_t>(shape.elements()) * SizeOf(dtype);
  // One block of random elements, repeated: making them all would take longer than measuring.
  const size_t block = std::min(bytes, size_t{4} << 20);
  const std::vector<std::byte> random = RandomBytes(dtype, block / SizeOf(dtype));
  auto* destination = static_cast<std::byte*>(tensor.view().raw_data());
  for (size_t done = 0; done < bytes; done += block) {
    LM_CHECK(
        stream_.CopyBytes(random.data(), destination + done, std::min(block, bytes - done)).ok());
  }
  LM_CHECK(stream_.Synchronize().ok());
  return tensor;
}

Tensor BenchDevice::Upload(const ConstTensorView& host) {
  const Tensor tensor = *Tensor::Allocate(*allocator_, host.dtype(), host.shape());
  LM_CHECK(Copy(host, tensor, stream_).ok());
  LM_CHECK(stream_.Synchronize().ok());
  return tensor;
}

double Bytes(std::initializer_list<ConstTensorView> tensors) {
  double bytes = 0.0;
  for (const ConstTensorView& tensor : tensors) {
    bytes += static_cast<double>(tensor.elements()) * static_cast<double>(SizeOf(tensor.dtype()));
  }
  return bytes;
}

void Measure(benchmark::State& state, Stream& stream, const Work& work,
             absl::FunctionRef<absl::Status()> enqueue) {
  if (const absl::Status status = TimeGraph(state, stream, enqueue); !status.ok()) {
    state.SkipWithError(status.ToString().c_str());
    return;
  }
  const auto report = [&state](const char* name, double amount, double unit) {
    state.counters[name] = benchmark::Counter(
        amount / unit * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  };
  report("GB/s", work.bytes, 1e9);
  report("TFLOP/s", work.flops, 1e12);
  report("Tupdates/s", work.state_updates, 1e12);
}

bool TableReporter::ReportContext(const Context& /*context*/) {
  std::printf("%-44s %10s %7s %6s %8s %11s\n", "benchmark", "us", "GB/s", "copy", "TFLOP/s",
              "Tupdates/s");
  return true;
}

void TableReporter::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    std::string name = run.benchmark_name();
    name = name.substr(0, name.rfind("/manual_time"));
    if (run.error_occurred) {
      ok_ = false;
      std::printf("%-44s %s\n", name.c_str(), run.error_message.c_str());
      continue;
    }
    const auto rate = [&run](const char* counter) { return run.counters.at(counter).value; };
    if (copy_rate_ == 0.0) copy_rate_ = rate("GB/s");
    std::printf("%-44s %10.2f %7.0f %5.0f%%", name.c_str(), run.GetAdjustedRealTime(), rate("GB/s"),
                100.0 * rate("GB/s") / copy_rate_);
    if (rate("TFLOP/s") > 0.0) std::printf(" %8.1f", rate("TFLOP/s"));
    if (rate("Tupdates/s") > 0.0) std::printf(" %8s %11.2f", "", rate("Tupdates/s"));
    std::printf("\n");
  }
}

}  // namespace localmamba
