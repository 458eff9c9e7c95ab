// What one report of `sum` costs each role at d = 118,592, beside the bare cost of the ChaCha20 and
// BLAKE2b that it cannot do without.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/random.hpp"
#include "crypto/hash.hpp"
#include "crypto/hpke.hpp"
#include "crypto/random.hpp"
#include "crypto/stream.hpp"
#include "vdaf/sum.hpp"

using namespace sotto;

namespace {

constexpr size_t kDimension = 118'592;
constexpr int kRepeats = 25;

// The best of some runs, in milliseconds; `prepare` is not counted.
template <class Prepare, class Run>
double best_ms(Prepare prepare, Run run) {
  double best = 1e300;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    auto input = prepare();
    const auto begin = std::chrono::steady_clock::now();
    run(input);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (took.count() < best) best = took.count();
  }
  return best;
}
template <class Run>
double best_ms(Run run) {
  return best_ms([] { return 0; }, [&run](int) { run(); });
}

void row(const char* what, double ms, size_t bytes) {
  std::printf("%-44s %9.3f %9.0f\n", what, ms, static_cast<double>(bytes) / ms / 1e3);
}

}  // namespace

int main() {
  SystemEntropy entropy;
  Random random(1);
  std::vector<int32_t> measurement(kDimension);
  for (int32_t& value : measurement) value = static_cast<int32_t>(random.below(65)) - 32;
  const Bytes info(32, 1);
  const Bytes aad(120, 2);
  const Nonce nonce{};
  const HpkeKeyPair keys = HpkeKeyPair::generate(entropy);
  const Sum sum = Sum::create(kDimension).value();
  const size_t size = sum.sizes().aggregate_share;

  const Shards shards = sum.shard(measurement, nonce, entropy).value();
  const auto leader = shards.input_shares[0].reveal();
  const auto helper = shards.input_shares[1].reveal();
  const Bytes sealed = hpke_seal(keys.public_key(), info, aad, leader, entropy).value();
  const Bytes sealed_seed = hpke_seal(keys.public_key(), info, aad, helper, entropy).value();
  AggregateShare total = sum.aggregate_init();
  bool ok = true;

  const auto prepare = [&](size_t aggregator, SecretBytes share) {
    auto prepared = sum.prepare_init({}, aggregator, nonce, {}, std::move(share)).value();
    return sum.prepare_next(std::move(prepared.state), {}).value();
  };

  std::printf("%-44s %9s %9s\n", "d = 118,592, one thread", "ms", "MB/s");
  row("device: shard", best_ms([&] { ok &= sum.shard(measurement, nonce, entropy).ok(); }), size);
  row("device: seal the leader's share",
      best_ms([&] { ok &= hpke_seal(keys.public_key(), info, aad, leader, entropy).ok(); }), size);
  row("device: seal the helper's seed",
      best_ms([&] { ok &= hpke_seal(keys.public_key(), info, aad, helper, entropy).ok(); }), 32);
  row("device: all of it", best_ms([&] {
        const Shards fresh = sum.shard(measurement, nonce, entropy).value();
        for (const SecretBytes& share : fresh.input_shares)
          ok &= hpke_seal(keys.public_key(), info, aad, share.reveal(), entropy).ok();
      }),
      size);
  row("leader: open", best_ms([&] { ok &= hpke_open(keys, info, aad, sealed).ok(); }), size);
  row("leader: prepare and aggregate",
      best_ms([&] { return shards.input_shares[0].clone(); },
              [&](SecretBytes& share) {
                ok &= sum.aggregate(total, prepare(0, std::move(share))).ok();
              }),
      size);
  row("helper: open", best_ms([&] { ok &= hpke_open(keys, info, aad, sealed_seed).ok(); }), 32);
  row("helper: prepare, expand and aggregate",
      best_ms([&] { return shards.input_shares[1].clone(); },
              [&](SecretBytes& share) {
                ok &= sum.aggregate(total, prepare(1, std::move(share))).ok();
              }),
      size);

  Bytes bytes(size);
  const std::array<uint8_t, 32> key{};
  row("bare ChaCha20 of as many bytes", best_ms([&] { expand_chacha20(key, 0, bytes); }), size);
  row("bare BLAKE2b of as many bytes", best_ms([&] { bytes[0] = blake2b(bytes)[0]; }), size);
  row("bare SHA-256 of as many bytes", best_ms([&] { bytes[0] = sha256(bytes)[0]; }), size);
  return ok ? 0 : 1;
}
