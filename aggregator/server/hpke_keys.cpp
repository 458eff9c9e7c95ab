#include "server/hpke_keys.hpp"

#include <algorithm>
#include <string>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr const char* kSpace = "hpke";
// Clocks of devices may be a little behind.
constexpr int64_t kBackdateMs = 60 * 60 * 1000;

std::string prefix_of(KeyRole role) {
  switch (role) {
    case KeyRole::kLeader: return "leader/";
    case KeyRole::kHelper: return "helper/";
    case KeyRole::kCollector: return "collector/";
  }
  return "";
}

Result<OwnHpkeKeyPointer> decode_key(const KeyedRecord& record, KeyRole role) {
  const Bytes bytes = record.bytes.value_or(Bytes());
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("key format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "HPKE key: unknown format"};
  SOTTO_TRY(const auto secret, in.get_bytes(32, "HPKE key: secret"));
  SOTTO_TRY(const auto signed_key, in.get_bytes(kSignedKeySize, "HPKE key: signed key"));
  SOTTO_CHECK_OK(in.finish("HPKE key"));
  SOTTO_TRY(const SignedKey key, decode_signed_key(signed_key));
  HpkeKeyPair pair = HpkeKeyPair::from_secret_key(Secret<32>::copy_of(secret.first<32>()));
  if (key.role != role || pair.public_key() != key.public_key)
    return Error{ErrorCode::kMalformed, "HPKE key: secret and signed key do not belong together"};
  auto shared = std::make_shared<const Bytes>(signed_key.begin(), signed_key.end());
  return OwnHpkeKeyPointer(new OwnHpkeKey{std::move(pair), key, std::move(shared)});
}

}  // namespace

Status HpkeKeys::load(const Store& store) {
  SOTTO_TRY(auto records, store.list(kSpace, prefix_of(role_)));
  Keys keys;
  for (KeyedRecord& record : records) {
    SOTTO_TRY(OwnHpkeKeyPointer key, decode_key(record, role_));
    if (record.bytes) wipe(*record.bytes);
    keys.emplace(key->key.id(), std::move(key));
  }
  const std::lock_guard lock(mutex_);
  keys_ = std::move(keys);
  return {};
}

Status HpkeKeys::maintain(const Identity& identity, int64_t life_ms, bool rotate, int64_t now_ms,
                          EntropySource& entropy, Store& store) {
  const std::lock_guard lock(mutex_);
  std::vector<StoreChange> changes;
  Keys keys;
  for (const auto& [id, key] : keys_) {
    if (key->key.not_after_ms >= now_ms)
      keys.emplace(id, key);
    else
      changes.push_back({kSpace, {prefix_of(role_) + to_hex(id), std::nullopt}});
  }
  const bool fresh = !keys.empty() && now_ms < newest_of(keys)->key.not_after_ms - life_ms / 2;
  if (rotate || !fresh) {
    HpkeKeyPair pair = HpkeKeyPair::generate(entropy);
    const int64_t begin_ms = std::max<int64_t>(0, now_ms - kBackdateMs);
    SOTTO_TRY(const SignedKey key,
              sign_key(identity, role_, pair.public_key(), begin_ms, begin_ms + life_ms));
    auto shared = std::make_shared<const Bytes>(encode_signed_key(key));
    ByteWriter out;
    out.put<uint8_t>(1);
    out.put_bytes(pair.secret_key().reveal());
    out.put_bytes(*shared);
    changes.push_back({kSpace, {prefix_of(role_) + to_hex(key.id()), std::move(out).bytes()}});
    keys.emplace(key.id(),
                 OwnHpkeKeyPointer(new OwnHpkeKey{std::move(pair), key, std::move(shared)}));
  }
  if (changes.empty()) return {};
  const Status committed = store.commit(changes);
  for (StoreChange& change : changes)
    if (change.record.bytes) wipe(*change.record.bytes);
  SOTTO_CHECK_OK(committed);
  keys_ = std::move(keys);
  return {};
}

OwnHpkeKeyPointer HpkeKeys::newest_of(const Keys& keys) {
  const auto newest = std::max_element(keys.begin(), keys.end(), [](const auto& a, const auto& b) {
    return a.second->key.not_after_ms < b.second->key.not_after_ms;
  });
  return newest == keys.end() ? nullptr : newest->second;
}

OwnHpkeKeyPointer HpkeKeys::newest() const {
  const std::lock_guard lock(mutex_);
  return newest_of(keys_);
}

OwnHpkeKeyPointer HpkeKeys::find(const KeyId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : found->second;
}

}  // namespace sotto
