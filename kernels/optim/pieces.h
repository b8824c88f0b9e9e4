// Many tensors, most of them small, cut into pieces of similar size for the threads of a CPU.
#ifndef LOCALMAMBA_KERNELS_OPTIM_PIECES_H_
#define LOCALMAMBA_KERNELS_OPTIM_PIECES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace localmamba {

struct Piece {
  size_t tensor;       // index in the list
  int64_t begin, end;  // of its elements
};

// Covers all elements in order. The cuts depend on the tensors alone, not on the threads.
template <class Tensors, class CountElements>
std::vector<Piece> CutIntoPieces(const Tensors& tensors, CountElements count_elements) {
  constexpr int64_t kPieceElements = int64_t{1} << 15;
  std::vector<Piece> pieces;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const int64_t count = count_elements(tensors[i]);
    for (int64_t begin = 0; begin < count; begin += kPieceElements) {
      pieces.push_back({i, begin, std::min(count, begin + kPieceElements)});
    }
  }
  return pieces;
}

}  // namespace localmamba

#endif  // LOCALMAMBA_KERNELS_OPTIM_PIECES_H_
