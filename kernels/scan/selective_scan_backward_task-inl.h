// One task of the backward of the selective scan on vectors of channels: a direction, a batch entry
// and a group of channels. Guard as in kernels/elementwise/vector_math-inl.h.
//
// The states at the start of every chunk of kChunk positions come from one walk forward. The chunks
// then follow in reverse order, each for all vectors of the group, and the states of a chunk are
// computed once more, kStateGroup states at a time, right before the walk back uses them: they
// never leave the first-level cache. The sums over channels of dB and dC are kept as vectors until
// all vectors of the group have been through the chunk, so that lanes are added up once a group.
#if defined(LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_TASK_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_TASK_INL_H_
#undef LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_TASK_INL_H_
#else
#define LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_TASK_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/elementwise/vector_gradient-inl.h"
#include "kernels/elementwise/vector_math-inl.h"
#include "kernels/scan/scan_vectors-inl.h"
#include "kernels/scan/selective_scan_backward.h"
#include "kernels/scan/selective_scan_backward_workspace-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {

class BackwardTask {
 public:
  static constexpr size_t kChunk = BackwardWorkspace::kChunk;
  static constexpr size_t kStateGroup = BackwardWorkspace::kStateGroup;

  // Channels first ... end - 1 of batch entry b.
  BackwardTask(const SelectiveScanBackwardDirection& s, const SelectiveScanOptions& options,
               int64_t b, int64_t first, int64_t end, BackwardWorkspace& workspace)
      : s_(s),
        options_(options),
        b_(b),
        first_(first),
        end_(end),
        vectors_((static_cast<size_t>(end - first) + kLanes - 1) / kLanes),
        states_(static_cast<size_t>(s.A.dim(1))),
        rank_(s.delta_weight.empty() ? 0 : static_cast<size_t>(s.delta_weight.dim(1))),
        length_(s.read.empty() ? s.u.dim(1) : s.read.dim(0)),
        B_(s.B, b, 0),
        C_(s.C, b, 0),
        read_(s.read),
        z_read_(s.z_read),
        write_(s.write),
        w_(workspace) {
    for (size_t v = 0; v < vectors_; ++v) {
      TransposeRows(s.A, Channel(v), Lanes(v), kLog2E, &w_.a[v * states_ * kLanes]);
      if (rank_ > 0) {
        TransposeRows(s.delta_weight, Channel(v), Lanes(v), 1.0F,
                      &w_.delta_weight[v * rank_ * kLanes]);
      }
    }
    std::fill_n(w_.dh.get(), vectors_ * states_ * kLanes, 0.0F);
    std::fill_n(w_.dA.get(), vectors_ * states_ * kLanes, 0.0F);
    std::fill_n(w_.dD.get(), vectors_ * kLanes, 0.0F);
    std::fill_n(w_.dbias.get(), vectors_ * kLanes, 0.0F);
  }

  // Writes the gradients of tokens. dB and dC of the group's channels go to the rows that
  // dB_row(row) and dC_row(row) name, N elements each.
  template <class DbRow, class DcRow>
  void Run(const DbRow& dB_row, const DcRow& dC_row) {
    const int64_t chunks = (length_ + kStep - 1) / kStep;
    for (size_t v = 0; v < vectors_; ++v) WalkForward(v, chunks);
    for (int64_t chunk = chunks - 1; chunk >= 0; --chunk) {
      const int64_t begin = chunk * kStep;
      const size_t count = Count(begin);
      std::fill_n(w_.dB.get(), states_ * kChunk * kLanes, 0.0F);
      std::fill_n(w_.dC.get(), states_ * kChunk * kLanes, 0.0F);
      for (size_t v = 0; v < vectors_; ++v) {
        ComputeSteps(v, begin, count);
        LoadOutputGradients(v, begin, count);
        const float* start = Start(chunk, v);
        size_t n = 0;
        for (; n + kStateGroup <= states_; n += kStateGroup)
          WalkBack<kStateGroup>(v, start, n, count);
        for (; n < states_; ++n) WalkBack<1>(v, start, n, count);
        WriteTokens(v, begin, count);
      }
      for (size_t i = 0; i < count; ++i) {
        const int64_t row = read_[begin + static_cast<int64_t>(i)];
        if (row < 0) continue;
        SumLanes(w_.dB.get(), i, dB_row(row));
        SumLanes(w_.dC.get(), i, dC_row(row));
      }
    }
  }

  // The sums over this sequence, for each channel of the group: dA, dD, ddelta_bias (N + 2 floats).
  void WriteSums(float* to) const {
    for (size_t v = 0; v < vectors_; ++v) {
      for (size_t lane = 0; lane < Lanes(v); ++lane) {
        for (size_t n = 0; n < states_; ++n) *to++ = w_.dA[(v * states_ + n) * kLanes + lane];
        *to++ = w_.dD[v * kLanes + lane];
        *to++ = w_.dbias[v * kLanes + lane];
      }
    }
  }

