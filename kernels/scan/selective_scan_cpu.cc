// The selective scan on vectors of channels.
//
// One task is a direction, a batch entry and as many channels as a vector has lanes. It walks the
// sequence in chunks of kChunk positions and takes three passes over a chunk: the steps of all its
// positions, which do not depend on each other; then the recurrence, kStateGroup states at a time,
// so that their h and A stay in registers while the loop runs over positions; then gate and output.
// Between the passes a chunk stays in the first-level cache. A is multiplied by log2(e) once, which
// turns the exponential into the cheaper exp2.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/aligned_allocator.h"
#include "kernels/device/parallel.h"
#include "kernels/scan/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scan/selective_scan_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise/partial_vector-inl.h"
#include "kernels/elementwise/vector_math-inl.h"
#include "kernels/scan/scan_vectors-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

constexpr size_t kChunk = 32;
constexpr size_t kStateGroup = 4;

// Memory of one thread. Arrays of vectors, one lane per channel of the task.
struct Workspace {
  HWY_ALIGN float a[kMaxDState * kLanes];  // [n]: A * log2(e)
  HWY_ALIGN float h[kMaxDState * kLanes];  // [n]
  HWY_ALIGN float bias[kLanes];
  HWY_ALIGN float skip[kLanes];  // D
  // [position of the chunk]:
  HWY_ALIGN float step[kChunk * kLanes];        // Delta
  HWY_ALIGN float step_input[kChunk * kLanes];  // Delta * u
  HWY_ALIGN float out[kChunk * kLanes];
  const float* B[kChunk];
  const float* C[kChunk];
  hwy::AlignedFreeUniquePtr<float[]> delta_weight;  // [r]
};

class Task {
 public:
  Task(const SelectiveScanDirection& s, const SelectiveScanOptions& options, int64_t b, int64_t d,
       Workspace& workspace)
      : options_(options),
        lanes_(static_cast<size_t>(std::min<int64_t>(kLanes, s.u.dim(2) - d))),
        states_(static_cast<size_t>(s.A.dim(1))),
        rank_(s.delta_weight.empty() ? 0 : static_cast<size_t>(s.delta_weight.dim(1))),
        length_(s.read.empty() ? s.u.dim(1) : s.read.dim(0)),
        u_(s.u, b, d),
        delta_(s.delta, b, s.delta_weight.empty() ? d : 0),
        B_(s.B, b, 0),
        C_(s.C, b, 0),
        z_(s.z, b, d),
        read_(s.read),
        z_read_(s.z_read),
        write_(s.write),
        y_(s.y.data<float>() + b * s.y.stride(0) + d),
        y_stride_(s.y.stride(1)),
        w_(workspace) {
    TransposeRows(s.A, d, lanes_, kLog2E, w_.a);
    std::fill_n(w_.h, states_ * kLanes, 0.0F);
    if (rank_ > 0) {
      TransposeRows(s.delta_weight, d, lanes_, 1.0F, w_.delta_weight.get());
    }
    LoadChannels(s.delta_bias, d, lanes_, w_.bias);
    LoadChannels(s.D, d, lanes_, w_.skip);
  }

  void Run() {
    constexpr auto kStep = static_cast<int64_t>(kChunk);
    for (int64_t t = 0; t < length_; t += kStep) {
      const auto count = static_cast<size_t>(std::min(kStep, length_ - t));
      ComputeSteps(t, count);
      size_t n = 0;
      for (; n + kStateGroup <= states_; n += kStateGroup) Recur<kStateGroup>(n, count);
      for (; n < states_; ++n) Recur<1>(n, count);
      WriteOutputs(t, count);
    }
  }

  // last_state: (D, N) from the task's first channel on.
  void WriteState(float* to, int64_t row_stride) const {
    for (size_t lane = 0; lane < lanes_; ++lane) {
      for (size_t n = 0; n < states_; ++n) {
        to[static_cast<int64_t>(lane) * row_stride + static_cast<int64_t>(n)] =
            w_.h[n * kLanes + lane];
      }
    }
  }

 private:
  void ComputeSteps(int64_t begin, size_t count) {
    alignas(64) static constexpr float kZeros[kMaxDState] = {};
    const Tag tag;
    for (size_t i = 0; i < count; ++i) {
      const int64_t row = read_[begin + static_cast<int64_t>(i)];
      Vec step = hn::Load(tag, w_.bias);
      Vec u = hn::Zero(tag);
      if (row < 0) {
        w_.B[i] = kZeros;
        w_.C[i] = kZeros;
      } else {
        w_.B[i] = B_[row];
        w_.C[i] = C_[row];
        u = LoadPartial(tag, u_[row], lanes_);
        step = hn::Add(step, rank_ > 0 ? Project(delta_[row], w_.delta_weight.get(), rank_)
                                       : LoadPartial(tag, delta_[row], lanes_));
      }
      if (options_.delta_softplus) step = Softplus(tag, step);
      hn::Store(step, tag, w_.step + i * kLanes);
      hn::Store(hn::Mul(step, u), tag, w_.step_input + i * kLanes);
      hn::Store(hn::Mul(hn::Load(tag, w_.skip), u), tag, w_.out + i * kLanes);
    }
  }

