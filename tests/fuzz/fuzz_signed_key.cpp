// The decoder of signed keys: whatever it takes, it takes in one form only, and nothing that was
// not signed is opened.
#include <algorithm>

#include "base/entropy.hpp"
#include "crypto/signed_key.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'000'000;

const Identity& identity() {
  static const Identity kIdentity = [] {
    TestEntropy entropy(1);
    return Identity::generate(entropy);
  }();
  return kIdentity;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  TestEntropy entropy(2);
  std::vector<Bytes> seeds;
  for (const KeyRole role : {KeyRole::kLeader, KeyRole::kHelper, KeyRole::kCollector}) {
    const auto key = HpkeKeyPair::generate(entropy).public_key();
    seeds.push_back(
        encode_signed_key(sign_key(identity(), role, key, kNow, kNow + 86'400'000).value()));
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> bytes(data, size);
  const auto key = decode_signed_key(bytes);
  if (key.ok()) {
    const Bytes again = encode_signed_key(*key);
    must(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()), "one form only");
  }
  static const std::vector<Bytes> kSigned = fuzz_seeds();
  const auto opened = open_signed_key(bytes, identity().key(), KeyRole::kLeader, kNow);
  must(opened.ok() == std::equal(bytes.begin(), bytes.end(), kSigned[0].begin(), kSigned[0].end()),
       "only what was signed for this role is opened");
  return 0;
}