 private:
  static constexpr auto kStep = static_cast<int64_t>(kChunk);

  [[nodiscard]] int64_t Channel(size_t v) const {
    return first_ + static_cast<int64_t>(v * kLanes);
  }
  [[nodiscard]] size_t Lanes(size_t v) const {
    return static_cast<size_t>(std::min<int64_t>(kLanes, end_ - Channel(v)));
  }
  [[nodiscard]] size_t Count(int64_t begin) const {
    return static_cast<size_t>(std::min(kStep, length_ - begin));
  }
  [[nodiscard]] float* Start(int64_t chunk, size_t v) const {
    return &w_.starts[(static_cast<size_t>(chunk) * vectors_ + v) * states_ * kLanes];
  }

  void ComputeSteps(size_t v, int64_t begin, size_t count) {
    alignas(64) static constexpr float kZeros[kMaxDState] = {};
    const Tag tag;
    const size_t lanes = Lanes(v);
    const Rows u_rows(s_.u, b_, Channel(v));
    const Rows delta_rows(s_.delta, b_, rank_ > 0 ? 0 : Channel(v));
    const float* weight = &w_.delta_weight[v * rank_ * kLanes];
    HWY_ALIGN float bias[kLanes];
    LoadChannels(s_.delta_bias, Channel(v), lanes, bias);
    for (size_t i = 0; i < count; ++i) {
      const int64_t row = read_[begin + static_cast<int64_t>(i)];
      Vec step = hn::Load(tag, bias);
      Vec u = hn::Zero(tag);
      w_.B[i] = row < 0 ? kZeros : B_[row];
      w_.C[i] = row < 0 ? kZeros : C_[row];
      if (row >= 0) {
        u = LoadPartial(tag, u_rows[row], lanes);
        step = hn::Add(step, rank_ > 0 ? Project(delta_rows[row], weight, rank_)
                                       : LoadPartial(tag, delta_rows[row], lanes));
      }
      hn::Store(options_.delta_softplus ? Sigmoid(tag, step) : hn::Set(tag, 1.0F), tag,
                w_.slope + i * kLanes);
      if (options_.delta_softplus) step = Softplus(tag, step);
      hn::Store(step, tag, w_.step + i * kLanes);
      hn::Store(u, tag, w_.u + i * kLanes);
      hn::Store(hn::Mul(step, u), tag, w_.step_input + i * kLanes);
    }
  }

  // Keeps the states at the start of every chunk.
  void WalkForward(size_t v, int64_t chunks) {
    if (chunks == 0) return;
    std::fill_n(Start(0, v), states_ * kLanes, 0.0F);
    for (int64_t chunk = 0; chunk + 1 < chunks; ++chunk) {
      ComputeSteps(v, chunk * kStep, kChunk);
      size_t n = 0;
      for (; n + kStateGroup <= states_; n += kStateGroup) {
        Advance<kStateGroup>(v, n, Start(chunk, v), Start(chunk + 1, v));
      }
      for (; n < states_; ++n) Advance<1>(v, n, Start(chunk, v), Start(chunk + 1, v));
    }
  }

  // States n ... n + kStates - 1 after a whole chunk, from those before it.
  template <size_t kStates>
  void Advance(size_t v, size_t n, const float* from, float* to) const {
    const Tag tag;
    Vec a[kStates];
    Vec h[kStates];
    for (size_t j = 0; j < kStates; ++j) {
      a[j] = hn::Load(tag, &w_.a[(v * states_ + n + j) * kLanes]);
      h[j] = hn::Load(tag, from + (n + j) * kLanes);
    }
    for (size_t i = 0; i < kChunk; ++i) {
      const Vec step = hn::Load(tag, w_.step + i * kLanes);
      const Vec step_input = hn::Load(tag, w_.step_input + i * kLanes);
      for (size_t j = 0; j < kStates; ++j) {
        const Vec decay = Exp2(tag, hn::Mul(step, a[j]));
        h[j] = hn::MulAdd(decay, h[j], hn::Mul(step_input, hn::Set(tag, w_.B[i][n + j])));
      }
    }
    for (size_t j = 0; j < kStates; ++j) hn::Store(h[j], tag, to + (n + j) * kLanes);
  }

