#include "model/heads/neck.h"

#include "model/heads/fpn.h"
#include "model/heads/simple_fpn.h"

namespace localmamba {

std::unique_ptr<Neck> CreateNeck(ParameterSet& parameters, NeckKind kind,
                                 const std::vector<FeatureShape>& features, int64_t channels) {
  if (kind == NeckKind::kFpn) return std::make_unique<Fpn>(parameters, features, channels);
  return std::make_unique<SimpleFpn>(parameters, features.front(), channels);
}

}  // namespace localmamba
