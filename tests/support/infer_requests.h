// Requests of the Open Inference Protocol, for tests of serving: tensors of FakeVersion, whose
// images are 8 x 8.
#ifndef LOCALMAMBA_TESTS_SUPPORT_INFER_REQUESTS_H_
#define LOCALMAMBA_TESTS_SUPPORT_INFER_REQUESTS_H_

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "inference/grpc_service.pb.h"

namespace localmamba::server {

// `values` in memory order, as raw contents.
template <class T>
std::string RawOf(const std::vector<T>& values) {
  std::string raw(values.size() * sizeof(T), '\0');
  std::memcpy(raw.data(), values.data(), raw.size());
  return raw;
}

template <class T>
std::vector<T> ValuesOf(const std::string& raw) {
  std::vector<T> values(raw.size() / sizeof(T));
  std::memcpy(values.data(), raw.data(), values.size() * sizeof(T));
  return values;
}

// A request for model "fake" with one input and no contents yet.
inline inference::ModelInferRequest InferRequestOf(const std::string& input,
                                                   const std::string& datatype,
                                                   const std::vector<int64_t>& shape) {
  inference::ModelInferRequest request;
  request.set_model_name("fake");
  auto& tensor = *request.add_inputs();
  tensor.set_name(input);
  tensor.set_datatype(datatype);
  tensor.mutable_shape()->Add(shape.begin(), shape.end());
  return request;
}

// One image for each of `reds`, all of whose values are that: its class, modulo 10.
inline inference::ModelInferRequest PixelsRequest(std::initializer_list<uint8_t> reds) {
  auto request = InferRequestOf("pixels", "UINT8", {static_cast<int64_t>(reds.size()), 8, 8, 3});
  std::string& raw = *request.add_raw_input_contents();
  for (const uint8_t red : reds) raw.append(8 * 8 * 3, static_cast<char>(red));
  return request;
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_TESTS_SUPPORT_INFER_REQUESTS_H_
