#include "kernels/conv/cuda/convolution_plan.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace localmamba::cuda {
namespace {

constexpr int64_t kMaxWorkspaceBytes = int64_t{256} << 20;
constexpr int64_t kMaxAlignment = 16;  // what cuDNN makes use of

cudnnDataType_t DataType(DType dtype) {
  if (dtype == DType::kFloat16) return CUDNN_DATA_HALF;
  return dtype == DType::kBFloat16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

// A map (B, H, W, C), or weights (O, kh, kw, C), in cuDNN's order of dimensions.
absl::StatusOr<CudnnDescriptor> DescribeTensor(const ConstTensorView& view, int64_t name) {
  const int64_t H = view.dim(1);
  const int64_t W = view.dim(2);
  const int64_t C = view.dim(3);
  const std::vector<int64_t> dims = {view.dim(0), C, H, W};
  const std::vector<int64_t> strides = {H * W * C, 1, W * C, C};
  LM_ASSIGN_OR_RETURN(CudnnDescriptor tensor,
                      CudnnDescriptor::Create(CUDNN_BACKEND_TENSOR_DESCRIPTOR));
  LM_RETURN_IF_ERROR(
      tensor.Set(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, DataType(view.dtype())));
  LM_RETURN_IF_ERROR(tensor.Set<int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, dims));
  LM_RETURN_IF_ERROR(tensor.Set<int64_t>(CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides));
  LM_RETURN_IF_ERROR(
      tensor.Set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, ConvolutionAlignment(view)));
  LM_RETURN_IF_ERROR(tensor.Set(CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, name));
  LM_RETURN_IF_ERROR(tensor.Finalize());
  return tensor;
}

absl::StatusOr<CudnnDescriptor> DescribeWindow(const MapConv2dWindow& window) {
  LM_ASSIGN_OR_RETURN(CudnnDescriptor result,
                      CudnnDescriptor::Create(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR));
  const auto set = [&result](cudnnBackendAttributeName_t name, int64_t value) {
    return result.Set<int64_t>(name, CUDNN_TYPE_INT64, std::vector<int64_t>{value, value});
  };
  LM_RETURN_IF_ERROR(
      result.Set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT));
  LM_RETURN_IF_ERROR(result.Set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
                                CUDNN_CROSS_CORRELATION));
  LM_RETURN_IF_ERROR(result.Set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, int64_t{2}));
  LM_RETURN_IF_ERROR(set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, window.stride));
  LM_RETURN_IF_ERROR(set(CUDNN_ATTR_CONVOLUTION_DILATIONS, window.dilation));
  LM_RETURN_IF_ERROR(set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, window.pad));
  LM_RETURN_IF_ERROR(set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, window.pad));
  LM_RETURN_IF_ERROR(result.Finalize());
  return result;
}

absl::StatusOr<CudnnDescriptor> DescribeGraph(const MapConv2dArgs& args, cudnnHandle_t library) {
  LM_ASSIGN_OR_RETURN(const CudnnDescriptor x, DescribeTensor(args.x, ConvolutionPlan::kX));
  LM_ASSIGN_OR_RETURN(const CudnnDescriptor weight,
                      DescribeTensor(args.weight, ConvolutionPlan::kWeight));
  LM_ASSIGN_OR_RETURN(const CudnnDescriptor y, DescribeTensor(args.y, ConvolutionPlan::kY));
  LM_ASSIGN_OR_RETURN(const CudnnDescriptor window, DescribeWindow(args.window));
  LM_ASSIGN_OR_RETURN(
      CudnnDescriptor convolution,
      CudnnDescriptor::Create(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR));
  LM_RETURN_IF_ERROR(convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x));
  LM_RETURN_IF_ERROR(convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, weight));
  LM_RETURN_IF_ERROR(convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y));
  LM_RETURN_IF_ERROR(convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, window));
  LM_RETURN_IF_ERROR(
      convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1.0F));
  LM_RETURN_IF_ERROR(
      convolution.Set(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 0.0F));
  LM_RETURN_IF_ERROR(convolution.Finalize());

  LM_ASSIGN_OR_RETURN(CudnnDescriptor graph,
                      CudnnDescriptor::Create(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR));
  LM_RETURN_IF_ERROR(graph.Set(CUDNN_ATTR_OPERATIONGRAPH_OPS, convolution));
  LM_RETURN_IF_ERROR(graph.Set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, library));
  LM_RETURN_IF_ERROR(graph.Finalize());
  return graph;
}

// Whether results are the same each time and as exact as a sum in float32 of products of what the
// operands hold.
bool IsExact(absl::Span<const cudnnBackendNumericalNote_t> notes, DType dtype) {
  return std::none_of(notes.begin(), notes.end(), [dtype](cudnnBackendNumericalNote_t note) {
    switch (note) {
      case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
        return dtype == DType::kFloat32;  // TF32
      case CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP:
        return false;
      default:
        return true;
    }
  });
}

