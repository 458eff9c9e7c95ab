#include "http/websocket_frame.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

namespace sotto {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kLength = 0x7F;
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

bool base64_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

}  // namespace

Bytes websocket_frame(WebSocketOpcode opcode, std::string_view payload) {
  Bytes frame;
  frame.reserve(10 + payload.size());
  frame.push_back(kFinal | static_cast<uint8_t>(opcode));
  const uint64_t length = payload.size();
  size_t length_bytes = 0;
  if (length <= 125) {
    frame.push_back(static_cast<uint8_t>(length));
  } else {
    length_bytes = length <= 0xFFFF ? 2 : 8;
    frame.push_back(length_bytes == 2 ? 126 : 127);
  }
  for (size_t i = length_bytes; i > 0; --i)
    frame.push_back(static_cast<uint8_t>(length >> (8 * (i - 1)) & 0xFF));
  frame.insert(frame.end(), payload.begin(), payload.end());
  return frame;
}

Bytes websocket_close_frame(WebSocketClose code, std::string_view reason) {
  const auto number = static_cast<uint16_t>(code);
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xFF)};
  payload += reason.substr(0, kMostControlPayload - payload.size());
  return websocket_frame(WebSocketOpcode::kClose, payload);
}

bool valid_websocket_key(std::string_view key) {
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, base64_char);
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += kAcceptSuffix;
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char encoded[4 * ((SHA_DIGEST_LENGTH + 2) / 3) + 1];
  const int length = EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
  return {encoded, encoded + length};
}

// How long the frame is, as far as its first bytes tell.
size_t ControlFrameReader::wanted() const {
  return size_ < 2 ? 2 : kHead + static_cast<size_t>(frame_[1] & kLength);
}

Status ControlFrameReader::check() const {
  const uint8_t opcode = frame_[0] & 0x0F;
  if (frame_[0] & kReserved) return {ErrorCode::kMalformed, "frame: reserved bits are set"};
  if (opcode <= 0x2) return {ErrorCode::kRejected, "frame: this server takes no messages"};
  if (opcode < 0x8 || opcode > 0xA) return {ErrorCode::kMalformed, "frame: unknown opcode"};
  if (!(frame_[0] & kFinal)) return {ErrorCode::kMalformed, "frame: a control frame in parts"};
  if (!(frame_[1] & kMasked)) return {ErrorCode::kMalformed, "frame: not masked"};
  if (static_cast<size_t>(frame_[1] & kLength) > kMostControlPayload)
    return {ErrorCode::kMalformed, "frame: a control frame is longer than 125 bytes"};
  return {};
}

Result<std::optional<ControlFrame>> ControlFrameReader::next(std::span<const uint8_t>& input) {
  for (;;) {
    const size_t n = std::min(input.size(), wanted() - size_);
    std::copy_n(input.begin(), n, frame_.begin() + size_);
    size_ = static_cast<uint8_t>(size_ + n);
    input = input.subspan(n);
    // Before more is read than fits.
    if (size_ >= 2) SOTTO_CHECK_OK(check());
    if (size_ < wanted()) {
      if (input.empty()) return std::optional<ControlFrame>();
      continue;
    }
    ControlFrame frame{.opcode = static_cast<WebSocketOpcode>(frame_[0] & 0x0F), .payload = {}};
    frame.payload.reserve(size_ - kHead);
    for (size_t i = kHead; i < size_; ++i)
      frame.payload += static_cast<char>(frame_[i] ^ frame_[2 + (i - kHead) % 4]);
    size_ = 0;
    return std::optional(std::move(frame));
  }
}

}  // namespace sotto
