// TurboSHAKE128 (RFC 9861): a sponge over Keccak-p[1600, 12], capacity 256 bits, rate 168 bytes.
// Hand-written because libsodium has none. No branch and no index depends on data.
// Errors: none. Thread safety: one thread at a time per object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sotto {

class TurboShake128 {
 public:
  static constexpr size_t kRate = 168;  ///< bytes

  /// domain: the separation byte D, 0x01 .. 0x7F.
  explicit TurboShake128(uint8_t domain);
  ~TurboShake128();  // wipes: what is absorbed may be secret
  TurboShake128(const TurboShake128&) = delete;
  TurboShake128& operator=(const TurboShake128&) = delete;

  /// Any number of times, in any pieces; never after squeeze.
  void update(std::span<const uint8_t> bytes);
  /// The next out.size() bytes of the output. Any pieces give the same stream.
  void squeeze(std::span<uint8_t> out);

 private:
  uint8_t* bytes();  // of the state, the rate first

  alignas(32) std::array<uint64_t, 25> state_{};
  size_t position_ = 0;  // in the rate
  uint8_t domain_;
  bool squeezing_ = false;
};

}  // namespace sotto
