// The backward of the selective scan on vectors of channels: tasks in parallel
// (selective_scan_backward_task-inl.h), then the sums over their partial results.
//
// Channels are split into groups of at most kGroupChannels. A group alone writes dB and dC itself;
// several leave partial sums, which are added up in the order of the groups.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "hwy/aligned_allocator.h"
#include "kernels/device/parallel.h"
#include "kernels/scan/backends.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/scan/selective_scan_backward_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/scan/selective_scan_backward_task-inl.h"

HWY_BEFORE_NAMESPACE();
namespace localmamba {
namespace HWY_NAMESPACE {
namespace {

constexpr int64_t kGroupChannels = 256;

using Direction = SelectiveScanBackwardDirection;

// What all directions have in common, and how the work is split.
struct Plan {
  explicit Plan(absl::Span<const Direction> all)
      : directions(all),
        batch(all[0].u.dim(0)),
        channels(all[0].u.dim(2)),
        states(all[0].A.dim(1)),
        sums_width(states + 2) {
    constexpr auto kWidth = static_cast<int64_t>(kLanes);
    const int64_t vectors = (channels + kWidth - 1) / kWidth;
    const int64_t most = std::max<int64_t>(1, kGroupChannels / kWidth);
    groups = std::max<int64_t>(1, (vectors + most - 1) / most);
    group_channels = (vectors + groups - 1) / groups * kWidth;
    for (const Direction& s : all) {
      rows = std::max(rows, s.u.dim(1));
      length = std::max(length, s.read.empty() ? s.u.dim(1) : s.read.dim(0));
    }
  }

  [[nodiscard]] int64_t sequences() const {
    return static_cast<int64_t>(directions.size()) * batch;
  }

  absl::Span<const Direction> directions;
  int64_t batch, channels, states;
  int64_t sums_width;  // dA, dD and ddelta_bias of a channel
  int64_t groups, group_channels;
  int64_t rows = 0;    // T of the direction that has most
  int64_t length = 0;  // Ls of the longest
};

// Partial sums, written by tasks. Not cleared: a task writes all of its own.
struct Partials {
  explicit Partials(const Plan& plan)
      : sums(hwy::AllocateAligned<float>(
            static_cast<size_t>(plan.sequences() * plan.channels * plan.sums_width + 1))),
        dBC(plan.groups == 1 ? nullptr
                             : hwy::AllocateAligned<float>(static_cast<size_t>(
                                   plan.sequences() * plan.groups * plan.rows * 2 * plan.states))) {
  }

  hwy::AlignedFreeUniquePtr<float[]> sums;  // [direction][b][channel][sums_width]
  hwy::AlignedFreeUniquePtr<float[]> dBC;   // [direction][b][group][row]: dB, then dC
};

void RunTasks(const Plan& plan, const SelectiveScanOptions& options, const Partials& partials,
              const Stream& stream) {
  const Direction& first = plan.directions[0];
  const auto vectors = static_cast<size_t>(plan.group_channels) / kLanes;
  const auto rank =
      first.delta_weight.empty() ? size_t{0} : static_cast<size_t>(first.delta_weight.dim(1));
  const size_t chunks = static_cast<size_t>(plan.length) / BackwardWorkspace::kChunk + 1;
  ParallelFor(stream, plan.sequences() * plan.groups, 1, [&](int64_t begin, int64_t end) {
    const auto workspace = hwy::MakeUniqueAligned<BackwardWorkspace>(
        vectors, static_cast<size_t>(plan.states), rank, chunks);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sequence = i / plan.groups;
      const int64_t b = sequence % plan.batch;
      const int64_t from = i % plan.groups * plan.group_channels;
      const int64_t to = std::min(from + plan.group_channels, plan.channels);
      if (from >= to) continue;
      const Direction& s = plan.directions[static_cast<size_t>(sequence / plan.batch)];
      BackwardTask task(s, options, b, from, to, *workspace);
      if (plan.groups == 1) {
        const auto row_of = [b](const TensorView& view) {
          const MutableRows rows(view, b, 0);
          return [rows](int64_t row) { return rows.base == nullptr ? nullptr : rows[row]; };
        };
        task.Run(row_of(s.dB), row_of(s.dC));
      } else {
        float* partial = partials.dBC.get() + i * plan.rows * 2 * plan.states;
        const auto row_of = [&plan, partial](int64_t offset) {
          return [&plan, partial, offset](int64_t row) {
            return partial + row * 2 * plan.states + offset;
          };
        };
        task.Run(row_of(0), row_of(plan.states));
      }
      task.WriteSums(partials.sums.get() + (sequence * plan.channels + from) * plan.sums_width);
    }
  });
}

// dB or dC, which begins at `offset` of a partial row, from the groups' partial sums.
void SumGroups(const Plan& plan, const float* partials, int64_t offset, int64_t b,
               const TensorView& to) {
  if (to.empty()) return;
  const MutableRows rows(to, b, 0);
  for (int64_t row = 0; row < to.dim(1); ++row) {
    for (int64_t n = 0; n < plan.states; ++n) {
      float sum = 0.0F;
      for (int64_t g = 0; g < plan.groups; ++g) {
        sum += partials[(g * plan.rows + row) * 2 * plan.states + offset + n];
      }
      rows[row][n] = sum;
    }
  }
}

// The gradients of parameters of one channel: sums over the batch.
void SumBatch(const Plan& plan, const float* sums, int64_t d, const Direction& s) {
  const auto sum_of = [&](int64_t i) {
    float sum = 0.0F;
    for (int64_t b = 0; b < plan.batch; ++b) {
      sum += sums[(b * plan.channels + d) * plan.sums_width + i];
    }
    return sum;
  };
  if (!s.dA.empty()) {
    float* dA = s.dA.data<float>() + d * s.dA.stride(0);
    for (int64_t n = 0; n < plan.states; ++n) dA[n] = sum_of(n);
  }
  if (!s.dD.empty()) s.dD.data<float>()[d] = sum_of(plan.states);
  if (!s.ddelta_bias.empty()) s.ddelta_bias.data<float>()[d] = sum_of(plan.states + 1);
}

void SelectiveScanBackwardVectors(absl::Span<const Direction> directions,
                                  const SelectiveScanOptions& options, const Stream& stream) {
  const Plan plan(directions);
  const Partials partials(plan);
  RunTasks(plan, options, partials, stream);
  if (plan.groups > 1) {
    ParallelFor(stream, plan.sequences(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Direction& s = directions[static_cast<size_t>(i / plan.batch)];
        const float* own = partials.dBC.get() + i * plan.groups * plan.rows * 2 * plan.states;
        SumGroups(plan, own, 0, i % plan.batch, s.dB);
        SumGroups(plan, own, plan.states, i % plan.batch, s.dC);
      }
    });
  }
  const int64_t count = static_cast<int64_t>(directions.size()) * plan.channels;
  ParallelFor(
      stream, count, GrainRows(plan.batch * plan.sums_width), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const int64_t k = i / plan.channels;
          SumBatch(plan, partials.sums.get() + k * plan.batch * plan.channels * plan.sums_width,
                   i % plan.channels, directions[static_cast<size_t>(k)]);
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

HWY_EXPORT(SelectiveScanBackwardVectors);

void SelectiveScanBackwardCpu(absl::Span<const SelectiveScanBackwardDirection> directions,
                              const SelectiveScanOptions& options, const Stream& stream) {
  HWY_DYNAMIC_DISPATCH(SelectiveScanBackwardVectors)(directions, options, stream);
}

}  // namespace localmamba
#endif  // HWY_ONCE
