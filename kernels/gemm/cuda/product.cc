// cuBLASLt thinks in column-major matrices: what is computed is y^T = b^T a^T, and a row-major
// matrix is the column-major one of its transpose.
#include "kernels/gemm/cuda/product.h"

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

namespace localmamba::cuda {
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
  DType dtype, y_dtype;
  int64_t M, N, K, a_stride, b_stride, y_stride, residual_stride;
  uint32_t a_alignment, b_alignment, y_alignment, residual_alignment;
  bool a_transposed, b_transposed, has_bias, has_residual, relu;

  friend auto operator<=>(const ProductKey&, const ProductKey&) = default;
};

struct Product {
  Descriptor descriptor;
  Layout b, a, residual, y;
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

cublasLtEpilogue_t Epilogue(bool bias, bool relu) {
  if (relu) return bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
  return bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
}

int64_t RowStride(const ConstTensorView& matrix) {
  return matrix.dim(0) > 1 ? matrix.stride(0) : matrix.dim(1);
}

// The largest power of two that divides the address, up to what cuBLASLt makes use of.
uint32_t Alignment(const ConstTensorView& view) {
  const auto address = reinterpret_cast<uintptr_t>(view.raw_data()) | kBufferAlignment;
  return static_cast<uint32_t>(address & (~address + 1));
}

// Of a row-major matrix.
absl::StatusOr<Layout> MakeLayout(DType dtype, int64_t rows, int64_t columns, int64_t stride) {
  cublasLtMatrixLayout_t layout = nullptr;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatrixLayoutCreate(&layout, DataType(dtype),
                                                       static_cast<uint64_t>(columns),
                                                       static_cast<uint64_t>(rows), stride));
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
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.b_alignment));
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.a_alignment));
  LM_RETURN_IF_ERROR(
      Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.residual_alignment));
  LM_RETURN_IF_ERROR(Set(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.y_alignment));
  return preference;
}

absl::StatusOr<Product> MakeProduct(absl::string_view operation, const ProductKey& key,
                                    cublasLtHandle_t library) {
  Product product = {};
  cublasLtMatmulDesc_t descriptor = nullptr;
  LM_CUBLAS_RETURN_IF_ERROR(cublasLtMatmulDescCreate(&descriptor, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  product.descriptor.reset(descriptor);
  const auto operation_of = [](bool transposed) { return transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  LM_RETURN_IF_ERROR(
      Set(product.descriptor, CUBLASLT_MATMUL_DESC_TRANSA, operation_of(key.b_transposed)));
  LM_RETURN_IF_ERROR(
      Set(product.descriptor, CUBLASLT_MATMUL_DESC_TRANSB, operation_of(key.a_transposed)));
  LM_RETURN_IF_ERROR(
      Set(product.descriptor, CUBLASLT_MATMUL_DESC_EPILOGUE, Epilogue(key.has_bias, key.relu)));
  if (key.has_bias) {
    LM_RETURN_IF_ERROR(
        Set(product.descriptor, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, DataType(key.y_dtype)));
  }
  const auto factor = [&key](int64_t rows, int64_t columns, int64_t stride, bool transposed) {
    return transposed ? MakeLayout(key.dtype, columns, rows, stride)
                      : MakeLayout(key.dtype, rows, columns, stride);
  };
  LM_ASSIGN_OR_RETURN(product.a, factor(key.M, key.K, key.a_stride, key.a_transposed));
  LM_ASSIGN_OR_RETURN(product.b, factor(key.K, key.N, key.b_stride, key.b_transposed));
  LM_ASSIGN_OR_RETURN(product.residual, MakeLayout(key.y_dtype, key.M, key.N, key.residual_stride));
  LM_ASSIGN_OR_RETURN(product.y, MakeLayout(key.y_dtype, key.M, key.N, key.y_stride));
  LM_ASSIGN_OR_RETURN(Preference preference, MakePreference(key));

  cublasLtMatmulHeuristicResult_t found;
  int count = 0;
  const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
      library, product.descriptor.get(), product.b.get(), product.a.get(), product.residual.get(),
      product.y.get(), preference.get(), 1, &found, &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || (status == CUBLAS_STATUS_SUCCESS && count == 0)) {
    return absl::InternalError(absl::StrCat(operation, ": cuBLASLt has no algorithm for ",
                                            ToString(key.dtype), " with M=", key.M, " N=", key.N,
                                            " K=", key.K));
  }
  LM_CUBLAS_RETURN_IF_ERROR(status);
  product.algorithm = found.algo;
  return product;
}

}  // namespace

absl::Status Multiply(absl::string_view operation, const ProductArgs& args, Stream& stream) {
  const ConstTensorView residual = args.residual.empty() ? ConstTensorView(args.y) : args.residual;
  const ConstTensorView& a = args.a.matrix;
  const ConstTensorView& b = args.b.matrix;
  const ProductKey key = {
      .dtype = a.dtype(),
      .y_dtype = args.y.dtype(),
      .M = args.y.dim(0),
      .N = args.y.dim(1),
      .K = a.dim(args.a.transposed ? 0 : 1),
      .a_stride = RowStride(a),
      .b_stride = RowStride(b),
      .y_stride = RowStride(args.y),
      .residual_stride = RowStride(residual),
      .a_alignment = Alignment(a),
      .b_alignment = Alignment(b),
      .y_alignment = Alignment(args.y),
      .residual_alignment = Alignment(residual),
      .a_transposed = args.a.transposed,
      .b_transposed = args.b.transposed,
      .has_bias = !args.bias.empty(),
      .has_residual = !args.residual.empty(),
      .relu = args.relu,
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
    LM_ASSIGN_OR_RETURN(Product made, MakeProduct(operation, key, cache.library.get()));
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
      cache.library.get(), found.descriptor.get(), &one, b.raw_data(), found.b.get(), a.raw_data(),
      found.a.get(), &beta, residual.raw_data(), found.residual.get(), args.y.raw_data(),
      found.y.get(), &found.algorithm, workspace, kWorkspaceBytes, handle));
  return absl::OkStatus();
}

}  // namespace localmamba::cuda
