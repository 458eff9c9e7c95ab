// The part of RFC 6455 that a server needs which only announces: it sends whole text frames and
// control frames, and reads nothing but control frames.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

enum class WebSocketOpcode : uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

/// Status codes of Close frames (7.4.1).
enum class WebSocketClose : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kPolicyViolation = 1008,
  kTryAgainLater = 1013,
};

/// One frame as a server sends it: final, not masked.
Bytes websocket_frame(WebSocketOpcode opcode, std::string_view payload);
Bytes websocket_close_frame(WebSocketClose code, std::string_view reason);

/// Whether a Sec-WebSocket-Key is base64 of 16 bytes.
bool valid_websocket_key(std::string_view key);
/// The Sec-WebSocket-Accept of a key (4.2.2).
std::string websocket_accept(std::string_view key);

/// Control frames carry no more (5.5).
constexpr size_t kMostControlPayload = 125;

struct ControlFrame {
  WebSocketOpcode opcode = WebSocketOpcode::kPing;
  std::string payload;
};

/// Reads what a client sends, in pieces of any size. Holds at most one frame.
/// Thread safety: one thread at a time.
class ControlFrameReader {
 public:
  /// Consumes from the front of `input`, up to the end of the next frame. Nothing: input is used
  /// up, and the frame goes on in what follows. Errors, after which nothing more may be read:
  /// kRejected (a data frame), kMalformed (no client's control frame).
  Result<std::optional<ControlFrame>> next(std::span<const uint8_t>& input);

 private:
  static constexpr size_t kHead = 6;  // Two bytes, and the mask.

  size_t wanted() const;
  Status check() const;

  std::array<uint8_t, kHead + kMostControlPayload> frame_;
  uint8_t size_ = 0;
};

}  // namespace sotto
