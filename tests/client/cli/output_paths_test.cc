#include "client/cli/output_paths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace localmamba::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(OutputPathsTest, OneImageGoesToAFile) {
  EXPECT_THAT(OutputPaths({"a/cat.jpg"}, "out.png").value(), ElementsAre("out.png"));
}

TEST(OutputPathsTest, SeveralImagesGoToAFolderUnderTheirNames) {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/new/out";
  EXPECT_THAT(OutputPaths({"a/cat.jpg", "b/cat.png", "dog"}, out).value(),
              ElementsAre(out + "/cat.png", out + "/cat-2.png", out + "/dog.png"));
  EXPECT_TRUE(std::filesystem::is_directory(out));
}

TEST(OutputPathsTest, OneImageGoesToAFolderThatIsThereOrIsCalledOne) {
  const TemporaryFolder folder;
  EXPECT_THAT(OutputPaths({"cat.jpg"}, folder.path()).value(),
              ElementsAre(folder.path() + "/cat.png"));
  EXPECT_THAT(OutputPaths({"cat.jpg"}, folder.path() + "/new/").value(),
              ElementsAre(folder.path() + "/new/cat.png"));
}

TEST(OutputPathsTest, RefusesWhatCannotBeMeant) {
  const TemporaryFolder folder;
  const std::string image = folder.path() + "/cat.png";
  std::ofstream(image) << "a picture";
  EXPECT_THAT(OutputPaths({"a.jpg", "b.jpg"}, "out.png").status().message(),
              HasSubstr("wanted a folder for those of 2 images"));
  EXPECT_THAT(OutputPaths({"a.jpg"}, "out.jpg").status().message(), HasSubstr("wanted .png"));
  EXPECT_THAT(OutputPaths({image}, folder.path()).status().message(),
              HasSubstr("would be written over"));
  EXPECT_THAT(OutputPaths({"a.jpg", "b.jpg"}, image + "/folder").status().message(),
              HasSubstr("cannot be made a folder"));
}

}  // namespace
}  // namespace localmamba::client
