#include "base/bytes.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace sotto;

namespace {

enum class Colour : uint16_t { kRed = 1, kBlue = 515 };

Bytes everything() {
  ByteWriter out;
  out.put<uint8_t>(7);
  out.put<int32_t>(-2);
  out.put<double>(0.1);
  out.put(Colour::kBlue);
  const std::vector<float> floats{1.5f, -0.0f, std::numeric_limits<float>::infinity()};
  out.put_array(std::span<const float>(floats));
  out.put_string("Ångström");
  out.put_array(std::span<const uint64_t>());
  return std::move(out).bytes();
}

// Reads what everything() wrote; the error of the first read that fails.
Status read_everything(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto byte, in.get<uint8_t>("byte"));
  CHECK(byte == 7);
  SOTTO_TRY(const auto number, in.get<int32_t>("number"));
  CHECK(number == -2);
  SOTTO_TRY(const auto real, in.get<double>("real"));
  CHECK(real == 0.1);
  SOTTO_TRY(const auto colour, in.get<Colour>("colour"));
  CHECK(colour == Colour::kBlue);
  SOTTO_TRY(const auto floats, in.get_array<float>(3, "floats"));
  CHECK(floats == std::vector<float>{1.5f, 0.0f, std::numeric_limits<float>::infinity()});
  SOTTO_TRY(const auto text, in.get_string(100, "text"));
  CHECK(text == "Ångström");
  SOTTO_TRY(const auto nothing, in.get_array<uint64_t>(0, "nothing"));
  CHECK(nothing.empty());
  return in.finish("everything");
}

}  // namespace

TEST_CASE("numbers are stored as their little-endian bytes") {
  ByteWriter out;
  out.put<uint32_t>(0x01020304);
  out.put(Colour::kBlue);
  CHECK(out.bytes() == Bytes{4, 3, 2, 1, 3, 2});
}

TEST_CASE("what was written is read") { CHECK(read_everything(everything()).ok()); }

TEST_CASE("every truncation is refused") {
  const Bytes bytes = everything();
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    const Status status = read_everything(std::span(bytes).first(length));
    CHECK(status.error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("bytes left over are refused") {
  Bytes bytes = everything();
  bytes.push_back(0);
  CHECK(read_everything(bytes).error().code == ErrorCode::kMalformed);
}

TEST_CASE("a length that the data cannot hold is refused before anything is allocated") {
  for (const uint64_t size :
       {uint64_t{4}, uint64_t{1} << 32, uint64_t{1} << 61, uint64_t{1} << 62, ~uint64_t{0}}) {
    ByteWriter out;
    out.put<uint64_t>(size);
    out.put<uint64_t>(0);
    out.put<uint64_t>(0);
    ByteReader in(out.bytes());
    CHECK(in.get_array<uint64_t>(~uint64_t{0}, "array").error().code == ErrorCode::kMalformed);
  }
}

TEST_CASE("a length above what the caller allows is refused") {
  ByteWriter out;
  out.put_string("four");
  ByteReader in(out.bytes());
  const auto text = in.get_string(3, "name");
  REQUIRE_FALSE(text.ok());
  CHECK(text.error().message == "name: length out of range");
}
