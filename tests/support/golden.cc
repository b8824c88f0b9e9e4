#include "tests/support/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/check.h"
#include "kernels/base/status_macros.h"
#include "tests/support/source_dir.h"

namespace localmamba {
namespace {

template <class Stored, class T>
std::vector<T> Convert(absl::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<T>(stored);
  }
  return values;
}

absl::StatusOr<GoldenTensor> ParseTensor(const nlohmann::json& entry, absl::string_view data) {
  const auto begin = entry.at("data_offsets").at(0).get<size_t>();
  const auto end = entry.at("data_offsets").at(1).get<size_t>();
  if (begin > end || end > data.size()) return absl::InvalidArgumentError("data out of range");
  const absl::string_view bytes = data.substr(begin, end - begin);

  GoldenTensor tensor;
  tensor.shape = Shape(entry.at("shape").get<std::vector<int64_t>>());
  const auto dtype = entry.at("dtype").get<std::string>();
  if (dtype == "F32") {
    tensor.f32 = Convert<float, float>(bytes);
  } else if (dtype == "I32") {
    tensor.i32 = Convert<int32_t, int32_t>(bytes);
  } else if (dtype == "I64") {
    tensor.i32 = Convert<int64_t, int32_t>(bytes);
  } else if (dtype == "U8") {
    tensor.i32 = Convert<uint8_t, int32_t>(bytes);
  } else {
    return absl::InvalidArgumentError(absl::StrCat("dtype ", dtype));
  }
  const size_t found = std::max(tensor.f32.size(), tensor.i32.size());
  if (found != static_cast<size_t>(tensor.shape.elements())) {
    return absl::InvalidArgumentError(
        absl::StrCat(found, " elements for shape ", tensor.shape.ToString()));
  }
  return tensor;
}

// The elements, matrices of rows and columns one after the other, with each transposed.
std::vector<float> Swapped(const GoldenTensor& tensor, int64_t row_count, int64_t column_count) {
  const auto rows = static_cast<size_t>(row_count);
  const auto columns = static_cast<size_t>(column_count);
  std::vector<float> swapped(tensor.f32.size());
  for (size_t i = 0; i < swapped.size(); ++i) {
    const size_t matrix = i / (rows * columns);
    const size_t row = i / columns % rows;
    const size_t column = i % columns;
    swapped[(matrix * columns + column) * rows + row] = tensor.f32[i];
  }
  return swapped;
}

}  // namespace

ConstTensorView GoldenTensor::view() const {
  return f32.empty() ? ConstTensorView(i32.data(), DType::kInt32, shape)
                     : ConstTensorView(f32.data(), DType::kFloat32, shape);
}

std::string FindGoldenFile(absl::string_view file, absl::string_view set) {
  for (const absl::string_view folder : {"tests/golden", "../shared/golden"}) {
    std::string path = absl::StrCat(SourceDir(), "/", folder, "/", set, "/", file);
    if (std::filesystem::exists(path)) return path;
  }
  return "";
}

absl::StatusOr<GoldenTensors> LoadGoldenTensors(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat("cannot open ", path));
  const std::string content((std::istreambuf_iterator<char>(stream)), {});
  uint64_t header_size = 0;
  if (content.size() < sizeof(header_size)) return absl::InvalidArgumentError("no header");
  std::memcpy(&header_size, content.data(), sizeof(header_size));
  const absl::string_view rest = absl::string_view(content).substr(sizeof(header_size));
  if (header_size > rest.size()) return absl::InvalidArgumentError("header out of range");
  const auto header = nlohmann::json::parse(rest.substr(0, header_size));

  GoldenTensors tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    absl::StatusOr<GoldenTensor> tensor = ParseTensor(entry, rest.substr(header_size));
    if (!tensor.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": tensor ", name, ": ", tensor.status().message()));
    }
    tensors[name] = *std::move(tensor);
  }
  return tensors;
}

std::vector<nlohmann::json> GoldenCases(absl::string_view kind) {
  std::vector<nlohmann::json> cases;
  std::ifstream stream(FindGoldenFile("cases.json"));
  const nlohmann::json document = nlohmann::json::parse(stream);
  for (const nlohmann::json& golden_case : document.at("cases")) {
    if (golden_case.at("kind").get<std::string>() == kind) cases.push_back(golden_case);
  }
  return cases;
}

nlohmann::json GoldenHeadCase(absl::string_view id) {
  std::ifstream stream(FindGoldenFile("cases.json", "heads"));
  const nlohmann::json document = nlohmann::json::parse(stream);
  for (const nlohmann::json& golden_case : document.at("cases")) {
    if (golden_case.at("id").get<std::string>() == id) return golden_case;
  }
  LM_CHECK(false);
  return {};
}

std::vector<float> ChannelsLast(const GoldenTensor& tensor) {
  const int rank = tensor.shape.rank();
  return Swapped(tensor, tensor.shape[rank - 3], tensor.shape[rank - 2] * tensor.shape[rank - 1]);
}

std::vector<float> SwapLastTwoDimensions(const GoldenTensor& tensor) {
  const int rank = tensor.shape.rank();
  return Swapped(tensor, tensor.shape[rank - 2], tensor.shape[rank - 1]);
}

testing::AssertionResult MatchesGolden(absl::Span<const float> found, const GoldenTensor& expected,
                                       double tolerance) {
  if (found.size() != expected.f32.size()) {
    return testing::AssertionFailure()
           << found.size() << " elements, expected " << expected.f32.size();
  }
  double largest = 0;
  for (const float value : expected.f32) largest = std::max<double>(largest, std::abs(value));
  const double bound = tolerance * largest + 1e-7;
  for (size_t i = 0; i < found.size(); ++i) {
    const double error = std::abs(static_cast<double>(found[i]) - expected.f32[i]);
    if (!(error <= bound)) {  // also for NaN
      return testing::AssertionFailure() << "element " << i << " is " << found[i] << ", expected "
                                         << expected.f32[i] << " within " << bound;
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace localmamba