  // dout, and what the walk back adds to.
  void LoadOutputGradients(size_t v, int64_t begin, size_t count) {
    const Tag tag;
    const size_t lanes = Lanes(v);
    const Rows dy_rows(s_.dy, b_, Channel(v));
    const Rows z_rows(s_.z, b_, Channel(v));
    HWY_ALIGN float skip[kLanes];
    LoadChannels(s_.D, Channel(v), lanes, skip);
    for (size_t i = 0; i < count; ++i) {
      const int64_t t = begin + static_cast<int64_t>(i);
      const int64_t target = write_[t];
      Vec dout = target < 0 ? hn::Zero(tag) : LoadPartial(tag, dy_rows[target], lanes);
      if (!s_.z.empty()) {
        const int64_t z_row = z_read_[t];
        dout = z_row < 0 ? hn::Zero(tag)
                         : hn::Mul(dout, Silu(tag, LoadPartial(tag, z_rows[z_row], lanes)));
      }
      hn::Store(dout, tag, w_.dout + i * kLanes);
      hn::Store(hn::Mul(hn::Load(tag, skip), hn::Load(tag, w_.u + i * kLanes)), tag,
                w_.out + i * kLanes);
      hn::Store(hn::Zero(tag), tag, w_.decay_sum + i * kLanes);
      hn::Store(hn::Zero(tag), tag, w_.input_sum + i * kLanes);
    }
  }

  // States n ... n + kStates - 1 over the chunk, forward and then back.
  template <size_t kStates>
  void WalkBack(size_t v, const float* start, size_t n, size_t count) {
    const Tag tag;
    Vec a[kStates];
    Vec h[kStates];
    for (size_t j = 0; j < kStates; ++j) {
      a[j] = hn::Load(tag, &w_.a[(v * states_ + n + j) * kLanes]);
      h[j] = hn::Load(tag, start + (n + j) * kLanes);
      hn::Store(h[j], tag, StateAt(j, 0));
    }
    for (size_t i = 0; i < count; ++i) {
      const Vec step = hn::Load(tag, w_.step + i * kLanes);
      const Vec step_input = hn::Load(tag, w_.step_input + i * kLanes);
      Vec out = hn::Load(tag, w_.out + i * kLanes);
      for (size_t j = 0; j < kStates; ++j) {
        const Vec decay = Exp2(tag, hn::Mul(step, a[j]));
        h[j] = hn::MulAdd(decay, h[j], hn::Mul(step_input, hn::Set(tag, w_.B[i][n + j])));
        out = hn::MulAdd(hn::Set(tag, w_.C[i][n + j]), h[j], out);
        hn::Store(decay, tag, DecayAt(j, i));
        hn::Store(h[j], tag, StateAt(j, i + 1));
      }
      hn::Store(out, tag, w_.out + i * kLanes);
    }

    Vec dh[kStates];
    Vec dA[kStates];
    for (size_t j = 0; j < kStates; ++j) {
      dh[j] = hn::Load(tag, &w_.dh[(v * states_ + n + j) * kLanes]);
      dA[j] = hn::Load(tag, &w_.dA[(v * states_ + n + j) * kLanes]);
    }
    for (size_t i = count; i-- > 0;) {
      const Vec step = hn::Load(tag, w_.step + i * kLanes);
      const Vec step_input = hn::Load(tag, w_.step_input + i * kLanes);
      const Vec dout = hn::Load(tag, w_.dout + i * kLanes);
      Vec decay_sum = hn::Load(tag, w_.decay_sum + i * kLanes);
      Vec input_sum = hn::Load(tag, w_.input_sum + i * kLanes);
      for (size_t j = 0; j < kStates; ++j) {
        const Vec gradient = hn::MulAdd(hn::Set(tag, w_.C[i][n + j]), dout, dh[j]);
        float* dB = &w_.dB[((n + j) * kChunk + i) * kLanes];
        float* dC = &w_.dC[((n + j) * kChunk + i) * kLanes];
        hn::Store(hn::MulAdd(step_input, gradient, hn::Load(tag, dB)), tag, dB);
        hn::Store(hn::MulAdd(dout, h[j], hn::Load(tag, dC)), tag, dC);
        input_sum = hn::MulAdd(hn::Set(tag, w_.B[i][n + j]), gradient, input_sum);
        dh[j] = hn::Mul(gradient, hn::Load(tag, DecayAt(j, i)));
        h[j] = hn::Load(tag, StateAt(j, i));
        const Vec decayed = hn::Mul(dh[j], h[j]);  // dh * exp(Delta A) * h_{t-1}
        decay_sum = hn::MulAdd(decayed, a[j], decay_sum);
        dA[j] = hn::MulAdd(decayed, step, dA[j]);
      }
      hn::Store(decay_sum, tag, w_.decay_sum + i * kLanes);
      hn::Store(input_sum, tag, w_.input_sum + i * kLanes);
    }
    for (size_t j = 0; j < kStates; ++j) {
      hn::Store(dh[j], tag, &w_.dh[(v * states_ + n + j) * kLanes]);
      hn::Store(dA[j], tag, &w_.dA[(v * states_ + n + j) * kLanes]);
    }
  }

