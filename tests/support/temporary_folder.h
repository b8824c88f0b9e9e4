// A folder that is there as long as the object is.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
#define LOCALMAMBA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "kernels/base/check.h"

namespace localmamba {

// New and empty, below the tests' temporary folder. Failures abort.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(testing::TempDir() + "localmamba_XXXXXX") {
    LM_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  // The path of a file in it.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  // Writes files, by path in the folder, and the folders they need.
  void Write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, content] : files) {
      const std::filesystem::path target = std::filesystem::path(path_) / name;
      std::filesystem::create_directories(target.parent_path());
      std::ofstream out(target, std::ios::binary);
      out.write(content.data(), static_cast<std::streamsize>(content.size()));
      LM_CHECK(out.good());
    }
  }

 private:
  std::string path_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TEMPORARY_FOLDER_H_
