#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/repository/model_repository.h"
#include "tests/support/fake_models.h"

namespace localmamba::server {
namespace {

using testing::HasSubstr;

class FindVersionTest : public testing::Test {
 protected:
  const std::shared_ptr<FakeEngineControl> control_ = std::make_shared<FakeEngineControl>();
  const ModelRepository repository_{{FakeVersion("b", 10, control_), FakeVersion("a", 1, control_),
                                     FakeVersion("a", 2, control_)}};
};

TEST_F(FindVersionTest, FindsByNumberByLabelAndTheNewest) {
  EXPECT_EQ((*repository_.Find("a", "1"))->version, 1);
  EXPECT_EQ((*repository_.Find("a", "stable"))->version, 1);
  EXPECT_EQ((*repository_.Find("a", ""))->version, 2);
  EXPECT_EQ((*repository_.Find("b", ""))->version, 10);
}

TEST_F(FindVersionTest, TellsWhatExists) {
  const absl::Status model = repository_.Find("c", "").status();
  EXPECT_EQ(model.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(model.message()), HasSubstr(R"(served are: "a", "b")"));
  const absl::Status version = repository_.Find("a", "3").status();
  EXPECT_EQ(version.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(version.message()), HasSubstr("served are: 1, 2"));
  const absl::Status label = repository_.Find("a", "canary").status();
  EXPECT_EQ(label.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(label.message()), HasSubstr(R"(its labels are: "stable")"));
}

TEST_F(FindVersionTest, ListsByModelThenVersion) {
  std::string names;
  for (const auto& version : repository_.List()) {
    absl::StrAppend(&names, version->model, version->version, " ");
  }
  EXPECT_EQ(names, "a1 a2 b10 ");
}

}  // namespace
}  // namespace localmamba::server
