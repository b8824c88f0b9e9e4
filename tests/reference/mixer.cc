#include "tests/reference/mixer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace localmamba::reference {
namespace {

using Vector = std::vector<double>;

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double Silu(double x) { return x * Sigmoid(x); }
double Gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double Softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

void Apply(Matrix& x, const std::function<double(double)>& f) {
  std::transform(x.values.begin(), x.values.end(), x.values.begin(), f);
}

// Rows [first, first + out) of a (?, x.columns) weight.
Matrix Linear(const Matrix& x, const Vector& weight, int64_t out, const Vector& bias = {},
              int64_t first = 0) {
  Matrix y(x.rows, out);
  for (int64_t m = 0; m < x.rows; ++m) {
    for (int64_t o = 0; o < out; ++o) {
      double sum = bias.empty() ? 0 : bias[static_cast<size_t>(o)];
      for (int64_t i = 0; i < x.columns; ++i) {
        sum += x(m, i) * weight[static_cast<size_t>((first + o) * x.columns + i)];
      }
      y(m, o) = sum;
    }
  }
  return y;
}

Matrix LayerNorm(const Matrix& x, const Vector& weight, const Vector& bias) {
  Matrix y(x.rows, x.columns);
  const auto n = static_cast<double>(x.columns);
  for (int64_t m = 0; m < x.rows; ++m) {
    double mean = 0;
    double variance = 0;
    for (int64_t i = 0; i < x.columns; ++i) mean += x(m, i) / n;
    for (int64_t i = 0; i < x.columns; ++i) variance += std::pow(x(m, i) - mean, 2) / n;
    for (int64_t i = 0; i < x.columns; ++i) {
      y(m, i) = (x(m, i) - mean) / std::sqrt(variance + 1e-5);
      if (!weight.empty()) {
        y(m, i) = y(m, i) * weight[static_cast<size_t>(i)] + bias[static_cast<size_t>(i)];
      }
    }
  }
  return y;
}

Matrix Columns(const Matrix& x, int64_t begin, int64_t end) {
  Matrix y(x.rows, end - begin);
  for (int64_t m = 0; m < x.rows; ++m) {
    for (int64_t i = begin; i < end; ++i) y(m, i - begin) = x(m, i);
  }
  return y;
}

// Zeros where the order has padding.
Matrix Gather(const Matrix& x, const std::vector<int32_t>& read) {
  Matrix y(static_cast<int64_t>(read.size()), x.columns);
  for (int64_t t = 0; t < y.rows; ++t) {
    const int32_t token = read[static_cast<size_t>(t)];
    if (token < 0) continue;
    for (int64_t i = 0; i < x.columns; ++i) y(t, i) = x(token, i);
  }
  return y;
}

Matrix Scatter(const Matrix& x, const std::vector<int32_t>& write, int64_t tokens) {
  Matrix y(tokens, x.columns);
  for (int64_t t = 0; t < x.rows; ++t) {
    const int32_t token = write[static_cast<size_t>(t)];
    if (token < 0) continue;
    for (int64_t i = 0; i < x.columns; ++i) y(token, i) = x(t, i);
  }
  return y;
}

// step: the value under the softplus. A_log: (D, N) starting at row `first`; D alike.
Matrix Scan(const Matrix& u, const Matrix& step, const Matrix& B, const Matrix& C,
            const Vector& A_log, const Vector& D, int64_t first) {
  const int64_t n = B.columns;
  Matrix y(u.rows, u.columns);
  for (int64_t d = 0; d < u.columns; ++d) {
    Vector h(static_cast<size_t>(n), 0.0);
    for (int64_t t = 0; t < u.rows; ++t) {
      const double delta = Softplus(step(t, d));
      double sum = D[static_cast<size_t>(first + d)] * u(t, d);
      for (int64_t i = 0; i < n; ++i) {
        const double A = -std::exp(A_log[static_cast<size_t>((first + d) * n + i)]);
        double& state = h[static_cast<size_t>(i)];
        state = std::exp(delta * A) * state + delta * B(t, i) * u(t, d);
        sum += C(t, i) * state;
      }
      y(t, d) = sum;
    }
  }
  return y;
}

class MixerMath {
 public:
  MixerMath(const Mixer& mixer, const std::string& attention_prefix)
      : mixer_(mixer), config_(mixer.config), attention_prefix_(attention_prefix) {}

