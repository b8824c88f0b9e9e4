// Tar files in memory, for tests of what reads them.
#ifndef LOCALMAMBA_TESTS_SUPPORT_TAR_H_
#define LOCALMAMBA_TESTS_SUPPORT_TAR_H_

#include <string>
#include <utility>
#include <vector>

namespace localmamba {

enum class TarStyle {
  kUstar,  // long paths split into prefix and name
  kGnu,    // long paths in an entry of their own before the file's
  kPax,    // the path and the size in an extended header, nonsense in the file's own
};

// Builds a tar file entry by entry.
class TarBuilder {
 public:
  explicit TarBuilder(TarStyle style = TarStyle::kUstar) : style_(style) {}

  void AddFile(const std::string& path, const std::string& content);
  void AddFolder(const std::string& path) { AddEntry(path, '5', ""); }
  // An entry of any type.
  void AddEntry(const std::string& path, char type, const std::string& content);

  // With the two empty blocks that end a tar file.
  [[nodiscard]] std::string Finish() const { return bytes_ + std::string(1024, '\0'); }

 private:
  void AppendHeader(const std::string& prefix, const std::string& name, char type, size_t size);
  void AppendContent(const std::string& content);

  TarStyle style_;
  std::string bytes_;
};

}  // namespace localmamba

#endif  // LOCALMAMBA_TESTS_SUPPORT_TAR_H_
