#include "kernels/device/parallel.h"
#include "kernels/optim/backends.h"
#include "kernels/optim/pieces.h"

namespace localmamba {

void UpdateEmaCpu(absl::Span<const EmaTensor> tensors, double decay, const Stream& stream) {
  const auto keep = static_cast<float>(decay);
  const auto take = static_cast<float>(1.0 - decay);
  const std::vector<Piece> pieces =
      CutIntoPieces(tensors, [](const EmaTensor& tensor) { return tensor.value.elements(); });
  ParallelFor(stream, static_cast<int64_t>(pieces.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const Piece& piece = pieces[static_cast<size_t>(p)];
      const float* value = tensors[piece.tensor].value.data<float>();
      auto* average = tensors[piece.tensor].average.data<float>();
      for (int64_t i = piece.begin; i < piece.end; ++i) {
        average[i] = keep * average[i] + take * value[i];
      }
    }
  });
}

}  // namespace localmamba
