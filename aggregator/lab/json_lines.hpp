// JSON Lines files: one JSON object a line. Errors read "PATH:LINE:COLUMN: reason", COLUMN being
// the byte in the line, from 1.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "lab/csv_reader.hpp"

namespace sotto {

/// Reads one file from front to back; empty lines are skipped. Thread safety: one thread at a time.
class JsonLinesReader {
 public:
  /// Errors: kNotFound, kIo.
  static Result<JsonLinesReader> open(const std::string& path);

  /// Moves to the next object; false at the end of the file. Errors: kMalformed, kIo.
  Result<bool> next();
  const boost::json::object& object() const { return value_.get_object(); }

  /// kMalformed with the place of a member of this object in front of the reason.
  Error error(std::string_view member, const std::string& reason) const;

  /// A member that is a string or a whole number, as a string. Missing: kMalformed.
  Result<std::string> id(std::string_view member) const;
  /// A member that is a string; empty when it is missing or null.
  Result<std::string> text(std::string_view member) const;
  /// A member that is a number; nothing when it is missing or null.
  Result<std::optional<double>> number(std::string_view member) const;

 private:
  explicit JsonLinesReader(CsvReader lines) : lines_(std::move(lines)) {}

  CsvReader lines_;
  boost::json::value value_;
};

/// The text as a JSON string with its quotes.
std::string json_string(std::string_view text);

}  // namespace sotto