  [[nodiscard]] const Vector& P(const std::string& name) const {
    return mixer_.parameters.at(name);
  }

  [[nodiscard]] ScanOrder Order(size_t direction) const {
    const ScanDirection& d = config_.directions[direction];
    return mixer_.middle_class_token
               ? MakeScanOrderWithClassToken(d, mixer_.height, mixer_.width,
                                             mixer_.vertical_reverse)
               : MakeScanOrder(d, mixer_.height, mixer_.width, mixer_.vertical_reverse);
  }

  // The sum of the directions' outputs after attention, or their weighted sum in a supernet.
  [[nodiscard]] Matrix Merge(const std::vector<Matrix>& outputs) const {
    Vector weights(outputs.size(), 1.0);
    if (config_.supernet) {
      weights = P("multi_scan.weights");
      for (double& w : weights) w = std::exp(w);
      const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
      for (double& w : weights) w /= sum;
    }
    Matrix merged(outputs[0].rows, outputs[0].columns);
    for (size_t k = 0; k < outputs.size(); ++k) {
      Matrix o = Attend(outputs[k]);
      if (config_.supernet) o = LayerNorm(o, {}, {});
      for (size_t i = 0; i < o.values.size(); ++i) merged.values[i] += weights[k] * o.values[i];
    }
    return merged;
  }

 private:
  [[nodiscard]] const Vector& Attention(const std::string& name) const {
    return P(attention_prefix_ + name);
  }

  [[nodiscard]] Matrix Attend(const Matrix& x) const {
    if (config_.attention == AttentionKind::kNone) return x;
    const int64_t r = config_.reduced_width();
    const Matrix n = LayerNorm(x, Attention("norm.weight"), Attention("norm.bias"));
    Matrix mean(1, x.columns);
    for (int64_t t = 0; t < x.rows; ++t) {
      for (int64_t d = 0; d < x.columns; ++d) {
        mean(0, d) += n(t, d) / static_cast<double>(x.rows);
      }
    }
    Matrix g = Linear(mean, Attention("global_reduce.weight"), r, Attention("global_reduce.bias"));
    Apply(g, Gelu);
    Matrix a =
        Linear(g, Attention("channel_select.weight"), x.columns, Attention("channel_select.bias"));
    Apply(a, Sigmoid);
    Matrix y = x;
    for (int64_t t = 0; t < x.rows; ++t) {
      const double s = SpatialWeight(n, t, g);
      for (int64_t d = 0; d < x.columns; ++d) y(t, d) *= a(0, d) * s;
    }
    return y;
  }

  // sigmoid(spatial_select([GELU(local_reduce(n_t)) ; g])), 1 without the spatial branch.
  [[nodiscard]] double SpatialWeight(const Matrix& n, int64_t t, const Matrix& g) const {
    if (config_.attention != AttentionKind::kChannelSpatial) return 1;
    const int64_t r = config_.reduced_width();
    Matrix token(1, n.columns);
    for (int64_t d = 0; d < n.columns; ++d) token(0, d) = n(t, d);
    Matrix l = Linear(token, Attention("local_reduce.weight"), r, Attention("local_reduce.bias"));
    Apply(l, Gelu);
    Matrix both(1, 2 * r);
    for (int64_t i = 0; i < r; ++i) {
      both(0, i) = l(0, i);
      both(0, r + i) = g(0, i);
    }
    return Sigmoid(Linear(both, Attention("spatial_select.weight"), 1,
                          Attention("spatial_select.bias"))(0, 0));
  }

  const Mixer& mixer_;
  const MixerConfig& config_;
  std::string attention_prefix_;
};

// SiLU of the causal convolution of a sequence.
Matrix CausalConv(const Matrix& x, const Vector& weight, const Vector& bias, int64_t taps) {
  Matrix u(x.rows, x.columns);
  for (int64_t t = 0; t < x.rows; ++t) {
    for (int64_t d = 0; d < x.columns; ++d) {
      double sum = bias[static_cast<size_t>(d)];
      for (int64_t k = 0; k < taps; ++k) {
        const int64_t source = t - (taps - 1) + k;
        if (source >= 0) sum += weight[static_cast<size_t>(d * taps + k)] * x(source, d);
      }
      u(t, d) = Silu(sum);
    }
  }
  return u;
}

// SiLU of the depthwise 3x3 convolution of a grid.
Matrix DepthwiseConv(const Matrix& x, const Vector& weight, const Vector& bias, int64_t height,
                     int64_t width) {
  Matrix u(x.rows, x.columns);
  for (int64_t r = 0; r < height; ++r) {
    for (int64_t c = 0; c < width; ++c) {
      for (int64_t d = 0; d < x.columns; ++d) {
        double sum = bias[static_cast<size_t>(d)];
        for (int64_t p = 0; p < 9; ++p) {
          const int64_t row = r + p / 3 - 1;
          const int64_t column = c + p % 3 - 1;
          if (row < 0 || row >= height || column < 0 || column >= width) continue;
          sum += weight[static_cast<size_t>(d * 9 + p)] * x(row * width + column, d);
        }
        u(r * width + c, d) = Silu(sum);
      }
    }
  }
  return u;
}

}  // namespace