// No engine that would compile a kernel now, nor one that is not exact.
absl::StatusOr<bool> IsWanted(const CudnnDescriptor& configuration, DType dtype) {
  LM_ASSIGN_OR_RETURN(CudnnDescriptor engine,
                      CudnnDescriptor::Create(CUDNN_BACKEND_ENGINE_DESCRIPTOR));
  cudnnBackendDescriptor_t handle = engine.get();
  int64_t count = 0;
  LM_CUDNN_RETURN_IF_ERROR(
      cudnnBackendGetAttribute(configuration.get(), CUDNN_ATTR_ENGINECFG_ENGINE,
                               CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &handle));
  LM_ASSIGN_OR_RETURN(const auto behavior,
                      engine.Get<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
                                                             CUDNN_TYPE_BEHAVIOR_NOTE,
                                                             CUDNN_BEHAVIOR_NOTE_TYPE_COUNT));
  if (std::find(behavior.begin(), behavior.end(), CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) !=
      behavior.end()) {
    return false;
  }
  LM_ASSIGN_OR_RETURN(const auto notes,
                      engine.Get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                              CUDNN_TYPE_NUMERICAL_NOTE,
                                                              CUDNN_NUMERICAL_NOTE_TYPE_COUNT));
  return IsExact(notes, dtype);
}

// Best first.
absl::StatusOr<std::vector<CudnnDescriptor>> FindConfigurations(const CudnnDescriptor& graph,
                                                                cudnnBackendHeurMode_t mode) {
  LM_ASSIGN_OR_RETURN(CudnnDescriptor heuristics,
                      CudnnDescriptor::Create(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR));
  LM_RETURN_IF_ERROR(heuristics.Set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph));
  LM_RETURN_IF_ERROR(heuristics.Set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode));
  LM_RETURN_IF_ERROR(heuristics.Finalize());
  int64_t count = 0;
  LM_CUDNN_RETURN_IF_ERROR(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                    CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, &count,
                                                    nullptr));
  std::vector<CudnnDescriptor> configurations;
  std::vector<cudnnBackendDescriptor_t> handles;
  for (int64_t i = 0; i < count; ++i) {
    LM_ASSIGN_OR_RETURN(CudnnDescriptor configuration,
                        CudnnDescriptor::Create(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    handles.push_back(configuration.get());
    configurations.push_back(std::move(configuration));
  }
  LM_CUDNN_RETURN_IF_ERROR(cudnnBackendGetAttribute(heuristics.get(), CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                                    CUDNN_TYPE_BACKEND_DESCRIPTOR, count, &count,
                                                    handles.data()));
  configurations.resize(static_cast<size_t>(count));
  return configurations;
}

// Empty if cuDNN cannot run this configuration here, or only with too much memory.
absl::StatusOr<std::optional<ConvolutionPlan>> TryPlan(const CudnnDescriptor& configuration,
                                                       cudnnHandle_t library) {
  LM_ASSIGN_OR_RETURN(CudnnDescriptor plan,
                      CudnnDescriptor::Create(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR));
  LM_RETURN_IF_ERROR(plan.Set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, library));
  LM_RETURN_IF_ERROR(plan.Set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration));
  if (!plan.Finalize().ok()) return std::nullopt;
  LM_ASSIGN_OR_RETURN(
      const std::vector<int64_t> bytes,
      plan.Get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1));
  if (bytes[0] > kMaxWorkspaceBytes) return std::nullopt;
  return ConvolutionPlan{std::move(plan), bytes[0]};
}

}  // namespace

int64_t ConvolutionAlignment(const ConstTensorView& operand) {
  const auto address = static_cast<int64_t>(reinterpret_cast<uintptr_t>(operand.raw_data()));
  return std::min(kMaxAlignment, address & -address);
}

absl::StatusOr<ConvolutionPlan> MakeConvolutionPlan(const MapConv2dArgs& args,
                                                    cudnnHandle_t library) {
  LM_ASSIGN_OR_RETURN(const CudnnDescriptor graph, DescribeGraph(args, library));
  for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    LM_ASSIGN_OR_RETURN(const std::vector<CudnnDescriptor> configurations,
                        FindConfigurations(graph, mode));
    for (const CudnnDescriptor& configuration : configurations) {
      LM_ASSIGN_OR_RETURN(const bool wanted, IsWanted(configuration, args.x.dtype()));
      if (!wanted) continue;
      LM_ASSIGN_OR_RETURN(std::optional<ConvolutionPlan> plan, TryPlan(configuration, library));
      if (plan.has_value()) return *std::move(plan);
    }
  }
  return absl::InternalError(absl::StrCat("map_conv2d: cuDNN has no algorithm for x ",
                                          Describe(args.x), " and weight ", Describe(args.weight)));
}

}  // namespace localmamba::cuda
