// HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869): keys from shared secrets.
//
// For uniform keys derived inside Sotto too, so that one construction serves all: HPKE's key
// schedule, and the verify key of a task from the servers' common seed.
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace sotto {

/// Key of any length.
Secret<32> hmac_sha256(std::span<const uint8_t> key, std::span<const uint8_t> message);
/// The same of the parts one after another, without a copy of them.
Secret<32> hmac_sha256_of_parts(std::span<const uint8_t> key,
                                std::initializer_list<std::span<const uint8_t>> parts);

/// HKDF-Extract: a uniform key from input keying material of any length and shape. An empty salt
/// is 32 zero bytes, as in the RFC.
Secret<32> hkdf_extract(std::span<const uint8_t> salt, std::span<const uint8_t> input_key);

/// HKDF-Expand: fills `out` with bytes that belong to `info`; different infos give independent
/// bytes.
/// Errors: kInvalidArgument when `out` is longer than 255 * 32 bytes.
Status hkdf_expand(const Secret<32>& key, std::span<const uint8_t> info, std::span<uint8_t> out);

}  // namespace sotto
