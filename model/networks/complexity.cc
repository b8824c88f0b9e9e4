#include "model/networks/complexity.h"

#include <algorithm>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernels/base/status_macros.h"
#include "model/networks/network.h"

namespace localmamba {
namespace {

// Per element of a LayerNorm, in the counter of the official LocalVMamba figures.
constexpr int64_t kLayerNormMacs = 5;
// Per state and position of a scan: each official counter has its own convention.
constexpr int64_t kVimScanMacs = 5;
constexpr int64_t kVMambaScanMacs = 9;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

int64_t TrainableElementsUnder(const ParameterSet& parameters, absl::string_view prefix) {
  int64_t elements = 0;
  for (const Parameter& parameter : parameters.parameters()) {
    const bool under =
        parameter.name == prefix || absl::StartsWith(parameter.name, absl::StrCat(prefix, "."));
    if (under && parameter.trainable) elements += parameter.shape.elements();
  }
  return elements;
}

class Counter {
 public:
  explicit Counter(const ParameterSet& parameters) : parameters_(parameters) {}

  void Add(const std::string& name, int64_t official_macs, int64_t macs) {
    const int64_t elements = TrainableElementsUnder(parameters_, name);
    result_.layers.push_back({name, elements, official_macs, macs});
    result_.total.parameters += elements;
    result_.total.official_macs += official_macs;
    result_.total.macs += macs;
  }
  void Add(const std::string& name, int64_t macs) { Add(name, macs, macs); }

  Complexity Finish() && {
    result_.total.name = "total";
    return std::move(result_);
  }

