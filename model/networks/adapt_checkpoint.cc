#include "model/networks/adapt_checkpoint.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kernels/base/status_macros.h"
#include "kernels/device/stream.h"
#include "model/layers/grid_table.h"
#include "model/weights/initialize.h"

namespace localmamba {
namespace {

constexpr std::array<absl::string_view, 3> kTables = {"pos_embed", "rope.freqs_cos",
                                                      "rope.freqs_sin"};

bool IsOfHead(absl::string_view name) {
  return absl::StartsWith(name, "head.") || absl::StartsWith(name, "norm_f.") ||
         absl::StartsWith(name, "classifier.");
}

bool MayBeMissing(absl::string_view name) {
  return absl::StartsWith(name, "outnorm") ||
         (absl::StartsWith(name, "layers.") && absl::EndsWith(name, ".norm.bias") &&
          !absl::StrContains(name, ".mixer."));
}

// The side of the square grid that a table of `rows` rows is for; 0 if there is none.
int64_t SquareSide(int64_t rows) {
  if (rows < 1) return 0;
  const auto side = static_cast<int64_t>(std::llround(std::sqrt(static_cast<double>(rows))));
  return side * side == rows ? side : 0;
}

absl::StatusOr<Tensor> ResizeTable(const std::string& name, const Tensor& tensor,
                                   const LocalVimConfig& config, const Shape& wanted,
                                   OpContext& context) {
  const int64_t rows = tensor.dim(tensor.rank() - 2);
  const int64_t side = SquareSide(config.middle_class_token ? rows - 1 : rows);
  if (side == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" has ", rows, " rows, wanted those of a square grid"));
  }
  Parameter source;
  source.name = name;
  source.shape = tensor.shape();
  LM_ASSIGN_OR_RETURN(Tensor values, ToFloat32(tensor));
  source.value = Value(std::move(values));
  GridTable table(&source, side, side);
  LM_RETURN_IF_ERROR(table.Pack(context, DType::kFloat32));
  LM_ASSIGN_OR_RETURN(const Value resized,
                      table.At(context, config.image_height / config.patch_size,
                               config.image_width / config.patch_size));
  return resized.tensor().Reshape(wanted);
}

// Only the number of rows differs.
bool DiffersInRows(const Shape& found, const Shape& wanted) {
  if (found.rank() != wanted.rank() || found.rank() < 2) return false;
  Shape same_rows = found;
  same_rows[found.rank() - 2] = wanted[wanted.rank() - 2];
  return found != wanted && same_rows == wanted;
}

}  // namespace

absl::StatusOr<AdaptedCheckpoint> AdaptCheckpoint(NamedTensors tensors, const NetworkConfig& config,
                                                  ParameterSet& parameters, Allocator& allocator) {
  AdaptedCheckpoint result;
  LM_ASSIGN_OR_RETURN(Stream stream, Stream::Create(Device::Cpu()));
  OpContext context{stream, allocator, DType::kFloat32};
  if (const auto* local_vim = std::get_if<LocalVimConfig>(&config)) {
    for (const absl::string_view table : kTables) {
      const std::string name(table);
      const auto found = tensors.find(name);
      const Parameter* parameter = parameters.Find(name);
      if (found == tensors.end() || parameter == nullptr ||
          !DiffersInRows(found->second.shape(), parameter->shape)) {
        continue;
      }
      LM_ASSIGN_OR_RETURN(found->second,
                          ResizeTable(name, found->second, *local_vim, parameter->shape, context));
      result.resized.push_back(name);
    }
  }
  for (Parameter& parameter : parameters.parameters()) {
    if (tensors.count(parameter.name) != 0 || !MayBeMissing(parameter.name)) continue;
    LM_RETURN_IF_ERROR(InitializeParameter(parameter, /*seed=*/0, allocator));
    tensors[parameter.name] = parameter.value.tensor();
    result.initialized.push_back(parameter.name);
  }
  for (auto it = tensors.begin(); it != tensors.end();) {
    if (!IsOfHead(it->first) || parameters.Find(it->first) != nullptr) {
      ++it;
      continue;
    }
    result.dropped.push_back(it->first);
    it = tensors.erase(it);
  }
  result.tensors = std::move(tensors);
  return result;
}

}  // namespace localmamba
