// A strict reader of JSON (RFC 8259), just enough for files of test vectors.
//
// Numbers stay text, so that none loses a digit. Strings are taken as they stand: one with a
// backslash is refused, for no vector file has any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sotto {

class Json {
 public:
  enum class Kind : uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

  /// One value and nothing but space around it. Nothing where the text is not that, where a name
  /// occurs twice in an object, or below 64 levels of nesting.
  static std::optional<Json> parse(std::string_view text);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }

  // A value of another kind, or a missing element or name, ends the program and says what was asked
  // for: a test cannot go on without its vector.

  bool boolean() const;
  const std::string& text() const;  ///< of a string
  const std::string& number_text() const;
  uint64_t u64() const;
  int64_t i64() const;
  double real() const;

  /// How many elements or members.
  size_t size() const;
  const std::vector<Json>& elements() const;
  const std::vector<std::pair<std::string, Json>>& members() const;
  const Json& operator[](size_t index) const;
  const Json& operator[](std::string_view name) const;
  /// Null where the object has no such name.
  const Json* find(std::string_view name) const;

 private:
  friend class JsonReader;

  Kind kind_ = Kind::kNull;
  bool boolean_ = false;
  std::string text_;
  std::vector<Json> elements_;
  std::vector<std::pair<std::string, Json>> members_;
};

}  // namespace sotto
