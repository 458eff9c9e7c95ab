#include "http/websocket_frame.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "http/event_history.hpp"

using namespace sotto;

namespace {

Bytes masked(uint8_t first, std::string_view payload) {
  Bytes frame{first, static_cast<uint8_t>(0x80 | payload.size()), 1, 2, 3, 4};
  for (size_t i = 0; i < payload.size(); ++i)
    frame.push_back(static_cast<uint8_t>(payload[i] ^ (1 + i % 4)));
  return frame;
}

ErrorCode refusal(const Bytes& frame) {
  ControlFrameReader reader;
  std::span<const uint8_t> input = frame;
  const auto read = reader.next(input);
  return read.ok() ? ErrorCode::kOk : read.error().code;
}

std::string text(const SharedBytes& frame) { return {frame->begin() + 2, frame->end()}; }

}  // namespace

TEST_CASE("the accept value is that of the RFC's example") {
  CHECK(valid_websocket_key("dGhlIHNhbXBsZSBub25jZQ=="));
  CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  CHECK_FALSE(valid_websocket_key("dGhlIHNhbXBsZSBub25jZQ"));
  CHECK_FALSE(valid_websocket_key("dGhlIHNhbXBsZSBub25j\r\n=="));
}

TEST_CASE("a server's frame has the shortest length that fits") {
  CHECK(websocket_frame(WebSocketOpcode::kText, "Hello") ==
        Bytes{0x81, 0x05, 'H', 'e', 'l', 'l', 'o'});  // RFC 6455, 5.7
  CHECK(websocket_frame(WebSocketOpcode::kText, std::string(125, 'a')).size() == 2 + 125);
  const Bytes medium = websocket_frame(WebSocketOpcode::kText, std::string(256, 'a'));
  CHECK(Bytes(medium.begin(), medium.begin() + 4) == Bytes{0x81, 126, 1, 0});
  const Bytes large = websocket_frame(WebSocketOpcode::kText, std::string(65536, 'a'));
  CHECK(Bytes(large.begin(), large.begin() + 10) == Bytes{0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0});
  CHECK(websocket_close_frame(WebSocketClose::kTryAgainLater, "x") ==
        Bytes{0x88, 3, 0x03, 0xF5, 'x'});
}

TEST_CASE("a client's control frames are read in pieces of any size") {
  Bytes stream;
  for (const Bytes& frame : {masked(0x8A, "pong"), masked(0x89, ""), masked(0x88, "\x03\xE8")})
    stream.insert(stream.end(), frame.begin(), frame.end());
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    ControlFrameReader reader;
    std::vector<ControlFrame> frames;
    for (size_t at = 0; at < stream.size(); at += piece) {
      auto input = std::span(stream).subspan(at, std::min(piece, stream.size() - at));
      std::span<const uint8_t> rest = input;
      for (;;) {
        auto frame = reader.next(rest);
        REQUIRE(frame.ok());
        if (!*frame) break;
        frames.push_back(**frame);
      }
    }
    REQUIRE(frames.size() == 3);
    CHECK(frames[0].opcode == WebSocketOpcode::kPong);
    CHECK(frames[0].payload == "pong");
    CHECK(frames[1].opcode == WebSocketOpcode::kPing);
    CHECK(frames[2].payload == "\x03\xE8");
  }
}

TEST_CASE("messages and malformed frames are told apart") {
  CHECK(refusal(masked(0x81, "hello")) == ErrorCode::kRejected);
  CHECK(refusal(masked(0x82, "")) == ErrorCode::kRejected);
  CHECK(refusal(masked(0x80, "")) == ErrorCode::kRejected);
  CHECK(refusal({0x89, 0x00}) == ErrorCode::kMalformed);          // not masked
  CHECK(refusal({0x89, 0xFE, 0, 126}) == ErrorCode::kMalformed);  // too long
  CHECK(refusal(masked(0x09, "")) == ErrorCode::kMalformed);      // in parts
  CHECK(refusal(masked(0xC9, "")) == ErrorCode::kMalformed);      // reserved bit
  CHECK(refusal(masked(0x8B, "")) == ErrorCode::kMalformed);      // reserved opcode
}

TEST_CASE("announcements get ids in front, and are shared") {
  EventHistory history(2);
  CHECK(history.append(R"({"type":"model"})") == 1);
  CHECK(history.append("{}") == 2);
  CHECK(text(history.next(0)) == R"({"id":1,"type":"model"})");
  CHECK(text(history.next(1)) == R"({"id":2})");
  CHECK(history.next(1) == history.next(1));
  CHECK_FALSE(history.next(2));
}

TEST_CASE("a cursor resumes where it was, or is told what it missed") {
  EventHistory history(2);
  CHECK(history.start(std::nullopt).cursor == 0);
  CHECK_FALSE(history.start(0).missed);
  for (int i = 0; i < 5; ++i) history.append("{}");  // 4 and 5 are kept

  CHECK(history.start(std::nullopt).cursor == 5);
  CHECK(history.start(3).cursor == 3);
  CHECK_FALSE(history.start(3).missed);
  CHECK(history.lost(2));
  for (const uint64_t after : {0, 2, 6, 1000}) {
    const auto start = history.start(after);
    CHECK(start.cursor == 3);
    REQUIRE(start.missed);
    CHECK(text(start.missed) == R"({"id":3,"missed":true})");
  }
}
