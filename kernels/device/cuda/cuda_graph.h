// CUDA graphs behind Graph.
#ifndef LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_GRAPH_H_
#define LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_GRAPH_H_

#include <cuda_runtime_api.h>

#include <memory>

#include "absl/functional/function_ref.h"
#include "kernels/device/graph.h"

namespace localmamba::cuda {

// Owns a cudaGraphExec_t.
class CudaGraph final : public Graph {
 public:
  // Records `enqueue` on `stream`. Only calls of this thread count: others may allocate meanwhile.
  static absl::StatusOr<std::unique_ptr<Graph>> Capture(cudaStream_t stream,
                                                        absl::FunctionRef<absl::Status()> enqueue);
  ~CudaGraph() override;
  CudaGraph(const CudaGraph&) = delete;
  CudaGraph& operator=(const CudaGraph&) = delete;

  absl::Status Launch(Stream& stream) override;

 private:
  explicit CudaGraph(cudaGraphExec_t handle) : handle_(handle) {}

  const cudaGraphExec_t handle_;
};

}  // namespace localmamba::cuda

#endif  // LOCALMAMBA_KERNELS_DEVICE_CUDA_CUDA_GRAPH_H_
