#include "model/networks/variants.h"

#include <cstdint>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "kernels/base/check.h"

namespace localmamba {
namespace {

// The searched directions, one line per layer (reference §1.5).
constexpr absl::string_view kVim[] = {
    "h v_flip w7 w7_flip", "h_flip w2_flip w7 w7_flip",
    "h h_flip v w7",       "h h_flip v v_flip",
    "h h_flip v v_flip",   "h h_flip v v_flip",
    "h_flip v v_flip w7",  "h_flip v v_flip w2_flip",
    "h h_flip v v_flip",   "h h_flip v v_flip",
    "h v v_flip w2",       "h v v_flip w2_flip",
    "h h_flip v_flip w7",  "h_flip v v_flip w2",
    "h h_flip v v_flip",   "h v w2 w2_flip",
    "v v_flip w2 w7",      "h h_flip v w2",
    "h h_flip w2_flip w7", "v v_flip w2 w2_flip",
};

constexpr absl::string_view kVMambaTiny[] = {
    "h h_flip w7 w7_flip",       "h_flip v_flip w2 w2_flip",
    "h_flip v_flip w2_flip w7",  "h_flip v v_flip w2",
    "h h_flip v_flip w2_flip",   "h_flip v_flip w2 w2_flip",
    "h w2_flip w7 w7_flip",      "h h_flip v v_flip",
    "h v_flip w7 w7_flip",       "h_flip v w2 w7_flip",
    "v v_flip w2 w7_flip",       "h h_flip v_flip w2_flip",
    "v_flip w2_flip w7 w7_flip", "h_flip v_flip w2_flip w7_flip",
    "h_flip v w7 w7_flip",
};

constexpr absl::string_view kVMambaSmall[] = {
    "h v v_flip w7_flip",      "h h_flip v w7",
    "h_flip v v_flip w7",      "h_flip v w2_flip w7",
    "h_flip v w2_flip w7",     "h_flip v_flip w2 w7_flip",
    "h_flip v v_flip w7",      "h v v_flip w7",
    "h v v_flip w7",           "h v v_flip w7_flip",
    "h h_flip v v_flip",       "h v v_flip w2",
    "v v_flip w2_flip w7",     "h h_flip v w2",
    "h_flip v v_flip w7_flip", "h h_flip v v_flip",
    "h v v_flip w7_flip",      "h v v_flip w7_flip",
    "h h_flip v_flip w7",      "h_flip v_flip w2_flip w7",
    "h_flip v v_flip w7_flip", "v v_flip w7 w7_flip",
    "h v v_flip w7_flip",      "h_flip v v_flip w2",
    "h v v_flip w2_flip",      "h h_flip v w7",
    "h h_flip w7 w7_flip",     "h v_flip w2 w2_flip",
    "h v_flip w2 w7",          "h v v_flip w7_flip",
    "h_flip v w2_flip w7",     "h_flip v_flip w7 w7_flip",
    "h v w7 w7_flip",
};

constexpr absl::string_view kWithoutSearch = "h h_flip w2 w2_flip";

using DirectionList = std::vector<LayerDirections>;

LayerDirections Parse(absl::string_view line) {
  LayerDirections directions;
  for (const absl::string_view name : absl::StrSplit(line, ' ')) {
    absl::StatusOr<ScanDirection> direction = ScanDirection::Parse(name);
    LM_CHECK(direction.ok());
    directions.push_back(*direction);
  }
  return directions;
}

DirectionList ParseAll(absl::Span<const absl::string_view> lines) {
  DirectionList list;
  for (const absl::string_view line : lines) list.push_back(Parse(line));
  return list;
}

constexpr size_t kVimDepth = 20;

NetworkConfig LocalVim(int64_t embed_dim, DirectionList directions) {
  LocalVimConfig config;
  config.scan.directions = std::move(directions);
  config.embed_dim = embed_dim;
  return config;
}

NetworkConfig LocalVimMiddleClassToken() {
  LocalVimConfig config;
  config.scan.directions = ParseAll(kVim);
  config.middle_class_token = true;
  config.rope = false;
  return config;
}

NetworkConfig LocalVimSupernet() {
  LocalVimConfig config;
  config.scan.directions = DirectionList(kVimDepth, OfficialCandidates());
  config.scan.supernet = true;
  config.embed_dim = 128;
  return config;
}

NetworkConfig LocalVMamba(std::vector<int64_t> depths, DirectionList directions) {
  LocalVMambaConfig config;
  config.scan.directions = std::move(directions);
  config.depths = std::move(depths);
  return config;
}

NetworkConfig LocalVMambaSupernet(std::vector<int64_t> depths) {
  LocalVMambaConfig config;
  const int64_t layers = std::accumulate(depths.begin(), depths.end(), int64_t{0});
  config.scan.directions = DirectionList(static_cast<size_t>(layers), OfficialCandidates());
  config.scan.supernet = true;
  config.dims = {32, 64, 128, 256};
  config.depths = std::move(depths);
  return config;
}

struct Variant {
  absl::string_view name;
  NetworkConfig (*config)();
};

// The official code registers local_vim_small twice; here the searched network of the paper has the
// name and the other one is local_vim_small_wo_search (reference §1.2).
constexpr Variant kVariants[] = {
    {"local_vim_tiny", [] { return LocalVim(192, ParseAll(kVim)); }},
    {"local_vim_tiny_middle_cls_token", LocalVimMiddleClassToken},
    {"local_vim_tiny_wo_search",
     [] { return LocalVim(192, DirectionList(kVimDepth, Parse(kWithoutSearch))); }},
    {"local_vim_small", [] { return LocalVim(384, ParseAll(kVim)); }},
    {"local_vim_small_wo_search",
     [] { return LocalVim(384, DirectionList(kVimDepth, Parse(kWithoutSearch))); }},
    {"local_vim_tiny_search", LocalVimSupernet},
    {"local_vssm_tiny",
     [] {
       return LocalVMamba({2, 2, 9, 2}, ParseAll(kVMambaTiny));
     }},
    {"local_vssm_small",
     [] {
       return LocalVMamba({2, 2, 27, 2}, ParseAll(kVMambaSmall));
     }},
    {"local_vssm_tiny_search",
     [] {
       return LocalVMambaSupernet({2, 2, 9, 2});
     }},
    {"local_vssm_small_search",
     [] {
       return LocalVMambaSupernet({2, 2, 27, 2});
     }},
};

}  // namespace

std::vector<std::string> VariantNames() {
  std::vector<std::string> names;
  for (const Variant& variant : kVariants) names.emplace_back(variant.name);
  return names;
}

absl::StatusOr<NetworkConfig> VariantConfig(absl::string_view name) {
  for (const Variant& variant : kVariants) {
    if (variant.name == name) return variant.config();
  }
  return absl::NotFoundError(absl::StrCat("variant \"", name, "\" is not known, wanted one of ",
                                          absl::StrJoin(VariantNames(), ", ")));
}

}  // namespace localmamba
