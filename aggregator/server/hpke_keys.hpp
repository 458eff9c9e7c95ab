// A server's short-lived HPKE keys: made by itself, signed by its identity, kept in its store.
//
// Records (space "hpke", key: role and key id, e.g. "leader/<32 hex>"):
//   u8 format = 1 | secret key 32 | signed key 114
// A new key is made when there is none or the newest has used up half of its life, or on request
// (rotation); tasks name the newest. An old key stays until no task can need it: until its validity
// is over. The leader's store also holds the collector's, signed by the publisher.
// Thread safety: every call from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/signed_key.hpp"
#include "http/message.hpp"
#include "store/store.hpp"

namespace sotto {

struct OwnHpkeKey {
  HpkeKeyPair pair;
  SignedKey key;
  SharedBytes signed_key;  ///< As encode_signed_key writes it.
};
using OwnHpkeKeyPointer = std::shared_ptr<const OwnHpkeKey>;

class HpkeKeys {
 public:
  explicit HpkeKeys(KeyRole role) : role_(role) {}
  HpkeKeys(const HpkeKeys&) = delete;
  HpkeKeys& operator=(const HpkeKeys&) = delete;

  /// Reads the keys of the role. Errors: kIo, kMalformed.
  Status load(const Store& store);
  /// Makes a key if one is due (or `rotate`), forgets those whose time is over, and commits.
  /// Errors: those of sign_key and the commit; then nothing has changed.
  Status maintain(const Identity& identity, int64_t life_ms, bool rotate, int64_t now_ms,
                  EntropySource& entropy, Store& store);

  /// The one that new tasks name. Null before maintain().
  OwnHpkeKeyPointer newest() const;
  /// Null when there is none.
  OwnHpkeKeyPointer find(const KeyId& id) const;

 private:
  using Keys = std::map<KeyId, OwnHpkeKeyPointer>;
  static OwnHpkeKeyPointer newest_of(const Keys& keys);

  KeyRole role_;
  mutable std::mutex mutex_;
  Keys keys_;
};

}  // namespace sotto
