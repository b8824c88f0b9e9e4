// cuBLASLt, which thinks in column-major matrices: y^T (N, M) = weight (N, K) * x^T (K, M). Float32
// products are exact float32, without TF32. The residual comes through beta = 1 and a bias through
// the epilogue (rounded to y's dtype, which the epilogue demands), unless an activation stands
// between: cuBLASLt has no exact GELU, no SiLU and no sigmoid, so that case, which the networks
// have only after tiny products, takes a pass of its own.
#include <cublasLt.h>

#include <compare>
#include <map>
#include <memory>

#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/cuda/cuda_status.h"
#include "kernels/device/cuda/cuda_stream.h"
#include "kernels/device/cuda/scratch.h"
#include "kernels/device/device_error.h"
#include "kernels/gemm/backends.h"
#include "kernels/gemm/cuda/epilogue.h"
#include "kernels/gemm/cuda/small_linear.h"

namespace localmamba {
namespace cuda {
namespace {

// What NVIDIA advises for Hopper.
constexpr size_t kWorkspaceBytes = size_t{32} << 20;

absl::Status CublasToStatus(cublasStatus_t status, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return absl::OkStatus();
  // A failed launch inside the library leaves CUDA's own, more telling, error.
  LM_RETURN_IF_ERROR(cuda::ToStatus(cudaGetLastError(), file, line));
  const std::string message =
      absl::StrCat(file, ":", line, ": cuBLASLt: ", cublasLtGetStatusName(status));
  return status == CUBLAS_STATUS_ALLOC_FAILED ? absl::ResourceExhaustedError(message)
                                              : absl::InternalError(message);
}

#define LM_CUBLAS_RETURN_IF_ERROR(expr) \
  LM_RETURN_IF_ERROR(CublasToStatus((expr), __FILE__, __LINE__))

// cuBLASLt's objects, which all are pointers, as owners.
template <class Handle, cublasStatus_t (*kDestroy)(Handle)>
struct Destroyer {
  using pointer = Handle;
  void operator()(Handle handle) const { (void)kDestroy(handle); }
};
template <class Handle, cublasStatus_t (*kDestroy)(Handle)>
using Owner = std::unique_ptr<Handle, Destroyer<Handle, kDestroy>>;
using Library = Owner<cublasLtHandle_t, cublasLtDestroy>;
using Descriptor = Owner<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Layout = Owner<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Preference = Owner<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

// Everything that the choice of an algorithm depends on.
struct ProductKey {
  DType dtype;
  int64_t M, N, K, x_stride, y_stride, residual_stride;
  uint32_t x_alignment, weight_alignment, y_alignment, residual_alignment;
  bool has_bias, has_residual;

  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};

struct Product {
  Descriptor descriptor;
  Layout weight, x, residual, y;
  cublasLtMatmulAlgo_t algorithm;
};

// Per stream. The limit matters only to a stream that meets ever new image sizes.
struct ProductCache {
  static constexpr size_t kMaxProducts = 1024;
  Library library;
  std::map<ProductKey, Product> products;
};

cudaDataType_t DataType(DType dtype) {
  if (dtype == DType::kFloat16) return CUDA_R_16F;
  return dtype == DType::kBFloat16 ? CUDA_R_16BF : CUDA_R_32F;
}

int64_t RowStride(const ConstTensorView& matrix) {
  return matrix.dim(0) > 1 ? matrix.stride(0) : matrix.dim(1);
}

// The largest power of two that divides the address, up to what cuBLASLt makes use of.
uint32_t Alignment(const ConstTensorView& view) {
  const auto address = reinterpret_cast<uintptr_t>(view.raw_data()) | kBufferAlignment;
  return static_cast<uint32_t>(address & (~address + 1));
}

absl::StatusOr<Layout> MakeLayout(DType dtype, int64_t rows, int64_t columns, int64_t stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatrixLayoutCreate(&layout, DataType(dtype),
                                                       static_cast<uint64_t>(rows),
                                                       static_cast<uint64_t>(columns), stride));
  return Layout(layout);
}

template <class T>
absl::Status Set(const Descriptor& descriptor, cublasLtMatmulDescAttributes_t attribute, T value) {
  LM_CUBLAS_RETURN_IF_ERROR(
      cublasLtMatmulDescSetAttribute(descriptor.get(), attribute, &value, sizeof(value)));
  return absl::OkStatus();
}

template <class T>
absl::Status Set(const Preference& preference, cublasLtMatmulPreferenceAttributes_t attribute,
                 T value) {
  LM_CUBLAS_RETURN_IF_ERROR(
      cublasLtMatmulPreferenceSetAttribute(preference.get(), attribute, &value, sizeof(value)));
  return absl::OkStatus();
}

absl::StatusOr<Preference> MakePreference(const ProductKey& key) {
  cublasLtMatmulPreference_t handle = nullptr;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatmulPreferenceCreate(&handle));
  Preference preference(handle);
  LM_RETURN_IF_ERROR(
      Set(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{kWorkspaceBytes}));
  // A product split along K must not add its parts in 16 bits.
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
                         uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE}));
  LM_RETURN_IF_ERROR(
      Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.weight_alignment));
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.x_alignment));
  LM_RETURN_IF_ERROR(
      Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.residual_alignment));
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.y_alignment));
  return preference;
}

