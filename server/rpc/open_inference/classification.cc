#include "server/rpc/open_inference/classification.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/rpc/open_inference/tensor_contents.h"

namespace localmamba::server {

int64_t AppendLargest(absl::Span<const float> values, int64_t k,
                      absl::Span<const std::string> labels, std::string& raw) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto count = std::min(static_cast<size_t>(k), values.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(count), order.end(),
                    [&](size_t a, size_t b) {
                      if (std::isnan(values[a]) != std::isnan(values[b])) {
                        return std::isnan(values[b]);
                      }
                      return values[a] > values[b] || (!(values[a] < values[b]) && a < b);
                    });
  for (size_t i = 0; i < count; ++i) {
    const size_t index = order[i];
    std::string text = absl::StrFormat("%f:%d", values[index], index);
    if (!labels.empty()) absl::StrAppend(&text, ":", labels[index]);
    AppendRawBytes(text, raw);
  }
  return static_cast<int64_t>(count);
}

}  // namespace localmamba::server
