#include "lab/csv_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "lab/encoding.hpp"

namespace sotto {
namespace {

constexpr size_t kBlockSize = 1u << 18;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Error io_error(const std::string& path, int number) {
  const auto code = number == ENOENT || number == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo;
  return {code, path + ": " + std::strerror(number)};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// The position of the first '\n' outside quotes; npos when the text ends before.
size_t end_of_quoted_record(std::string_view text, std::string_view separator) {
  bool field_starts = true;
  size_t at = 0;
  while (at < text.size()) {
    if (field_starts && text[at] == '"') {
      do {
        at = text.find('"', at + 1);
        if (at == std::string_view::npos) return at;
        ++at;
      } while (at < text.size() && text[at] == '"');
      field_starts = false;
    } else if (text[at] == '\n') {
      return at;
    } else {
      field_starts = text.substr(at).starts_with(separator);
      at += field_starts ? separator.size() : 1;
    }
  }
  return std::string_view::npos;
}

}  // namespace

bool parse_integer(std::string_view text, int64_t& value) {
  const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc{} && rest == text.data() + text.size();
}

bool parse_number(std::string_view text, double& value) {
  const auto [rest, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  return status == std::errc{} && rest == text.data() + text.size() && std::isfinite(value);
}

Result<CsvFormat> guess_csv_format(const std::string& path) {
  SOTTO_TRY(auto reader, CsvReader::open(path, {.separator = "\n", .quotes = false}));
  SOTTO_TRY(const bool any, reader.next());
  if (!any) return CsvFormat{};
  const std::string_view first = reader.fields()[0];
  for (const char* separator : {"\t", "::", ",", ";", "|"}) {
    if (first.find(separator) == std::string_view::npos) continue;
    const bool plain = separator == std::string_view("::") || separator == std::string_view("|");
    return CsvFormat{.separator = separator, .quotes = !plain};
  }
  return CsvFormat{};
}

CsvReader::CsvReader(std::string path, CsvFormat format, std::FILE* file)
    : path_(std::move(path)), format_(std::move(format)), file_(file), buffer_(kBlockSize) {}

Result<CsvReader> CsvReader::open(const std::string& path, CsvFormat format) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return io_error(path, errno);
  std::setvbuf(file, nullptr, _IONBF, 0);  // the blocks are large enough
  CsvReader reader(path, std::move(format), file);
  SOTTO_CHECK_OK(reader.fill());
  if (std::string_view(reader.buffer_.data(), reader.end_).starts_with(kByteOrderMark))
    reader.begin_ = kByteOrderMark.size();
  return reader;
}

// Reads one more block behind what is not consumed; false when the file has no more.
Result<bool> CsvReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    if (end_ >= kMaxRecordSize)
      return Error{ErrorCode::kMalformed, path_ + ":" + std::to_string(next_line_) +
                                              ":1: the line is too long, or a quote is not closed"};
    buffer_.resize(buffer_.size() * 2);
  }
  errno = 0;
  const size_t n = std::fread(buffer_.data() + end_, 1, buffer_.size() - end_, file_.get());
  if (n == 0 && std::ferror(file_.get()) != 0) return io_error(path_, errno);
  end_ += n;
  at_end_ = n == 0;
  return n > 0;
}

// Sets `end` to the position of the record's '\n' (or the end of the file) relative to begin_;
// false when nothing is left.
Result<bool> CsvReader::find_record_end(size_t& end) {
  size_t searched = 0;  // up to here there is no '\n'
  while (true) {
    const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
    end = rest.find('\n', searched);
    searched = std::min(end, rest.size());
    if (format_.quotes && rest.substr(0, searched).find('"') != std::string_view::npos) {
      end = end_of_quoted_record(rest, format_.separator);
      searched = 0;
    }
    if (end != std::string_view::npos) return true;
    SOTTO_TRY(const bool more, fill());
    if (more) continue;
    end = end_ - begin_;
    return end > 0;
  }
}

Result<bool> CsvReader::next() {
  while (true) {
    size_t end = 0;
    SOTTO_TRY(const bool any, find_record_end(end));
    if (!any) return false;
    char* record = buffer_.data() + begin_;
    begin_ = std::min(begin_ + end + 1, end_);
    line_ = next_line_;
    next_line_ += 1;
    size_t size = end;
    if (size > 0 && record[size - 1] == '\r') --size;
    if (size == 0) continue;
    if (!format_.quotes || std::memchr(record, '"', size) == nullptr) {
      split(record, size);
    } else {
      next_line_ += static_cast<uint64_t>(std::count(record, record + size, '\n'));
      SOTTO_CHECK_OK(split_quoted(record, size));
    }
    return true;
  }
}

void CsvReader::split(const char* record, size_t size) {
  fields_.clear();
  const char first = format_.separator[0];
  const size_t width = format_.separator.size();
  const char* begin = record;
  const char* const end = record + size;
  for (const char* at = begin; at < end; ++at) {
    if (*at != first) continue;
    if (width == 2 && (at + 1 == end || at[1] != format_.separator[1])) continue;
    fields_.emplace_back(begin, static_cast<size_t>(at - begin));
    begin = at + width;
    at = begin - 1;
  }
  fields_.emplace_back(begin, static_cast<size_t>(end - begin));
}

// Unescapes in place: a field never gets longer.
Status CsvReader::split_quoted(char* record, size_t size) {
  fields_.clear();
  const char* const end = record + size;
  const auto starts_separator = [&](const char* at) {
    return std::string_view(at, static_cast<size_t>(end - at)).starts_with(format_.separator);
  };
  char* at = record;
  while (true) {
    char* const begin = at;
    char* out = at;
    if (at < end && *at == '"') {
      ++at;
      while (true) {
        if (at == end) return error(fields_.size(), "the quote is not closed");
        if (*at == '"') {
          ++at;
          if (at == end || *at != '"') break;
        }
        *out++ = *at++;
      }
      if (at < end && !starts_separator(at))
        return error(fields_.size(), "text after the closing quote");
    } else {
      while (at < end && !starts_separator(at)) ++at;
      out = at;
    }
    fields_.emplace_back(begin, static_cast<size_t>(out - begin));
    if (at == end) return {};
    at += format_.separator.size();
  }
}

Error CsvReader::error(size_t field, const std::string& reason) const {
  return {ErrorCode::kMalformed,
          path_ + ":" + std::to_string(line_) + ":" + std::to_string(field + 1) + ": " + reason};
}

Result<double> CsvReader::number(size_t field, const char* name) const {
  double value = 0;
  if (parse_number(trimmed(fields_[field]), value)) return value;
  return error(field, std::string(name) + " is not a number: " + quote(fields_[field]));
}

Result<int64_t> CsvReader::integer(size_t field, const char* name) const {
  constexpr double kExact = 9007199254740992.0;  // 2^53: doubles up to here are exact
  const std::string_view text = trimmed(fields_[field]);
  int64_t whole = 0;
  if (parse_integer(text, whole)) return whole;
  double value = 0;
  if (parse_number(text, value) && std::abs(value) < kExact)
    return static_cast<int64_t>(std::floor(value));
  return error(field, std::string(name) + " is not a number: " + quote(fields_[field]));
}

}  // namespace sotto