  // Advances states n ... n + kStates - 1 over the chunk and adds their part to the outputs.
  template <size_t kStates>
  void Recur(size_t n, size_t count) {
    const Tag tag;
    Vec a[kStates];
    Vec h[kStates];
    for (size_t j = 0; j < kStates; ++j) {
      a[j] = hn::Load(tag, w_.a + (n + j) * kLanes);
      h[j] = hn::Load(tag, w_.h + (n + j) * kLanes);
    }
    for (size_t i = 0; i < count; ++i) {
      const Vec step = hn::Load(tag, w_.step + i * kLanes);
      const Vec step_input = hn::Load(tag, w_.step_input + i * kLanes);
      const float* B = w_.B[i] + n;
      const float* C = w_.C[i] + n;
      Vec out = hn::Load(tag, w_.out + i * kLanes);
      for (size_t j = 0; j < kStates; ++j) {
        const Vec decay = Exp2(tag, hn::Mul(step, a[j]));
        h[j] = hn::MulAdd(decay, h[j], hn::Mul(step_input, hn::Set(tag, B[j])));
        out = hn::MulAdd(hn::Set(tag, C[j]), h[j], out);
      }
      hn::Store(out, tag, w_.out + i * kLanes);
    }
    for (size_t j = 0; j < kStates; ++j) hn::Store(h[j], tag, w_.h + (n + j) * kLanes);
  }

  void WriteOutputs(int64_t begin, size_t count) const {
    const Tag tag;
    for (size_t i = 0; i < count; ++i) {
      const int64_t t = begin + static_cast<int64_t>(i);
      const int64_t row = write_[t];
      if (row < 0) continue;
      Vec out = hn::Load(tag, w_.out + i * kLanes);
      if (z_.base != nullptr) {
        const int64_t z_row = z_read_[t];
        const Vec gate = z_row < 0 ? hn::Zero(tag) : Silu(tag, LoadPartial(tag, z_[z_row], lanes_));
        out = hn::Mul(out, gate);
      }
      StorePartial(tag, out, y_ + row * y_stride_, lanes_);
    }
  }

  const SelectiveScanOptions options_;
  const size_t lanes_;   // channels of the task
  const size_t states_;  // N
  const size_t rank_;    // R, 0 without delta_weight
  const int64_t length_;
  const Rows u_, delta_, B_, C_, z_;
  const IndexMap read_, z_read_, write_;
  float* const y_;
  const int64_t y_stride_;
  Workspace& w_;
};

void SelectiveScanVectors(absl::Span<const SelectiveScanDirection> directions,
                          const SelectiveScanOptions& options, const Stream& stream) {
  const SelectiveScanDirection& first = directions.front();
  const int64_t batch = first.u.dim(0);
  const auto block = static_cast<int64_t>(hn::Lanes(Tag()));
  const int64_t blocks = (first.u.dim(2) + block - 1) / block;
  const int64_t tasks = static_cast<int64_t>(directions.size()) * batch * blocks;
  ParallelFor(stream, tasks, 1, [&](int64_t begin, int64_t end) {
    Workspace workspace;
    if (!first.delta_weight.empty()) {
      workspace.delta_weight =
          hwy::AllocateAligned<float>(static_cast<size_t>(first.delta_weight.dim(1)) * kLanes);
    }
    for (int64_t i = begin; i < end; ++i) {
      const SelectiveScanDirection& s = directions[static_cast<size_t>(i / blocks / batch)];
      const int64_t b = i / blocks % batch;
      const int64_t d = i % blocks * block;
      Task task(s, options, b, d, workspace);
      task.Run();
      if (!s.last_state.empty()) {
        task.WriteState(
            s.last_state.data<float>() + b * s.last_state.stride(0) + d * s.last_state.stride(1),
            s.last_state.stride(1));
      }
    }
  });
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace localmamba {

HWY_EXPORT(SelectiveScanVectors);

void SelectiveScanCpu(absl::Span<const SelectiveScanDirection> directions,
                      const SelectiveScanOptions& options, const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(SelectiveScanVectors)(directions, options, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