Matrix MambaMixer(const Mixer& mixer, const Matrix& x) {
  const MixerMath math(mixer, "attn.");
  const MixerConfig& config = mixer.config;
  const int64_t d = config.d_inner();
  const int64_t r = config.dt_rank();
  const int64_t n = config.d_state;
  const Matrix xz = Linear(x, math.P("in_proj.weight"), 2 * d);
  std::vector<Matrix> outputs;
  for (size_t i = 0; i < config.directions.size(); ++i) {
    const auto name = [i](const char* start, const char* end = "") {
      return absl::StrCat(start, i, end);
    };
    const ScanOrder order = math.Order(i);
    const Matrix sequence = Gather(xz, order.read);
    const Matrix u = CausalConv(Columns(sequence, 0, d), math.P(name("conv1d_", ".weight")),
                                math.P(name("conv1d_", ".bias")), mixer.conv_width);
    const Matrix p = Linear(u, math.P(name("x_proj_", ".weight")), r + 2 * n);
    const Matrix step = Linear(Columns(p, 0, r), math.P(name("dt_proj_", ".weight")), d,
                               math.P(name("dt_proj_", ".bias")));
    Matrix y = Scan(u, step, Columns(p, r, r + n), Columns(p, r + n, r + 2 * n),
                    math.P(name("A_log_")), math.P(name("D_")), 0);
    for (int64_t t = 0; t < y.rows; ++t) {
      for (int64_t c = 0; c < d; ++c) y(t, c) *= Silu(sequence(t, d + c));
    }
    outputs.push_back(Scatter(y, order.write, x.rows));
  }
  return Linear(math.Merge(outputs), math.P("out_proj.weight"), config.width);
}

Matrix Ss2d(const Mixer& mixer, const Matrix& x) {
  const MixerMath math(mixer, "multi_scan.attn.");
  const MixerConfig& config = mixer.config;
  const int64_t d = config.d_inner();
  const int64_t r = config.dt_rank();
  const int64_t n = config.d_state;
  const Matrix xz = Linear(x, math.P("in_proj.weight"), 2 * d);
  const Matrix u = DepthwiseConv(Columns(xz, 0, d), math.P("conv2d.weight"), math.P("conv2d.bias"),
                                 mixer.height, mixer.width);
  std::vector<Matrix> outputs;
  for (size_t i = 0; i < config.directions.size(); ++i) {
    const auto k = static_cast<int64_t>(i);
    const ScanOrder order = math.Order(i);
    const Matrix sequence = Gather(u, order.read);
    const Matrix p = Linear(sequence, math.P("x_proj_weight"), r + 2 * n, {}, k * (r + 2 * n));
    const Vector& biases = math.P("dt_projs_bias");
    const Vector bias(biases.begin() + k * d, biases.begin() + (k + 1) * d);
    const Matrix step = Linear(Columns(p, 0, r), math.P("dt_projs_weight"), d, bias, k * d);
    const Matrix y = Scan(sequence, step, Columns(p, r, r + n), Columns(p, r + n, r + 2 * n),
                          math.P("A_logs"), math.P("Ds"), k * d);
    outputs.push_back(Scatter(y, order.write, x.rows));
  }
  Matrix y = LayerNorm(math.Merge(outputs), math.P("out_norm.weight"), math.P("out_norm.bias"));
  for (int64_t t = 0; t < y.rows; ++t) {
    for (int64_t c = 0; c < d; ++c) y(t, c) *= Silu(xz(t, d + c));
  }
  return Linear(y, math.P("out_proj.weight"), config.width);
}

}  // namespace localmamba::reference
