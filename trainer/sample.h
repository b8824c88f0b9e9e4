// Mean and spread of a few numbers.
#ifndef LOCALMAMBA_TRAINER_SAMPLE_H_
#define LOCALMAMBA_TRAINER_SAMPLE_H_

#include <cmath>
#include <optional>
#include <vector>

namespace localmamba::trainer {

class Sample {
 public:
  void Add(double value) { values_.push_back(value); }

  [[nodiscard]] bool empty() const { return values_.empty(); }

  // None of an empty sample.
  [[nodiscard]] std::optional<double> Mean() const {
    if (values_.empty()) return std::nullopt;
    double sum = 0;
    for (const double value : values_) sum += value;
    return sum / count();
  }
  // With n - 1 in the denominator: none of fewer than two.
  [[nodiscard]] std::optional<double> StandardDeviation() const {
    if (values_.size() < 2) return std::nullopt;
    double sum = 0;
    for (const double value : values_) sum += (value - *Mean()) * (value - *Mean());
    return std::sqrt(sum / (count() - 1));
  }
  // Square of the standard error of the mean.
  [[nodiscard]] std::optional<double> VarianceOfMean() const {
    const std::optional<double> deviation = StandardDeviation();
    if (!deviation.has_value()) return std::nullopt;
    return *deviation * *deviation / count();
  }

 private:
  [[nodiscard]] double count() const { return static_cast<double>(values_.size()); }

  std::vector<double> values_;
};

// Of the means of two independent samples; none as above.
struct Difference {
  std::optional<double> value;
  std::optional<double> variance;  // square of its standard error
};
inline Difference Subtract(const Sample& left, const Sample& right) {
  Difference difference;
  if (!left.empty() && !right.empty()) difference.value = *left.Mean() - *right.Mean();
  const std::optional<double> a = left.VarianceOfMean();
  const std::optional<double> b = right.VarianceOfMean();
  if (a.has_value() && b.has_value()) difference.variance = *a + *b;
  return difference;
}

}  // namespace localmamba::trainer

#endif  // LOCALMAMBA_TRAINER_SAMPLE_H_
