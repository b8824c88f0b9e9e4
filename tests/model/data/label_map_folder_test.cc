#include "model/data/label_map_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/images.h"
#include "tests/support/temporary_folder.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string LabelPng(const Bytes& labels) {
  const Bytes png = EncodePng(
      {.height = 1, .width = static_cast<int>(labels.size()), .channels = 1, .pixels = labels});
  return {png.begin(), png.end()};
}

class LabelMapFolderTest : public testing::Test {
 protected:
  absl::StatusOr<LabelMapFolder> Open(const std::map<std::string, std::string>& files,
                                      const std::string& part = "val",
                                      const LabelMapOptions& options = {}) {
    folder_.Write(files);
    return LabelMapFolder::Open(FileTree::Open(folder_.path()).value(), part, options);
  }
  std::vector<int32_t> Labels(const LabelMapFolder& data, int64_t index) {
    const Tensor labels = data.ReadLabels(index, *memory_).value();
    return {labels.data<int32_t>(), labels.data<int32_t>() + labels.elements()};
  }
  std::string Message(const absl::Status& status, absl::StatusCode code) {
    EXPECT_EQ(status.code(), code);
    return std::string(status.message());
  }

  const TemporaryFolder folder_;
  const std::unique_ptr<Allocator> memory_ = CreateDeviceAllocator(Device::Cpu()).value();
};

TEST_F(LabelMapFolderTest, PairsImagesWithLabelMapsByName) {
  const auto data = Open({{"images/val/b.x.jpg", "B"},
                          {"images/val/a.PNG", "A"},
                          {"images/val/.c.jpg", ""},
                          {"images/val/notes.txt", ""},
                          {"annotations/val/a.png", LabelPng({0, 1, 255, 150, 254})},
                          {"annotations/val/b.x.png", LabelPng({7})},
                          {"annotations/val/unused.png", ""}});
  ASSERT_TRUE(data.ok()) << data.status();
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->path(0), "images/val/a.PNG");
  EXPECT_THAT(data->Read(1, 10).value(), ElementsAre('B'));
  EXPECT_THAT(Labels(*data, 0), ElementsAre(0, 1, 255, 150, 254));
  EXPECT_THAT(Labels(*data, 1), ElementsAre(7));
}

TEST_F(LabelMapFolderTest, ReducesTheZeroLabel) {
  const auto data = Open({{"images/a.jpg", ""}, {"annotations/a.png", LabelPng({0, 1, 255, 150})}},
                         "", {.reduce_zero_label = true});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(Labels(*data, 0), ElementsAre(255, 0, 255, 149));
}

TEST_F(LabelMapFolderTest, NamesWhatIsMissing) {
  EXPECT_THAT(Message(Open({{"images/x/a.jpg", ""}, {"annotations/x/b.png", ""}}, "x").status(),
                      absl::StatusCode::kNotFound),
              HasSubstr("images/x/a.jpg has no label map annotations/x/a.png"));
  EXPECT_THAT(Message(Open({{"images/y/a.txt", ""}, {"annotations/y/a.png", ""}}, "y").status(),
                      absl::StatusCode::kInvalidArgument),
              HasSubstr("images/y has no images"));
  EXPECT_THAT(Message(Open({{"images/z/a.jpg", ""}}, "z").status(), absl::StatusCode::kNotFound),
              HasSubstr("annotations/z"));
  const auto data = Open({{"images/v/a.jpg", ""}, {"annotations/v/a.png", "text"}}, "v");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(Message(data->ReadLabels(0, *memory_).status(), absl::StatusCode::kInvalidArgument),
              HasSubstr("annotations/v/a.png: label map: is no PNG"));
}

}  // namespace
}  // namespace localmamba
