#include "vdaf/json.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sotto {

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : rest_(text) {}

  bool document(Json& out) {
    if (!value(out, 0)) return false;
    skip_space();
    return rest_.empty();
  }

 private:
  static constexpr int kMaxDepth = 64;

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  bool at_digit() const { return !rest_.empty() && is_digit(rest_.front()); }

  void skip_space() {
    const size_t n = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(n == std::string_view::npos ? rest_.size() : n);
  }
  bool take(std::string_view word) {
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool take_token(std::string_view word) {
    skip_space();
    return take(word);
  }
  bool digits() {
    if (!at_digit()) return false;
    while (at_digit()) rest_.remove_prefix(1);
    return true;
  }

  bool value(Json& out, int depth) {
    if (depth == kMaxDepth) return false;
    skip_space();
    if (rest_.empty()) return false;
    switch (rest_.front()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': out.kind_ = Json::Kind::kString; return string(out.text_);
      case 'n': return take("null");
      case 't':
      case 'f':
        out.kind_ = Json::Kind::kBool;
        out.boolean_ = rest_.front() == 't';
        return take(out.boolean_ ? "true" : "false");
      default: return number(out);
    }
  }

  bool number(Json& out) {
    const std::string_view begin = rest_;
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (take("e") || take("E")) {
      if (!take("+")) take("-");
      if (!digits()) return false;
    }
    out.kind_ = Json::Kind::kNumber;
    out.text_ = begin.substr(0, begin.size() - rest_.size());
    return true;
  }

  bool string(std::string& out) {
    if (!take("\"")) return false;
    const auto ends = [](char c) {
      return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ';
    };
    const auto end = std::find_if(rest_.begin(), rest_.end(), ends);
    if (end == rest_.end() || *end != '"') return false;
    const auto size = static_cast<size_t>(end - rest_.begin());
    out = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return true;
  }

  bool array(Json& out, int depth) {
    out.kind_ = Json::Kind::kArray;
    take("[");
    if (take_token("]")) return true;
    do {
      if (!value(out.elements_.emplace_back(), depth + 1)) return false;
    } while (take_token(","));
    return take_token("]");
  }

  bool object(Json& out, int depth) {
    out.kind_ = Json::Kind::kObject;
    take("{");
    if (take_token("}")) return true;
    do {
      skip_space();
      std::string name;
      if (!string(name) || out.find(name) != nullptr || !take_token(":")) return false;
      if (!value(out.members_.emplace_back(std::move(name), Json()).second, depth + 1))
        return false;
    } while (take_token(","));
    return take_token("}");
  }

  std::string_view rest_;
};

namespace {

void require(bool holds, const char* what, std::string_view where = {}) {
  if (holds) return;
  std::fprintf(stderr, "test vector: expected %s %.*s\n", what, static_cast<int>(where.size()),
               where.data());
  std::abort();
}

// The whole text, or the program ends.
template <class T, class Convert>
T converted(const std::string& text, const char* what, Convert convert) {
  char* end = nullptr;
  const T value = static_cast<T>(convert(text.c_str(), &end));
  require(end == text.c_str() + text.size(), what, text);
  return value;
}

}  // namespace

std::optional<Json> Json::parse(std::string_view text) {
  Json json;
  if (!JsonReader(text).document(json)) return std::nullopt;
  return json;
}

bool Json::boolean() const {
  require(kind_ == Kind::kBool, "true or false");
  return boolean_;
}

const std::string& Json::text() const {
  require(kind_ == Kind::kString, "a string");
  return text_;
}

const std::string& Json::number_text() const {
  require(kind_ == Kind::kNumber, "a number");
  return text_;
}

uint64_t Json::u64() const {
  require(!number_text().starts_with('-'), "no minus sign in", text_);
  return converted<uint64_t>(text_, "an integer, not",
                             [](const char* s, char** end) { return std::strtoull(s, end, 10); });
}

int64_t Json::i64() const {
  return converted<int64_t>(number_text(), "an integer, not",
                            [](const char* s, char** end) { return std::strtoll(s, end, 10); });
}

double Json::real() const {
  return converted<double>(number_text(), "a number, not",
                           [](const char* s, char** end) { return std::strtod(s, end); });
}

size_t Json::size() const {
  require(kind_ == Kind::kArray || kind_ == Kind::kObject, "an array or object");
  return elements_.size() + members_.size();
}

const std::vector<Json>& Json::elements() const {
  require(kind_ == Kind::kArray, "an array");
  return elements_;
}

const std::vector<std::pair<std::string, Json>>& Json::members() const {
  require(kind_ == Kind::kObject, "an object");
  return members_;
}

const Json& Json::operator[](size_t index) const {
  require(index < elements().size(), "more elements");
  return elements_[index];
}

const Json& Json::operator[](std::string_view name) const {
  const Json* member = find(name);
  require(member != nullptr, "a member", name);
  return *member;
}

const Json* Json::find(std::string_view name) const {
  for (const auto& [key, value] : members())
    if (key == name) return &value;
  return nullptr;
}

}  // namespace sotto
