// The golden tensors and tables of single operators (tests/golden/heads/README.md, section 6).
#ifndef LOCALMAMBA_TESTS_SUPPORT_GOLDEN_OPERATORS_H_
#define LOCALMAMBA_TESTS_SUPPORT_GOLDEN_OPERATORS_H_

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/base/check.h"
#include "tests/support/golden.h"

namespace localmamba {

inline GoldenTensors GoldenOperators() {
  auto tensors = LoadGoldenTensors(FindGoldenFile("ops.safetensors", "heads"));
  LM_CHECK(tensors.ok());
  return *std::move(tensors);
}

inline nlohmann::json GoldenOperatorTables() {
  std::ifstream file(FindGoldenFile("ops.json", "heads"));
  return nlohmann::json::parse(file);
}

inline std::vector<double> Doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_GOLDEN_OPERATORS_H_
