// Families of series, added to a registry that holds none of the same name.
#ifndef LOCALMAMBA_SERVER_METRICS_FAMILIES_H_
#define LOCALMAMBA_SERVER_METRICS_FAMILIES_H_

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace localmamba::server {

inline prometheus::Family<prometheus::Histogram>& Histograms(prometheus::Registry& registry,
                                                             const std::string& name,
                                                             const std::string& help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Gauge>& Gauges(prometheus::Registry& registry,
                                                     const std::string& name,
                                                     const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

inline prometheus::Family<prometheus::Counter>& Counters(prometheus::Registry& registry,
                                                         const std::string& name,
                                                         const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace localmamba::server

#endif  // LOCALMAMBA_SERVER_METRICS_FAMILIES_H_
