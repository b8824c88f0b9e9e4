// Where and how the operations of one pass run.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_

#include <vector>

#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/dtype.h"
#include "kernels/tensor/tensor.h"

namespace localmamba {

class Profiler;
class Tape;

// References outlive the pass. Used by one thread at a time.
struct OpContext {
  Stream& stream;
  Allocator& allocator;           // of results; on the stream's device
  DType dtype = DType::kFloat32;  // of activations and matrix weights; norms, scan state and
                                  // the residual stream are float32 whatever this is
  Profiler* profiler = nullptr;   // hears of layers and operations, if there is one
  Tape* tape = nullptr;           // records operations for a backward pass; nullptr when serving
  // Gets what the pass reads and the network may forget once it is over (scan maps, resized
  // tables): who records the pass must keep that. May be null.
  std::vector<Tensor>* retained = nullptr;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_
