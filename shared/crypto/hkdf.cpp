#include "crypto/hkdf.hpp"

#include <sodium.h>

#include <algorithm>

namespace sotto {
namespace {

class HmacSha256 {
 public:
  explicit HmacSha256(std::span<const uint8_t> key) {
    static constexpr uint8_t kNoKey = 0;  // libsodium takes no null pointer
    crypto_auth_hmacsha256_init(&state_, key.empty() ? &kNoKey : key.data(), key.size());
  }
  ~HmacSha256() { sodium_memzero(&state_, sizeof state_); }
  HmacSha256(const HmacSha256&) = delete;
  HmacSha256& operator=(const HmacSha256&) = delete;

  void update(std::span<const uint8_t> bytes) {
    if (!bytes.empty()) crypto_auth_hmacsha256_update(&state_, bytes.data(), bytes.size());
  }
  void finish(std::span<uint8_t, 32> out) { crypto_auth_hmacsha256_final(&state_, out.data()); }

 private:
  crypto_auth_hmacsha256_state state_;
};

}  // namespace

Secret<32> hmac_sha256(std::span<const uint8_t> key, std::span<const uint8_t> message) {
  return hmac_sha256_of_parts(key, {message});
}

Secret<32> hmac_sha256_of_parts(std::span<const uint8_t> key,
                                std::initializer_list<std::span<const uint8_t>> parts) {
  HmacSha256 hmac(key);
  for (const auto part : parts) hmac.update(part);
  Secret<32> tag;
  hmac.finish(tag.reveal_mutable());
  return tag;
}

Secret<32> hkdf_extract(std::span<const uint8_t> salt, std::span<const uint8_t> input_key) {
  return hmac_sha256(salt, input_key);  // HMAC pads a short key with zeros itself
}

Status hkdf_expand(const Secret<32>& key, std::span<const uint8_t> info, std::span<uint8_t> out) {
  if (out.size() > size_t{255} * 32)
    return {ErrorCode::kInvalidArgument, "hkdf: more than 8160 bytes asked for"};
  Secret<32> block;
  for (size_t begin = 0; begin < out.size(); begin += 32) {
    const auto counter = static_cast<uint8_t>(begin / 32 + 1);
    HmacSha256 hmac(key.reveal());
    if (begin > 0) hmac.update(block.reveal());
    hmac.update(info);
    hmac.update({&counter, 1});
    hmac.finish(block.reveal_mutable());
    const size_t n = std::min<size_t>(32, out.size() - begin);
    std::copy_n(block.reveal().begin(), n, out.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  return {};
}

}  // namespace sotto
