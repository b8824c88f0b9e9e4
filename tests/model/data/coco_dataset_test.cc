#include "model/data/coco_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/support/temporary_folder.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CocoDataset> Open(const TemporaryFolder& folder,
                                 const std::map<std::string, std::string>& files) {
  folder.Write(files);
  return CocoDataset::Open(folder / "instances.json", FileTree::Open(folder.path()).value());
}

std::string Message(const std::map<std::string, std::string>& files, absl::StatusCode code) {
  const TemporaryFolder folder;
  const absl::Status status = Open(folder, files).status();
  EXPECT_EQ(status.code(), code);
  return std::string(status.message());
}

std::string Images(const std::string& images) {
  return absl::StrCat(R"({"images": [)", images, R"(], "categories": [], "annotations": []})");
}

TEST(CocoDatasetTest, OrdersImagesByIdAndCategoriesAsTheFile) {
  const TemporaryFolder folder;
  const auto data = Open(folder, {{"instances.json", R"({
      "annotations": [{"image_id": 4, "category_id": 2, "bbox": [1, 1, 2, 2], "area": 4}],
      "images": [{"id": 9, "height": 4, "width": 5, "file_name": "val/b.jpg"},
                 {"id": 4, "height": 6, "width": 7, "file_name": "a.jpg"}],
      "categories": [{"id": 7, "name": "cat"}, {"id": 2, "name": "dog"}]})"},
                                  {"val/b.jpg", "B"},
                                  {"a.jpg", "A"}});
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(data->truth().category_order, ElementsAre(7, 2));
  EXPECT_EQ(data->truth().objects.size(), 1U);
  ASSERT_EQ(data->size(), 2);
  EXPECT_EQ(data->id(0), 4);
  EXPECT_EQ(data->path(1), "val/b.jpg");
  EXPECT_EQ(data->image(1).width, 5);
  EXPECT_THAT(data->Read(1, 10).value(), ElementsAre('B'));
}

TEST(CocoDatasetTest, NamesMissingImages) {
  std::vector<std::string> images;
  for (int id = 1; id <= 5; ++id) {
    images.push_back(absl::StrCat(R"({"height": 1, "width": 1, "id": )", id,
                                  R"(, "file_name": "x/)", id, R"(.jpg"})"));
  }
  const std::string json = Images(absl::StrJoin(images, ","));
  EXPECT_THAT(
      Message({{"instances.json", json}, {"x/2.jpg", ""}}, absl::StatusCode::kNotFound),
      HasSubstr("instances.json: 4 of 5 images are missing: x/1.jpg, x/3.jpg, x/4.jpg, ..."));
  EXPECT_THAT(Message({{"other.json", ""}}, absl::StatusCode::kNotFound),
              HasSubstr("instances.json"));
}

TEST(CocoDatasetTest, RefusesPathsOutOfTheTreeAndImpossibleSizes) {
  const auto message = [](const std::string& fields) {
    return Message({{"instances.json", Images(R"({"id": 3, )" + fields + "}")}},
                   absl::StatusCode::kInvalidArgument);
  };
  EXPECT_THAT(message(R"("height": 1, "width": 1, "file_name": "../a.jpg")"),
              HasSubstr("image 3: \"file_name\" is \"../a.jpg\""));
  EXPECT_THAT(message(R"("height": 1, "width": 1, "file_name": "/a.jpg")"), HasSubstr("/a.jpg"));
  EXPECT_THAT(message(R"("height": 1, "width": 1)"), HasSubstr("\"file_name\" is \"\""));
  EXPECT_THAT(message(R"("height": 0, "width": 1, "file_name": "a")"),
              HasSubstr("images[0]: \"height\" is 0, wanted 1 to"));
  EXPECT_THAT(message(R"("height": 1, "width": 99999, "file_name": "a")"),
              HasSubstr("images[0]: \"width\" is 99999"));
}

}  // namespace
}  // namespace localmamba