 private:
  const ParameterSet& parameters_;
  Complexity result_;
};

// The products of one direction's attention. tokens: those the spatial branch sees.
int64_t AttentionMacs(const MixerConfig& mixer, int64_t tokens) {
  const int64_t r = mixer.reduced_width();
  const int64_t channel = 2 * mixer.d_inner() * r;
  const int64_t spatial = tokens * (mixer.d_inner() * r + r) + r;
  switch (mixer.attention) {
    case AttentionKind::kNone:
      return 0;
    case AttentionKind::kChannel:
      return channel;
    case AttentionKind::kChannelSpatial:
      return channel + spatial;
  }
  return 0;
}

void AddVimLayer(const LocalVimConfig& config, size_t layer, int64_t tokens, Counter& counter) {
  const MixerConfig mixer = config.scan.Mixer(layer, config.embed_dim);
  const int64_t e = mixer.width;
  const int64_t d = mixer.d_inner();
  const int64_t k = mixer.num_directions();
  const int64_t shared = e * 2 * d * tokens                       // in_proj
                         + tokens * d * e                         // out_proj
                         + tokens * e;                            // norm
  const int64_t scan = kVimScanMacs * d * tokens * mixer.d_state  // the recurrence
                       + 2 * d * tokens;                          // skip and gate
  const int64_t projections = (tokens + config.conv_width - 1) * d * config.conv_width  // conv1d
                              + tokens * d * mixer.x_proj_width()                       // x_proj
                              + tokens * mixer.dt_rank() * d                            // dt_proj
                              + AttentionMacs(mixer, tokens);
  counter.Add(absl::StrCat("layers.", layer), shared + k * scan + projections,
              shared + k * (scan + projections));
}

Complexity Count(const LocalVimConfig& config, const ParameterSet& parameters, int64_t height,
                 int64_t width) {
  Counter counter(parameters);
  const int64_t cells = CeilDiv(height, config.patch_size) * CeilDiv(width, config.patch_size);
  const int64_t tokens = cells + (config.middle_class_token ? 1 : 0);
  counter.Add("patch_embed", cells * config.embed_dim * 3 * config.patch_size * config.patch_size);
  if (config.middle_class_token) counter.Add("cls_token", 0);
  counter.Add("pos_embed", 0);
  for (size_t layer = 0; layer < config.scan.directions.size(); ++layer) {
    AddVimLayer(config, layer, tokens, counter);
  }
  if (config.num_classes > 0) {
    counter.Add("norm_f", 0);  // not in the official count
    counter.Add("head", config.num_classes * config.embed_dim);
  }
  for (size_t i = 0; i < config.out_indices.size(); ++i) {
    counter.Add(absl::StrCat("outnorm_", i), kLayerNormMacs * cells * config.embed_dim);
  }
  return std::move(counter).Finish();
}

// One block of LocalVMamba: counted for all directions, each as long as the longest, as the
// official code pads them.
int64_t VMambaBlockMacs(const MixerConfig& mixer, int64_t height, int64_t width) {
  const int64_t c = mixer.width;
  const int64_t d = mixer.d_inner();
  const int64_t k = mixer.num_directions();
  const int64_t cells = height * width;
  int64_t length = 0;
  for (const ScanDirection& direction : mixer.directions) {
    length = std::max(length, direction.Length(height, width));
  }
  const int64_t norms = kLayerNormMacs * cells * (c + d);  // norm, out_norm
  const int64_t products = 3 * cells * c * d;              // in_proj, out_proj
  const int64_t conv2d = 9 * d * cells;
  const int64_t projections = k * length * d * (mixer.x_proj_width() + mixer.dt_rank());
  const int64_t scan = k * d * length * (kVMambaScanMacs * mixer.d_state + 1);
  const int64_t attention_norm =
      mixer.attention == AttentionKind::kNone ? 0 : kLayerNormMacs * cells * d;
  return norms + products + conv2d + projections + scan +
         k * (attention_norm + AttentionMacs(mixer, cells));
}

Complexity Count(const LocalVMambaConfig& config, const ParameterSet& parameters, int64_t height,
                 int64_t width) {
  Counter counter(parameters);
  int64_t rows = height / config.patch_size;
  int64_t columns = width / config.patch_size;
  const int64_t patch_macs = 3 * config.patch_size * config.patch_size;
  counter.Add("patch_embed", rows * columns * config.dims.front() * (patch_macs + kLayerNormMacs));
  size_t layer = 0;
  for (size_t s = 0; s < config.dims.size(); ++s) {
    const int64_t c = config.dims[s];
    for (int64_t b = 0; b < config.depths[s]; ++b, ++layer) {
      counter.Add(absl::StrCat("layers.", s, ".blocks.", b),
                  VMambaBlockMacs(config.scan.Mixer(layer, c), rows, columns));
    }
    const auto& out = config.out_indices;
    if (std::find(out.begin(), out.end(), static_cast<int64_t>(s)) != out.end()) {
      counter.Add(absl::StrCat("outnorm", s), kLayerNormMacs * rows * columns * c);
    }
    if (s + 1 == config.dims.size()) break;
    rows = CeilDiv(rows, 2);
    columns = CeilDiv(columns, 2);
    counter.Add(absl::StrCat("layers.", s, ".downsample"),
                rows * columns * 4 * c * (kLayerNormMacs + config.dims[s + 1]));
  }
  if (config.num_classes > 0) {
    const int64_t c = config.dims.back();
    counter.Add("classifier", rows * columns * c * (kLayerNormMacs + 1) + c * config.num_classes);
  }
  return std::move(counter).Finish();
}

int64_t MinSide(const LocalVimConfig& /*config*/) { return 1; }
int64_t MinSide(const LocalVMambaConfig& config) { return config.patch_size; }

}  // namespace

absl::StatusOr<Complexity> CountComplexity(const NetworkConfig& config, int64_t height,
                                           int64_t width) {
  LM_ASSIGN_OR_RETURN(const std::unique_ptr<Network> network, CreateNetwork(config));
  const int64_t min_side = std::visit([](const auto& family) { return MinSide(family); }, config);
  if (height < min_side || width < min_side) {
    return absl::InvalidArgumentError(
        absl::StrCat("image is ", height, "x", width, ", wanted sides of at least ", min_side));
  }
  return std::visit(
      [&](const auto& family) { return Count(family, network->parameters(), height, width); },
      config);
}

}  // namespace localmamba
