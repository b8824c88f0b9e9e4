// Text that comes from file names, which can have any bytes, on its way to JSON and messages.
#ifndef LOCALMAMBA_MODEL_DATA_UTF8_H_
#define LOCALMAMBA_MODEL_DATA_UTF8_H_

#include <string>

namespace localmamba {

// `text` with U+FFFD in place of what is not UTF-8.
std::string ToUtf8(const std::string& text);

inline bool IsUtf8(const std::string& text) { return ToUtf8(text) == text; }

}  // namespace localmamba

#endif  // LOCALMAMBA_MODEL_DATA_UTF8_H_
