#include "model/weights/parameter_set.h"

#include <utility>

#include "kernels/base/check.h"

namespace localmamba {

Parameter* ParameterSet::Declare(std::string name, const Shape& shape, const Initializer& init,
                                 bool trainable) {
  LM_CHECK(Find(name) == nullptr);
  parameters_.push_back(Parameter{std::move(name), shape, init, trainable, Value()});
  index_.emplace(parameters_.back().name, &parameters_.back());
  return &parameters_.back();
}

Parameter* ParameterSet::Find(absl::string_view name) {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : found->second;
}

int64_t ParameterSet::TrainableElements() const {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters_) {
    if (parameter.trainable) elements += parameter.shape.elements();
  }
  return elements;
}

}  // namespace localmamba