  float* StateAt(size_t j, size_t i) { return w_.h + (j * (kChunk + 1) + i) * kLanes; }
  float* DecayAt(size_t j, size_t i) { return w_.decay + (j * kChunk + i) * kLanes; }

  // du, dstep and dz of the chunk, and their part of dD and ddelta_bias.
  void WriteTokens(size_t v, int64_t begin, size_t count) {
    constexpr float kLn2 = 0.693147181F;  // `a` holds A / ln 2
    const Tag tag;
    const size_t lanes = Lanes(v);
    const MutableRows du_rows(s_.du, b_, Channel(v));
    const MutableRows dstep_rows(s_.dstep, b_, Channel(v));
    HWY_ALIGN float skip[kLanes];
    LoadChannels(s_.D, Channel(v), lanes, skip);
    Vec dD = hn::Load(tag, &w_.dD[v * kLanes]);
    Vec dbias = hn::Load(tag, &w_.dbias[v * kLanes]);
    for (size_t i = 0; i < count; ++i) {
      const Vec u = hn::Load(tag, w_.u + i * kLanes);
      const Vec dout = hn::Load(tag, w_.dout + i * kLanes);
      const Vec input_sum = hn::Load(tag, w_.input_sum + i * kLanes);
      const Vec du = hn::MulAdd(hn::Load(tag, w_.step + i * kLanes), input_sum,
                                hn::Mul(hn::Load(tag, skip), dout));
      const Vec ddelta = hn::MulAdd(
          u, input_sum, hn::Mul(hn::Load(tag, w_.decay_sum + i * kLanes), hn::Set(tag, kLn2)));
      const Vec dstep = hn::Mul(ddelta, hn::Load(tag, w_.slope + i * kLanes));
      dD = hn::MulAdd(dout, u, dD);
      dbias = hn::Add(dbias, dstep);
      const int64_t row = read_[begin + static_cast<int64_t>(i)];
      if (row < 0) continue;
      if (!s_.du.empty()) StorePartial(tag, du, du_rows[row], lanes);
      if (!s_.dstep.empty()) StorePartial(tag, dstep, dstep_rows[row], lanes);
    }
    hn::Store(dD, tag, &w_.dD[v * kLanes]);
    hn::Store(dbias, tag, &w_.dbias[v * kLanes]);
    if (!s_.dz.empty()) WriteGateGradients(v, begin, count);
  }

  void WriteGateGradients(size_t v, int64_t begin, size_t count) const {
    const Tag tag;
    const size_t lanes = Lanes(v);
    const Rows dy_rows(s_.dy, b_, Channel(v));
    const Rows z_rows(s_.z, b_, Channel(v));
    const MutableRows dz_rows(s_.dz, b_, Channel(v));
    for (size_t i = 0; i < count; ++i) {
      const int64_t t = begin + static_cast<int64_t>(i);
      const int64_t z_row = z_read_[t];
      if (z_row < 0) continue;
      const int64_t target = write_[t];
      Vec dz = hn::Zero(tag);
      if (target >= 0) {
        const Vec slope = SiluGradient(tag, LoadPartial(tag, z_rows[z_row], lanes));
        dz = hn::Mul(
            hn::Mul(LoadPartial(tag, dy_rows[target], lanes), hn::Load(tag, w_.out + i * kLanes)),
            slope);
      }
      StorePartial(tag, dz, dz_rows[z_row], lanes);
    }
  }

  // to[n] = the sum over lanes at position i.
  void SumLanes(const float* sums, size_t i, float* to) const {
    if (to == nullptr) return;
    const Tag tag;
    for (size_t n = 0; n < states_; ++n) {
      to[n] = hn::GetLane(hn::SumOfLanes(tag, hn::Load(tag, sums + (n * kChunk + i) * kLanes)));
    }
  }

  const SelectiveScanBackwardDirection& s_;
  const SelectiveScanOptions options_;
  const int64_t b_, first_, end_;
  const size_t vectors_;
  const size_t states_;  // N
  const size_t rank_;    // R, 0 without delta_weight
  const int64_t length_;
  const Rows B_, C_;
  const IndexMap read_, z_read_, write_;
  BackwardWorkspace& w_;
};

// NOLINTNEXTLINE(google-readability-namespace-comments): the name differs per target
}  // namespace HWY_NAMESPACE
}  // namespace localmamba
HWY_AFTER_NAMESPACE();

#endif  // LOCALMAMBA_KERNELS_SCAN_SELECTIVE_SCAN_BACKWARD_TASK_INL_H_
