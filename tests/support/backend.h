// Runs the test of an operation on every device, instruction set and dtype that implements it.
//
//   class AddTest : public BackendTest<AddCase> {};
//
//   TEST_P(AddTest, AgreesWithReference) {
//     TestTensor a = TestTensor::Random(...);
//     TestTensor y(...);
//     const TensorView on_device = Data(a);     // rounds a to the dtype: before the reference
//     const TensorView result = Data(y);
//     const std::vector<double> expected = reference::Add(a.values(), ...);
//     ASSERT_TRUE(Fetch(Add(on_device, ..., result, stream())));
//     ExpectNear(y.values(), expected, tolerance, Roundoff());
//   }
//
//   INSTANTIATE_TEST_SUITE_P(Shapes, AddTest, Combine(ValuesIn(Backends()), Values(...)),
//                            BackendCaseName);
#ifndef LOCALMAMBA_TESTS_SUPPORT_BACKEND_H_
#define LOCALMAMBA_TESTS_SUPPORT_BACKEND_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "kernels/device/buffer.h"
#include "kernels/device/stream.h"
#include "kernels/tensor/tensor.h"
#include "tests/support/highway_targets.h"
#include "tests/support/test_tensor.h"

namespace localmamba {

struct Backend {
  std::string name;
  Device device;
  DType dtype =
      DType::kFloat32;         // of activations and matrices; statistics and the like are float32
  int64_t highway_target = 0;  // for the CPU; 0: what Highway chooses
};

void PrintTo(const Backend& backend, std::ostream* out);

// The CPU, then CUDA in float32, float16 and bfloat16. Listed even where there is no GPU: those
// cases skip and say why.
std::vector<Backend> Backends();
// The CPU alone, for operations without a CUDA implementation.
std::vector<Backend> CpuBackend();
// The CPU with each of its instruction sets, then CUDA as above.
std::vector<Backend> BackendsAndInstructionSets();
// The CPU and CUDA, for operations that are float32 throughout.
std::vector<Backend> Float32Backends();

// The tensors of one test on a backend, known by the address of the test's own. For the CPU they
// are the test's own.
class BackendTensors {
 public:
  // Errors: those of Device::Parse if this host has no such device.
  static absl::StatusOr<std::unique_ptr<BackendTensors>> Create(const Backend& backend);
  BackendTensors(const BackendTensors&) = delete;
  BackendTensors& operator=(const BackendTensors&) = delete;

  Stream& stream() { return stream_; }

  // `tensor` on the device, gaps included; the same memory each time. Its elements are first
  // rounded to `dtype`. Absent tensors stay absent. `tensor` must outlive this.
  TensorView Upload(TestTensor& tensor, DType dtype);
  // A copy of a dense tensor of any dtype in host memory.
  TensorView Upload(const ConstTensorView& host);
  // Waits for the stream, then copies all tensors back into the test's own.
  absl::Status Fetch();
  // Copies one dense tensor to the host and waits for it.
  absl::Status Fetch(const ConstTensorView& from, const TensorView& host);

 private:
  BackendTensors(const Backend& backend, Stream stream, std::unique_ptr<Allocator> allocator)
      : stream_(std::move(stream)), allocator_(std::move(allocator)) {
    if (backend.highway_target != 0) highway_target_.emplace(backend.highway_target);
  }

  std::optional<ScopedHighwayTarget> highway_target_;
  Stream stream_;
  std::unique_ptr<Allocator> allocator_;
  std::map<TestTensor*, Tensor> tensors_;
  std::vector<Tensor> copies_;
};

// The Case of a test that has nothing to vary but the backend.
struct OnlyCase {
  std::string name;
};

// A test with a backend and a Case, which has a member `name`.
template <class Case>
class BackendTest : public ::testing::TestWithParam<std::tuple<Backend, Case>> {
 protected:
  void SetUp() override {
    auto tensors = BackendTensors::Create(backend());
    if (!tensors.ok()) GTEST_SKIP() << tensors.status();
    tensors_ = *std::move(tensors);
  }

  [[nodiscard]] const Backend& backend() const { return std::get<0>(this->GetParam()); }
  [[nodiscard]] const Case& test_case() const { return std::get<1>(this->GetParam()); }
  Stream& stream() { return tensors_->stream(); }

  // See BackendTensors::Upload.
  TensorView Data(TestTensor& tensor) { return tensors_->Upload(tensor, backend().dtype); }
  TensorView Float32(TestTensor& tensor) { return tensors_->Upload(tensor, DType::kFloat32); }
  TensorView Upload(const ConstTensorView& host) { return tensors_->Upload(host); }
  // Absent if there are none.
  ConstTensorView Indices(const std::vector<int32_t>& values) {
    if (values.empty()) return {};
    return Upload({values.data(), DType::kInt32, {static_cast<int64_t>(values.size())}});
  }

  // Fails if the operation, here its `status`, or the copy of its results did.
  ::testing::AssertionResult Fetch(const absl::Status& status) {
    return IsOk(status.ok() ? tensors_->Fetch() : status);
  }
  ::testing::AssertionResult Fetch(const ConstTensorView& from, const TensorView& host) {
    return IsOk(tensors_->Fetch(from, host));
  }

  // Relative error of rounding a result to the backend's dtype; 0 for float32, whose rounding the
  // tests' own tolerances count.
  [[nodiscard]] double Roundoff() const {
    switch (backend().dtype) {
      case DType::kFloat16:
        return 0x1p-11;
      case DType::kBFloat16:
        return 0x1p-8;
      default:
        return 0.0;
    }
  }

 private:
  static ::testing::AssertionResult IsOk(const absl::Status& status) {
    return status.ok() ? ::testing::AssertionSuccess()
                       : ::testing::AssertionFailure() << status.ToString();
  }

  std::unique_ptr<BackendTensors> tensors_;
};

// Names a case of BackendTest.
inline constexpr auto BackendCaseName = [](const auto& info) {
  return std::get<1>(info.param).name + std::get<0>(info.param).name;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_BACKEND_H_
