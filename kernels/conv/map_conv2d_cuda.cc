// cuDNN's convolution, then bias and activation in a pass of their own: one operation is what cuDNN
// has compiled kernels for.
#include <map>
#include <utility>
#include <vector>

#include "kernels/conv/backends.h"
#include "kernels/conv/cuda/convolution_plan.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/gemm/cuda/epilogue.h"

namespace localmamba {
namespace cuda {
namespace {

// What a plan depends on.
using Key = std::vector<int64_t>;

Key KeyOf(const MapConv2dArgs& args) {
  Key key = {static_cast<int64_t>(args.x.dtype()), args.window.stride, args.window.pad,
             args.window.dilation};
  for (const ConstTensorView& operand : {args.x, args.weight, ConstTensorView(args.y)}) {
    key.push_back(ConvolutionAlignment(operand));
    for (int i = 0; i < 4; ++i) key.push_back(operand.dim(i));
  }
  return key;
}

// Of a stream. Plans are never dropped, because a recorded graph goes on launching their kernels.
struct Convolutions {
  CudnnHandle library;
  std::map<Key, ConvolutionPlan> plans;
};

absl::StatusOr<const ConvolutionPlan*> FindOrMakePlan(const MapConv2dArgs& args,
                                                      Convolutions& convolutions,
                                                      cudaStream_t stream) {
  if (convolutions.library == nullptr) {
    cudnnHandle_t library = nullptr;
    LM_CUDNN_RETURN_IF_ERROR(cudnnCreate(&library));
    convolutions.library.reset(library);
    LM_CUDNN_RETURN_IF_ERROR(cudnnSetStream(library, stream));
  }
  const Key key = KeyOf(args);
  auto plan = convolutions.plans.find(key);
  if (plan == convolutions.plans.end()) {
    LM_ASSIGN_OR_RETURN(ConvolutionPlan made,
                        MakeConvolutionPlan(args, convolutions.library.get()));
    plan = convolutions.plans.emplace(key, std::move(made)).first;
  }
  return &plan->second;
}

// y = the convolution alone.
absl::Status Convolve(const MapConv2dArgs& args, Stream& stream) {
  auto& convolutions = stream.Local<Convolutions>();
  LM_ASSIGN_OR_RETURN(const ConvolutionPlan* plan,
                      FindOrMakePlan(args, convolutions, Activate(stream)));
  struct Workspace;
  LM_ASSIGN_OR_RETURN(void* workspace,
                      GetScratch<Workspace>(static_cast<size_t>(plan->workspace_bytes), stream));
  const std::vector<int64_t> names = {ConvolutionPlan::kX, ConvolutionPlan::kWeight,
                                      ConvolutionPlan::kY};
  const std::vector<const void*> data = {args.x.raw_data(), args.weight.raw_data(),
                                         args.y.raw_data()};
  LM_ASSIGN_OR_RETURN(CudnnDescriptor operands,
                      CudnnDescriptor::Create(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR));
  LM_RETURN_IF_ERROR(
      operands.Set<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, names));
  LM_RETURN_IF_ERROR(
      operands.Set<const void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, data));
  LM_RETURN_IF_ERROR(
      operands.Set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, workspace));
  LM_RETURN_IF_ERROR(operands.Finalize());
  LM_CUDNN_RETURN_IF_ERROR(
      cudnnBackendExecute(convolutions.library.get(), plan->plan.get(), operands.get()));
  return absl::OkStatus();
}

}  // namespace
}  // namespace cuda

absl::Status MapConv2dCuda(const MapConv2dArgs& args, Stream& stream) {
  LM_RETURN_IF_ERROR(cuda::Convolve(args, stream));
  if (args.bias.empty() && args.activation == Activation::kIdentity) return absl::OkStatus();
  const int64_t O = args.weight.dim(0);
  const TensorView y = args.y.Reshape({args.y.elements() / O, O});
  return cuda::ApplyEpilogue(y, {.bias = args.bias, .activation = args.activation, .y = y}, stream);
}

}  // namespace localmamba
