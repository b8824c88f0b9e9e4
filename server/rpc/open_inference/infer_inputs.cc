#include "server/rpc/open_inference/infer_inputs.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "kernels/base/status_macros.h"
#include "server/rpc/open_inference/datatype.h"
#include "server/rpc/open_inference/infer_parameters.h"
#include "server/rpc/open_inference/quoted.h"
#include "server/rpc/open_inference/tensor_contents.h"
#include "server/runtime/rejection.h"

namespace localmamba::server {
namespace {

using inference::InferTensorContents;
using inference::ModelInferRequest;
using Input = ModelInferRequest::InferInputTensor;

std::string Names(const ModelTensors& tensors) {
  return absl::StrJoin(tensors.inputs, ", ", [](std::string* out, const InputTensor& input) {
    absl::StrAppend(out, "\"", input.name, "\"");
  });
}

ByteSpan BytesOf(absl::string_view bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

bool IsFilled(const InferTensorContents& contents) { return contents.ByteSizeLong() > 0; }

// Of the one input that a request has.
absl::StatusOr<const InputTensor*> FindTensor(const ModelInferRequest& request,
                                              const ModelTensors& tensors) {
  const InputTensor* result = nullptr;
  for (const Input& input : request.inputs()) {
    const auto position =
        std::find_if(tensors.inputs.begin(), tensors.inputs.end(),
                     [&](const InputTensor& one) { return one.name == input.name(); });
    if (position == tensors.inputs.end()) {
      return InvalidRequest(absl::StrCat("input ", Quoted(input.name()),
                                         ": the model has none of this name, wanted one of ",
                                         Names(tensors)));
    }
    const InputTensor* const found = &*position;
    if (found == result) {
      return InvalidRequest(absl::StrCat("input ", Quoted(input.name()), ": found twice"));
    }
    if (result != nullptr) {
      return InvalidRequest(absl::StrCat("inputs: found ", Quoted(result->name), " and ",
                                         Quoted(found->name), ", wanted one of ", Names(tensors)));
    }
    result = found;
  }
  if (result == nullptr) {
    return InvalidRequest(absl::StrCat("inputs: found none, wanted one of ", Names(tensors)));
  }
  return result;
}

absl::StatusOr<inference::DataType> CheckType(absl::string_view name, const std::string& found,
                                              const InputTensor& tensor) {
  const inference::DataType type = ParseDatatype(found);
  if (std::find(tensor.types.begin(), tensor.types.end(), type) != tensor.types.end()) return type;
  return InvalidRequest(absl::StrCat(
      name, ": datatype is ", Quoted(found), ", wanted ",
      absl::StrJoin(tensor.types, " or ", [](std::string* out, inference::DataType one) {
        absl::StrAppend(out, DatatypeName(one));
      })));
}

// No side of a picture is longer; so the elements of a batch of them can be counted.
constexpr int64_t kMaxExtent = 1 << 20;

bool Fits(absl::Span<const int64_t> found, absl::Span<const int64_t> wanted) {
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                    [](int64_t one, int64_t dim) {
                      return dim == kAnyExtent ? 1 <= one && one <= kMaxExtent : one == dim;
                    });
}

// Dimensions are compared before they are multiplied, so that none is too large. The result has a
// dimension for each of the tensor's, besides that of the batch.
absl::StatusOr<Shape> CheckShape(absl::string_view name, const Input& input,
                                 const InputTensor& tensor, int64_t max_batch_size) {
  const absl::Span<const int64_t> found = input.shape();
  const absl::Span<const int64_t> dims = tensor.dims;
  // One file for each item: the dimension of 1 may be left out.
  const bool of_items = tensor.role == InputRole::kEncoded && found.size() == 1;
  if (!of_items && found.size() != dims.size() + 1) {
    return InvalidRequest(absl::StrCat(name, ": shape has rank ", found.size(), ", wanted [batch,",
                                       absl::StrJoin(dims, ","), "]"));
  }
  if ((!of_items && !Fits(found.subspan(1), dims)) || found[0] < 1 || found[0] > max_batch_size) {
    return InvalidRequest(absl::StrCat(name, ": shape is [", absl::StrJoin(found, ","),
                                       "], wanted [batch,", absl::StrJoin(dims, ","),
                                       "] with a batch of 1 to ", max_batch_size));
  }
  return of_items ? Shape({found[0], 1}) : Shape(found);
}

absl::Status CheckRawCount(const ModelInferRequest& request, int wanted) {
  if (request.raw_input_contents_size() == wanted) return absl::OkStatus();
  return InvalidRequest(absl::StrCat("raw_input_contents: found ",
                                     request.raw_input_contents_size(), ", wanted ", wanted,
                                     ", one for each input that is not in shared memory"));
}

// Raw bytes or typed contents, not yet held against the head.
struct Contents {
  ByteSpan raw;
  const InferTensorContents* typed = nullptr;
};

absl::StatusOr<Contents> FindContents(const ModelInferRequest& request, const TensorHead& head,
                                      const SharedMemoryRegions* regions, Admission::Ticket& ticket,
                                      std::vector<uint8_t>& storage) {
  const Input& input = request.inputs(0);
  const std::string& name = head.name;
  LM_ASSIGN_OR_RETURN(const std::optional<SharedMemorySlice> slice,
                      ReadSharedMemorySlice(input.parameters(), name));
  if (slice.has_value()) {
    if (IsFilled(input.contents())) {
      return InvalidRequest(
          absl::StrCat(name, ": found contents and a shared memory region, wanted one of them"));
    }
    LM_RETURN_IF_ERROR(CheckRawCount(request, 0));
    if (regions == nullptr) return SharedMemoryIsOff();
    LM_ASSIGN_OR_RETURN(const SharedMemoryRegions::Handle region, regions->Find(*slice, name));
    LM_RETURN_IF_ERROR(CheckRawSize(head, slice->byte_size));
    LM_RETURN_IF_ERROR(ticket.Add(slice->byte_size));
    LM_ASSIGN_OR_RETURN(storage, region->Read(slice->offset, slice->byte_size));
    return Contents{.raw = storage};
  }
  if (IsFilled(input.contents())) {
    if (request.raw_input_contents_size() > 0) {
      return InvalidRequest(
          absl::StrCat(name, ": found contents and raw_input_contents, wanted one of them"));
    }
    return Contents{.typed = &input.contents()};
  }
  LM_RETURN_IF_ERROR(CheckRawCount(request, 1));
  return Contents{.raw = BytesOf(request.raw_input_contents(0))};
}

absl::StatusOr<ImageBatch> ReadImages(const TensorHead& head, const Contents& contents) {
  std::vector<EncodedImage> result;
  if (contents.typed != nullptr) {
    LM_RETURN_IF_ERROR(CheckTyped(head, *contents.typed));
    for (const std::string& file : contents.typed->bytes_contents()) {
      result.push_back({BytesOf(file)});
    }
    return result;
  }
  LM_ASSIGN_OR_RETURN(const std::vector<ByteSpan> files, SplitRawBytes(head, contents.raw));
  for (const ByteSpan& file : files) result.push_back({file});
  return result;
}

DType ToDType(inference::DataType type) {
  if (type == inference::TYPE_UINT8) return DType::kUInt8;
  return type == inference::TYPE_FP16 ? DType::kFloat16 : DType::kFloat32;
}

absl::StatusOr<ImageBatch> ReadTensor(const TensorHead& head, const Shape& shape,
                                      const Contents& contents, std::vector<uint8_t>& storage) {
  const void* data = contents.raw.data();
  if (contents.typed == nullptr) {
    LM_RETURN_IF_ERROR(CheckRawSize(head, contents.raw.size()));
  } else {
    LM_RETURN_IF_ERROR(CheckTyped(head, *contents.typed));
    if (head.type == inference::TYPE_FP32) {
      data = contents.typed->fp32_contents().data();
    } else {
      storage.assign(contents.typed->uint_contents().begin(),
                     contents.typed->uint_contents().end());
      data = storage.data();
    }
  }
  return ConstTensorView(data, ToDType(head.type), shape, Device::Cpu());
}

}  // namespace

absl::StatusOr<InferInputs> ReadInputs(const ModelInferRequest& request,
                                       const ModelTensors& tensors,
                                       const SharedMemoryRegions* regions,
                                       Admission::Ticket& ticket) {
  LM_ASSIGN_OR_RETURN(const InputTensor* tensor, FindTensor(request, tensors));
  const Input& input = request.inputs(0);
  TensorHead head{.name = absl::StrCat("input ", Quoted(tensor->name))};
  LM_ASSIGN_OR_RETURN(head.type, CheckType(head.name, input.datatype(), *tensor));
  InferInputs result;
  LM_ASSIGN_OR_RETURN(const Shape shape,
                      CheckShape(head.name, input, *tensor, tensors.max_batch_size));
  result.batch_size = shape[0];
  head.elements = static_cast<size_t>(shape.elements());
  LM_ASSIGN_OR_RETURN(const Contents contents,
                      FindContents(request, head, regions, ticket, result.storage));
  if (tensor->role == InputRole::kEncoded) {
    LM_ASSIGN_OR_RETURN(result.images, ReadImages(head, contents));
  } else {
    LM_ASSIGN_OR_RETURN(result.images, ReadTensor(head, shape, contents, result.storage));
  }
  return result;
}

}  // namespace localmamba::server
