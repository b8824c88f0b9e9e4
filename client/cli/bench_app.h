// `bench` and `plot` on the command line.
#ifndef LOCALMAMBA_CLIENT_CLI_BENCH_APP_H_
#define LOCALMAMBA_CLIENT_CLI_BENCH_APP_H_

#include <optional>
#include <string>
#include <vector>

#include "client/cli/bench.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"

namespace CLI {
class App;
}

namespace localmamba::client {

// Adds both to `app`, which refers to this.
class BenchApp {
 public:
  explicit BenchApp(CLI::App& app);
  BenchApp(const BenchApp&) = delete;
  BenchApp& operator=(const BenchApp&) = delete;

  // After the parse: runs what was chosen; nothing if it was neither.
  std::optional<ExitCode> Run(const std::string& server, const CommonOptions& common);

 private:
  void AddBench(CLI::App& bench);
  void AddPlot(CLI::App& plot);
  // Of the texts below.
  BenchOptions ToOptions(const std::string& server) const;

  CLI::App* bench_ = nullptr;
  CLI::App* plot_ = nullptr;
  BenchOptions options_;
  PlotOptions plot_options_;
  std::vector<std::string> rates_;
  std::string arrivals_ = "poisson";
  std::string synthetic_ = "224x224";
  std::string warm_up_ = "2s";
  std::string window_ = "10s";
  std::string slo_;
};

}  // namespace localmamba::client

#endif  // LOCALMAMBA_CLIENT_CLI_BENCH_APP_H_
