#include "model/search/supernet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/networks/variants.h"

namespace localmamba {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(SupernetTest, OfTheOfficialModelsIsTheOfficialOne) {
  SearchConfig search{.width = 128};
  const auto vim =
      std::get<LocalVimConfig>(*MakeSupernet(*VariantConfig("local_vim_tiny"), search));
  const auto vim_search = std::get<LocalVimConfig>(*VariantConfig("local_vim_tiny_search"));
  EXPECT_EQ(vim.embed_dim, vim_search.embed_dim);
  EXPECT_TRUE(vim.scan.supernet);
  EXPECT_EQ(vim.scan.directions, vim_search.scan.directions);
  search.width = 32;
  const auto vssm =
      std::get<LocalVMambaConfig>(*MakeSupernet(*VariantConfig("local_vssm_tiny"), search));
  const auto vssm_search = std::get<LocalVMambaConfig>(*VariantConfig("local_vssm_tiny_search"));
  EXPECT_EQ(vssm.dims, vssm_search.dims);
  EXPECT_EQ(vssm.scan.directions, vssm_search.scan.directions);
}

TEST(SupernetTest, ADerivedNetworkHasTheFoundDirections) {
  const NetworkConfig target = *VariantConfig("local_vim_tiny");
  const auto directions = RandomDirections(SearchConfig(), 20, 1);
  const NetworkConfig found = WithDirections(*MakeSupernet(target, SearchConfig()), directions);
  EXPECT_FALSE(Scan(found).supernet);
  EXPECT_EQ(Scan(found).directions, directions);
}

TEST(SupernetTest, AWidthThatDoesNotScaleIsRefused) {
  LocalVMambaConfig target;
  target.dims = {96, 144};
  target.depths = {1, 1};
  target.scan.directions.assign(2, {OfficialCandidates()[0]});
  const auto supernet = MakeSupernet(target, {.width = 31});
  EXPECT_EQ(supernet.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(supernet.status().message()), HasSubstr("search.width is 31"));
}

TEST(SearchConfigTest, NamesWhatIsOutOfRange) {
  SearchConfig config;
  config.directions_per_layer = 9;
  EXPECT_THAT(std::string(Validate(config).message()),
              HasSubstr("search.directions_per_layer is 9, wanted 1 to the number of candidates"));
  config = {};
  config.candidates.push_back(config.candidates[2]);
  EXPECT_THAT(std::string(Validate(config).message()), HasSubstr("search.candidates has v twice"));
  config.candidates.clear();
  EXPECT_THAT(std::string(Validate(config).message()), HasSubstr("has 0 directions"));
  EXPECT_TRUE(Validate(SearchConfig()).ok());
}

TEST(RandomDirectionsTest, AreSortedSubsetsThatDependOnTheSeed) {
  const SearchConfig config;
  const auto lists = RandomDirections(config, 20, 7);
  EXPECT_EQ(lists, RandomDirections(config, 20, 7));
  EXPECT_NE(lists, RandomDirections(config, 20, 8));
  for (const LayerDirections& layer : lists) {
    ASSERT_EQ(layer.size(), 4U);
    size_t next = 0;  // the candidate after the last one that was found
    for (const ScanDirection& direction : layer) {
      while (next < config.candidates.size() && !(config.candidates[next] == direction)) ++next;
      ASSERT_LT(next++, config.candidates.size()) << "not in candidate order";
    }
  }
}

}  // namespace
}  // namespace localmamba
