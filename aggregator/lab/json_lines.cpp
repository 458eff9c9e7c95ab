#include "lab/json_lines.hpp"

#include <cmath>

namespace sotto {

namespace json = boost::json;

Result<JsonLinesReader> JsonLinesReader::open(const std::string& path) {
  SOTTO_TRY(auto lines, CsvReader::open(path, {.separator = "\n", .quotes = false}));
  return JsonLinesReader(std::move(lines));
}

Result<bool> JsonLinesReader::next() {
  SOTTO_TRY(const bool any, lines_.next());
  if (!any) return false;
  const std::string_view line = lines_.fields()[0];
  json::stream_parser parser;
  json::error_code code;
  size_t parsed = parser.write_some(line.data(), line.size(), code);
  if (!code && parsed < line.size()) code = json::error::extra_data;
  if (!code) parser.finish(code);
  if (code) return lines_.error(parsed, "not JSON: " + code.message());
  value_ = parser.release();
  if (!value_.is_object()) return lines_.error(0, "not a JSON object");
  return true;
}

Error JsonLinesReader::error(std::string_view member, const std::string& reason) const {
  const std::string key = json_string(member);
  const size_t place = lines_.fields()[0].find(key);
  return lines_.error(place == std::string_view::npos ? 0 : place, key + " " + reason);
}

Result<std::string> JsonLinesReader::id(std::string_view member) const {
  const json::value* value = object().if_contains(member);
  if (value == nullptr) return error(member, "is missing");
  if (value->is_string()) return std::string(value->get_string());
  if (value->is_int64()) return std::to_string(value->get_int64());
  if (value->is_uint64()) return std::to_string(value->get_uint64());
  return error(member, "is neither a string nor a whole number");
}

Result<std::string> JsonLinesReader::text(std::string_view member) const {
  const json::value* value = object().if_contains(member);
  if (value == nullptr || value->is_null()) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  return error(member, "is not a string");
}

Result<std::optional<double>> JsonLinesReader::number(std::string_view member) const {
  const json::value* value = object().if_contains(member);
  if (value == nullptr || value->is_null()) return std::optional<double>();
  if (!value->is_number()) return error(member, "is not a number");
  const auto number = value->to_number<double>();
  if (!std::isfinite(number)) return error(member, "is out of range");
  return std::optional(number);
}

std::string json_string(std::string_view text) { return json::serialize(json::string(text)); }

}  // namespace sotto