absl::StatusOr<Product> MakeProduct(const ProductKey& key, cublasLtHandle_t library) {
  Product product = {};
  cublasLtMatmulDesc_t descriptor = nullptr;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatmulDescCreate(&descriptor, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  product.descriptor.reset(descriptor);
  LM_RETURN_IF_ERROR(Set(product.descriptor, CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T));
  if (key.has_bias) {
    LM_RETURN_IF_ERROR(
        Set(product.descriptor, CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS));
    LM_RETURN_IF_ERROR(
        Set(product.descriptor, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, DataType(key.dtype)));
  }
  LM_ASSIGN_OR_RETURN(product.weight, MakeLayout(key.dtype, key.K, key.N, key.K));
  LM_ASSIGN_OR_RETURN(product.x, MakeLayout(key.dtype, key.K, key.M, key.x_stride));
  LM_ASSIGN_OR_RETURN(product.residual, MakeLayout(key.dtype, key.N, key.M, key.residual_stride));
  LM_ASSIGN_OR_RETURN(product.y, MakeLayout(key.dtype, key.N, key.M, key.y_stride));
  LM_ASSIGN_OR_RETURN(Preference preference, MakePreference(key));

  cublasLtMatmulHeuristicResult_t found;
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      library, product.descriptor.get(), product.weight.get(), product.x.get(),
      product.residual.get(), product.y.get(), preference.get(), 1, &found, &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && count == 0)) {
    return absl::InternalError(absl::StrCat("linear: cuBLASLt has no algorithm for ",
                                            ToString(key.dtype), " with M=", key.M, " N=", key.N,
                                            " K=", key.K));
  }
  LM_CUBLAS_RETURN_IF_ERROR(status);
  product.algorithm = found.algo;
  return product;
}

// y = x @ weight^T + bias + residual; `bias` has y's dtype.
absl::Status Multiply(const LinearArgs& args, Stream& stream) {
  const ConstTensorView residual = args.residual.empty() ? ConstTensorView(args.y) : args.residual;
  const ProductKey key = {
      .dtype = args.x.dtype(),
      .M = args.x.dim(0),
      .N = args.weight.dim(0),
      .K = args.x.dim(1),
      .x_stride = RowStride(args.x),
      .y_stride = RowStride(args.y),
      .residual_stride = RowStride(residual),
      .x_alignment = Alignment(args.x),
      .weight_alignment = Alignment(args.weight),
      .y_alignment = Alignment(args.y),
      .residual_alignment = Alignment(residual),
      .has_bias = !args.bias.empty(),
      .has_residual = !args.residual.empty(),
  };
  cudaStream_t handle = Activate(stream);
  auto& cache = stream.Local<ProductCache>();
  if (cache.library == nullptr) {
    cublasLtHandle_t library = nullptr;
    LM_CUBLAS_RETURN_IF_ERROR(cublasLtCreate(&library));
    cache.library.reset(library);
  }
  auto product = cache.products.find(key);
  if (product == cache.products.end()) {
    if (cache.products.size() == ProductCache::kMaxProducts) cache.products.clear();
    LM_ASSIGN_OR_RETURN(Product made, MakeProduct(key, cache.library.get()));
    product = cache.products.emplace(key, std::move(made)).first;
  }
  const Product& found = product->second;
  if (key.has_bias) {
    LM_RETURN_IF_ERROR(
        Set(found.descriptor, CUBLASLT_MATMUL_DESC_BIAS_POINTER, args.bias.raw_data()));
  }
  struct Workspace;
  LM_ASSIGN_OR_RETURN(void* workspace, GetScratch<Workspace>(kWorkspaceBytes, stream));
  const float one = 1.0F;
  const float beta = key.has_residual ? 1.0F : 0.0F;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatmul(
      cache.library.get(), found.descriptor.get(), &one, args.weight.raw_data(), found.weight.get(),
      args.x.raw_data(), found.x.get(), &beta, residual.raw_data(), found.residual.get(),
      args.y.raw_data(), found.y.get(), &found.algorithm, workspace, kWorkspaceBytes, handle));
  return absl::OkStatus();
}

}  // namespace
}  // namespace cuda

absl::Status LinearCuda(const LinearArgs& args, Stream& stream) {
  using namespace cuda;  // NOLINT(google-build-using-namespace): one function
  if (IsSmallLinear(args)) return SmallLinear(args, stream);
  LinearArgs product = args;
  const DType dtype = args.y.dtype();
  if (args.activation != Activation::kIdentity) {
    product.bias = {};
    product.residual = {};
    if (!args.residual.empty() && args.residual.raw_data() == args.y.raw_data()) {
      // The product must not overwrite the residual, which comes after the activation.
      struct ProductApart;
      LM_ASSIGN_OR_RETURN(
          void* apart,
          GetScratch<ProductApart>(static_cast<size_t>(args.y.elements()) * SizeOf(dtype), stream));
      product.y = TensorView(apart, dtype, args.y.shape(), stream.device());
    }
    LM_RETURN_IF_ERROR(Multiply(product, stream));
    return ApplyEpilogue(product.y, args, stream);
  }
  if (!args.bias.empty() && dtype != DType::kFloat32) {
    struct RoundedBias;
    LM_ASSIGN_OR_RETURN(
        void* rounded,
        GetScratch<RoundedBias>(static_cast<size_t>(args.bias.elements()) * SizeOf(dtype), stream));
    const TensorView bias(rounded, dtype, args.bias.shape(), stream.device());
    LM_RETURN_IF_ERROR(Round(args.bias, bias, stream));
    product.bias = bias;
  }
  return Multiply(product, stream);
}

}  // namespace localmamba
