// Runs localmamba_trainer --experiment as a user does.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "tests/support/source_dir.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_image_folder.h"

namespace localmamba {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

std::string ReadText(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class ExperimentProcessTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteTinyImageFolder(Path("data"), 24, 8); }

  [[nodiscard]] std::string Path(const std::string& name) const {
    return absl::StrCat(folder_.path(), "/", name);
  }
  [[nodiscard]] static std::string ShippedPath() {
    return absl::StrCat(SourceDir(), "/model/training/experiments/tiny.json");
  }
  // The shipped experiment with one variant and one seed, and some of its text replaced.
  [[nodiscard]] std::string WriteSmall(
      const std::vector<std::pair<absl::string_view, absl::string_view>>& replaced = {}) const {
    auto json = nlohmann::json::parse(ReadText(ShippedPath()));
    json["variants"] = {{{"name", "base"}}};
    json["seeds"] = {1};
    std::ofstream(Path("small.json")) << absl::StrReplaceAll(json.dump(), replaced);
    return Path("small.json");
  }

  // Runs the trainer and returns its exit status. stop_at: once this is in what it says, it is sent
  // SIGTERM; "": never.
  int Run(const std::string& experiment, const std::string& stop_at = "",
          const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        LOCALMAMBA_TRAINER, "--experiment", experiment, "--data",    Path("data"), "--output",
        Path("out"),        "--device",     "cpu",      "--threads", "2"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(ends[0]);
      dup2(open(Path("table").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
      dup2(ends[1], STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(ends[1]);
    err_.clear();
    bool stopped = stop_at.empty();
    char buffer[4096];
    for (ssize_t count; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
      err_.append(buffer, static_cast<size_t>(count));
      if (stopped || !absl::StrContains(err_, stop_at)) continue;
      stopped = true;
      kill(child, SIGTERM);
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] nlohmann::json Report() const {
    return nlohmann::json::parse(ReadText(Path("out/report.json")));
  }

  const TemporaryFolder folder_;
  std::string err_;  // of the last run
};

TEST_F(ExperimentProcessTest, ComparesTheVariantsOfTheShippedExperiment) {
  ASSERT_EQ(Run(ShippedPath()), 0) << err_;
  const nlohmann::json report = Report();
  EXPECT_THAT(report.at("runs"), SizeIs(12));
  ASSERT_THAT(report.at("variants"), SizeIs(5));
  for (const nlohmann::json& variant : report.at("variants")) {
    EXPECT_GT(variant.at("top1").at("mean").get<double>(), 0.5) << variant;  // chance: 0.25
    EXPECT_GT(variant.at("macs").at("mean").get<double>(), 0);
    EXPECT_GT(variant.at("seconds").at("mean").get<double>(), 0);
    EXPECT_GT(variant.at("peak_memory_bytes").at("mean").get<double>(), 0);
  }
  EXPECT_LT(report.at("variants").at(1).at("parameters").at("mean"),
            report.at("variants").at(0).at("parameters").at("mean"));
  EXPECT_EQ(report.at("variants").at(3).at("finished_runs"), 4);
  EXPECT_THAT(report.at("variants").at(4).at("search").at("layers"), SizeIs(2));
  const nlohmann::json& search = report.at("runs").at(5).at("probabilities");
  EXPECT_THAT(search.at("epochs").at(0).at("layers").at(1).at("probability"), SizeIs(3));
  const std::string table = ReadText(Path("table"));
  EXPECT_THAT(table, HasSubstr("variant"));
  EXPECT_THAT(table, HasSubstr("\nno-attention  "));

  // A run of an experiment is a run like any other.
  EXPECT_TRUE(fs::exists(Path("out/runs/random/list-2-seed-1/result/model.json")));

  // Again, with the result of one run gone: the others are not repeated.
  const auto time = fs::last_write_time(Path("out/runs/base/seed-1/result/1/metrics.json"));
  fs::remove_all(Path("out/runs/fixed/seed-2"));
  fs::remove(Path("out/report.json"));
  ASSERT_EQ(Run(ShippedPath()), 0) << err_;
  EXPECT_EQ(fs::last_write_time(Path("out/runs/base/seed-1/result/1/metrics.json")), time);
  EXPECT_TRUE(fs::exists(Path("out/runs/fixed/seed-2/result/1/metrics.json")));
  EXPECT_EQ(Report().at("runs").at(0), report.at("runs").at(0));
  EXPECT_EQ(Report().at("variants").at(2).at("top1"), report.at("variants").at(2).at("top1"));
}

TEST_F(ExperimentProcessTest, GoesOnAfterItWasStopped) {
  const std::string experiment = WriteSmall({{R"("epochs":3)", R"("epochs":40)"}});
  ASSERT_EQ(Run(experiment, "epoch 1 done"), 4) << err_;
  EXPECT_FALSE(fs::exists(Path("out/report.json")));
  EXPECT_FALSE(fs::is_empty(Path("out/runs/base/seed-1/train/checkpoints")));
  ASSERT_EQ(Run(experiment), 0) << err_;
  EXPECT_EQ(Report().at("runs").at(0).at("metrics").at("recipe").at("epochs"), 40);
}

TEST_F(ExperimentProcessTest, ADivergedRunIsReported) {
  EXPECT_EQ(Run(WriteSmall({{R"("learning_rate":0.005)", R"("learning_rate":1e38)"},
                            {R"("epochs":3)", R"("epochs":8)"}})),
            3);
  EXPECT_THAT(err_, HasSubstr("1 of 1 runs diverged: runs/base/seed-1"));
  EXPECT_THAT(Report().at("runs").at(0).at("diverged"), HasSubstr("diverged"));
  EXPECT_THAT(ReadText(Path("table")), HasSubstr("base: 1 diverged"));
}

TEST_F(ExperimentProcessTest, AFolderOfAnotherExperimentIsRefused) {
  ASSERT_EQ(Run(WriteSmall()), 0) << err_;
  EXPECT_EQ(Run(WriteSmall({{R"("epochs":3)", R"("epochs":4)"}})), 2);
  EXPECT_THAT(err_, HasSubstr("run.json: is another run than the experiment has now"));
  EXPECT_THAT(err_, HasSubstr("runs/base/seed-1"));
}

TEST_F(ExperimentProcessTest, UnusableFilesAndFlagsHaveAnExitStatusOfTheirOwn) {
  EXPECT_EQ(Run(WriteSmall({{"variants", "variant"}})), 2);
  EXPECT_THAT(err_, HasSubstr("small.json"));
  EXPECT_EQ(Run(Path("nowhere.json")), 2);
  EXPECT_EQ(Run(WriteSmall(), "", {"--run", WriteSmall()}), 2);
  EXPECT_EQ(Run(WriteSmall(), "", {"--events-fd", "1"}), 2);
  EXPECT_THAT(err_, Not(HasSubstr("run 1 of")));
}

}  // namespace
}  // namespace localmamba
