// The secrets that an operator keeps in files, and the public file that pages pin.
//
// A key folder holds, mode 0600, one line of text each ("sotto KIND v1 HEX"):
//   identity.key    Ed25519 seed of this server, leader or helper
//   publisher.key   Ed25519 seed of the publisher; in the leader's folder, or elsewhere while no
//                   model is published by this leader
//   verify.key      32 bytes that leader and helper share: the VDAF verify keys come from it
//   identities.json {"site", "publisher", "leader", "helper"}: public, the same for both, what a
//                   page pins (keys in hex)
// HPKE keys are made by the servers themselves, live in their stores, and are signed by the
// identities (server/hpke_keys.hpp).
// Thread safety: pure but for the files.
#pragma once

#include <optional>
#include <string>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/sign.hpp"
#include "lab/identities_file.hpp"
#include "protocol/signed_task.hpp"
#include "server/config.hpp"

namespace sotto {

struct KeyFiles {
  Identity identity;
  std::optional<Identity> publisher;  ///< Leader only.
  Seed verify_seed;
};

/// Reads a key folder. Errors: kNotFound, kIo, kMalformed, naming the file; kAuthentication when a
/// file may be read by others than its owner, or the identity is not the one that is pinned.
Result<KeyFiles> read_key_files(const std::string& folder, ServerRole role,
                                const PinnedSite& pinned);

/// What `sotto keygen` makes: OUT/leader and OUT/helper, each a key folder with identities.json,
/// and OUT/identities.json. Errors: kInvalidArgument for a bad site name or when one of the folders
/// exists; kIo.
Status make_key_files(const std::string& out, const std::string& site, EntropySource& entropy);

}  // namespace sotto
