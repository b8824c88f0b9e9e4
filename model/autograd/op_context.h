// Where and how the operations of one pass run.
#ifndef LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_
#define LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_

#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/dtype.h"

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
};

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_AUTOGRAD_OP_CONTEXT_H_
