#include "tests/support/tar.h"

#include <cstdint>
#include <cstdio>

#include "kernels/base/check.h"

namespace localmamba {
namespace {

constexpr size_t kBlock = 512;

void Put(std::string& block, size_t position, size_t size, const std::string& text) {
  LM_CHECK(text.size() <= size);
  block.replace(position, text.size(), text);
}

std::string Octal(size_t value, int digits) {
  std::string text(static_cast<size_t>(digits) + 1, '\0');
  std::snprintf(text.data(), text.size(), "%0*zo", digits, value);
  text.pop_back();
  return text;
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
std::string PaxRecord(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

}  // namespace

void TarBuilder::AddFile(const std::string& path, const std::string& content) {
  AddEntry(path, '0', content);
}

void TarBuilder::AddEntry(const std::string& path, char type, const std::string& content) {
  std::string prefix;
  std::string name = path;
  if (style_ == TarStyle::kUstar && path.size() > 100) {
    const size_t slash = path.rfind('/', 155);
    LM_CHECK(slash != std::string::npos && path.size() - slash - 1 <= 100);
    prefix = path.substr(0, slash);
    name = path.substr(slash + 1);
  } else if (style_ == TarStyle::kGnu && path.size() > 100) {
    AppendHeader("", "././@LongLink", 'L', path.size() + 1);
    AppendContent(path + '\0');
    name = path.substr(0, 100);
  } else if (style_ == TarStyle::kPax) {
    const std::string records = PaxRecord("mtime", "1.5") + PaxRecord("path", path) +
                                PaxRecord("size", std::to_string(content.size()));
    AppendHeader("", "PaxHeader", 'x', records.size());
    AppendContent(records);
    name = "wrong";
  }
  AppendHeader(prefix, name, type, style_ == TarStyle::kPax ? 0 : content.size());
  AppendContent(content);
}

void TarBuilder::AppendHeader(const std::string& prefix, const std::string& name, char type,
                              size_t size) {
  std::string block(kBlock, '\0');
  Put(block, 0, 100, name);
  Put(block, 100, 8, "0000644");
  Put(block, 124, 12, Octal(size, 11));
  Put(block, 148, 8, "        ");
  block[156] = type;
  Put(block, 257, 8,
      style_ == TarStyle::kGnu ? std::string("ustar  \0", 8) : std::string("ustar\00000", 8));
  Put(block, 345, 155, prefix);
  size_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  Put(block, 148, 8, Octal(sum, 6) + std::string("\0 ", 2));
  bytes_ += block;
}

void TarBuilder::AppendContent(const std::string& content) {
  bytes_ += content;
  bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

}  // namespace localmamba
