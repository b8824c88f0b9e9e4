#include "kernels/device/cuda/cuda_graph.h"

#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"

namespace localmamba::cuda {

absl::StatusOr<std::unique_ptr<Graph>> CudaGraph::Capture(
    cudaStream_t stream, absl::FunctionRef<absl::Status()> enqueue) {
  LM_CUDA_RETURN_IF_ERROR(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
  const absl::Status enqueued = enqueue();
  cudaGraph_t graph = nullptr;
  // Ends the recording whatever happened, or the stream would stay unusable.
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  if (!enqueued.ok()) {
    if (graph != nullptr) (void)cudaGraphDestroy(graph);
    (void)cudaGetLastError();
    return enqueued;
  }
  LM_CUDA_RETURN_IF_ERROR(ended);
  cudaGraphExec_t handle = nullptr;
  const cudaError_t instantiated = cudaGraphInstantiate(&handle, graph, 0);
  (void)cudaGraphDestroy(graph);
  LM_CUDA_RETURN_IF_ERROR(instantiated);
  return std::unique_ptr<Graph>(new CudaGraph(handle));
}

CudaGraph::~CudaGraph() { (void)cudaGraphExecDestroy(handle_); }

absl::Status CudaGraph::Launch(Stream& stream) {
  LM_CUDA_RETURN_IF_ERROR(cudaGraphLaunch(handle_, Activate(stream)));
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
