// Replays the published vectors of one instance through the vdaf interface.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "hex.hpp"
#include "vdaf/json.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Names of the vector files in a folder below vectors_root(), in order, that begin with `prefix`;
/// none where there are no vectors.
std::vector<std::string> vector_files(const std::string& folder, const std::string& prefix);

inline Bytes hex_of(const Json& json) { return from_hex(json.text()); }
inline Bytes hex_of(std::span<const uint8_t> bytes) { return Bytes(bytes.begin(), bytes.end()); }
inline Bytes bytes_of(const SecretBytes& secret) { return hex_of(secret.reveal()); }

inline Nonce nonce_of(const Json& json) { return array_from_hex<16>(json.text()); }

/// An out share, expanded to its elements' encoding.
inline Bytes dense(const Vdaf& vdaf, const OutShare& out_share) {
  AggregateShare share = vdaf.aggregate_init();
  REQUIRE(vdaf.aggregate(share, out_share).ok());
  return bytes_of(share.encoded);
}

}  // namespace sotto
