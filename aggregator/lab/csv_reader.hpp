// Delimiter-separated text files of any size, read in large blocks: CSV, TSV, and MovieLens' "::"
// and "|" files.
//
// Handles CRLF and lone LF, a UTF-8 byte order mark, fields in double quotes with separators, line
// ends and doubled quotes inside, and skips empty lines. Every error reads
// "PATH:LINE:COLUMN: reason", where COLUMN is the number of the field, both from 1.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace sotto {

struct CsvFormat {
  std::string separator = ",";  ///< One or two characters.
  bool quotes = true;           ///< Whether a field that starts with '"' is a quoted one.
};

/// The format of a file by its first line: tab, "::", "," , ";" or "|", whichever comes first in
/// this list and occurs in it; "," when none does. Quotes are off for "::" and "|".
/// Errors: kNotFound, kIo.
Result<CsvFormat> guess_csv_format(const std::string& path);

/// Reads one file from front to back. Thread safety: one thread at a time.
class CsvReader {
 public:
  static constexpr size_t kMaxRecordSize = 64u << 20;  ///< bytes

  /// Errors: kNotFound, kIo.
  static Result<CsvReader> open(const std::string& path, CsvFormat format);

  /// Moves to the next record; false at the end of the file. Errors: kMalformed, kIo.
  Result<bool> next();

  /// The record's fields (at least one), valid until the next call of next().
  std::span<const std::string_view> fields() const { return fields_; }
  /// The line that the record starts on.
  uint64_t line() const { return line_; }

  /// kMalformed with the place of a field (from 0) of this record in front of the reason.
  Error error(size_t field, const std::string& reason) const;
  /// A field as a finite number; spaces around it are allowed. `name` is for the error.
  /// Precondition of these: field < fields().size().
  Result<double> number(size_t field, const char* name) const;
  /// A field as a whole number; "881250949.0" is one too.
  Result<int64_t> integer(size_t field, const char* name) const;

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  CsvReader(std::string path, CsvFormat format, std::FILE* file);
  Result<bool> fill();
  Result<bool> find_record_end(size_t& end);
  void split(const char* record, size_t size);
  Status split_quoted(char* record, size_t size);

  std::string path_;
  CsvFormat format_;
  std::unique_ptr<std::FILE, Close> file_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // of what is not consumed yet
  size_t end_ = 0;    // of what was read
  bool at_end_ = false;
  uint64_t line_ = 0;
  uint64_t next_line_ = 1;
  std::vector<std::string_view> fields_;
};

/// Text as a whole number or as a finite number, without spaces; false when it is none.
bool parse_integer(std::string_view text, int64_t& value);
bool parse_number(std::string_view text, double& value);

}  // namespace sotto
