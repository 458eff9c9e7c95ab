#include "lab/csv_reader.hpp"

#include <doctest/doctest.h>

#include "files.hpp"
#include "lab/encoding.hpp"

namespace sotto {
namespace {

using Rows = std::vector<std::vector<std::string>>;

Result<Rows> read_all(const std::string& path, const CsvFormat& format = {}) {
  SOTTO_TRY(auto reader, CsvReader::open(path, format));
  Rows rows;
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return rows;
    rows.emplace_back(reader.fields().begin(), reader.fields().end());
  }
}

Rows rows_of(std::string_view text, const CsvFormat& format = {}) {
  const test::TempFolder folder;
  auto rows = read_all(folder.write("a.csv", text), format);
  REQUIRE(rows.ok());
  return *rows;
}

TEST_CASE("records end at LF, CRLF or the end of the file; empty lines and the BOM do not count") {
  const Rows expected = {{"a", "b"}, {"1", ""}};
  CHECK(rows_of("a,b\n1,\n") == expected);
  CHECK(rows_of("a,b\r\n1,\r\n") == expected);
  CHECK(rows_of("\xEF\xBB\xBF"
                "a,b\n\n\r\n1,") == expected);
  CHECK(rows_of("").empty());
  CHECK(rows_of("\n\n").empty());
}

TEST_CASE("quoted fields hold separators, line ends and doubled quotes") {
  CHECK(rows_of("1,\"a, b\",2\n") == Rows{{"1", "a, b", "2"}});
  CHECK(rows_of("\"he said \"\"no\"\"\",\"\"\n") == Rows{{"he said \"no\"", ""}});
  CHECK(rows_of("\"two\nlines\",x\ny,z\n") == Rows{{"two\nlines", "x"}, {"y", "z"}});
}

TEST_CASE("a quote inside an unquoted field is a character like any other") {
  CHECK(rows_of("5\" disk,a\nb,c\n") == Rows{{"5\" disk", "a"}, {"b", "c"}});
  CHECK(rows_of("\"a\tb\n", {.separator = "\t", .quotes = false}) == Rows{{"\"a", "b"}});
}

TEST_CASE("two characters may separate fields") {
  const CsvFormat format{.separator = "::", .quotes = false};
  CHECK(rows_of("1::A: B::x|y\n", format) == Rows{{"1", "A: B", "x|y"}});
  CHECK(rows_of("1::\n::2:\n", format) == Rows{{"1", ""}, {"", "2:"}});
}

TEST_CASE("records that are longer than a block are read whole") {
  const std::string big(3u << 20, 'x');
  CHECK(rows_of("a," + big + "\n\"" + big + "\",b\n") == Rows{{"a", big}, {big, "b"}});
}

TEST_CASE("line numbers count the lines of quoted fields and empty ones") {
  const test::TempFolder folder;
  auto reader = CsvReader::open(folder.write("a.csv", "\"x\ny\",1\n\nlast,abc\n"), {});
  REQUIRE(reader.ok());
  REQUIRE(*reader->next());
  CHECK(reader->line() == 1);
  REQUIRE(*reader->next());
  CHECK(reader->line() == 4);
  CHECK(reader->number(1, "rating").error().message ==
        folder.path("a.csv") + ":4:2: rating is not a number: 'abc'");
}

TEST_CASE("what is wrong with quotes is reported with line and column") {
  const test::TempFolder folder;
  const auto message = [&](std::string_view text) {
    const auto rows = read_all(folder.write("a.csv", text));
    REQUIRE_FALSE(rows.ok());
    CHECK(rows.error().code == ErrorCode::kMalformed);
    return rows.error().message.substr(folder.path("a.csv").size());
  };
  CHECK(message("a,b\nc,\"d\ne,f\n") == ":2:2: the quote is not closed");
  CHECK(message("a,\"b\"c,d\n") == ":1:2: text after the closing quote");
}

TEST_CASE("numbers are whole fields, finite, with spaces around them at most") {
  const test::TempFolder folder;
  const std::string text = "4.5, 12 ,1e3,881250949.0,x,nan,1e999,,7y,-3\n";
  auto reader = CsvReader::open(folder.write("a.csv", text), {});
  REQUIRE(*reader->next());
  CHECK(*reader->number(0, "n") == 4.5);
  CHECK(*reader->integer(1, "n") == 12);
  CHECK(*reader->integer(2, "n") == 1000);
  CHECK(*reader->integer(3, "n") == 881250949);
  for (const size_t field : {4u, 5u, 6u, 7u, 8u}) CHECK_FALSE(reader->number(field, "n").ok());
  CHECK(*reader->integer(9, "n") == -3);
}

TEST_CASE("the separator is guessed from the first line") {
  const test::TempFolder folder;
  const auto separator = [&](std::string_view text) {
    return guess_csv_format(folder.write("a.csv", text))->separator;
  };
  CHECK(separator("1,2,3\n") == ",");
  CHECK(separator("1\t2,5\t3\n") == "\t");
  CHECK(separator("1::2::3\n") == "::");
  CHECK(separator("1;2\n") == ";");
  CHECK(separator("1|2\n") == "|");
  CHECK(separator("alone\n") == ",");
}

TEST_CASE("a file that is missing or a folder is an error that names it") {
  const test::TempFolder folder;
  const auto missing = CsvReader::open(folder.path("none.csv"), {});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message.find("none.csv") != std::string::npos);
  CHECK(CsvReader::open(folder.path(), {}).error().code == ErrorCode::kIo);
}

TEST_CASE("text is kept when it is UTF-8 and else read as Latin-1") {
  CHECK(to_utf8("Am\xC3\xA9lie") == "Am\xC3\xA9lie");
  CHECK(to_utf8("Am\xE9lie") == "Am\xC3\xA9lie");
  CHECK(is_utf8("\xF0\x9F\x8E\xAC \xE2\x82\xAC"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("\xE2\x82"));          // cut short
}

}  // namespace
}  // namespace sotto
