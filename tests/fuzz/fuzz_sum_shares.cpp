// The decoders of `sum`: input shares from devices, aggregate shares from the other server. The
// first byte says for which aggregator, the rest is the share.
#include <array>

#include "base/entropy.hpp"
#include "target.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/sum.hpp"

using namespace sotto;

namespace {

constexpr size_t kDimension = 37;
constexpr size_t kAggregators = 3;

const Sum& instance() {
  static const Sum kSum = Sum::create(kDimension, kAggregators).value();
  return kSum;
}

bool canonical(std::span<const uint8_t> encoded) {
  for (size_t i = 0; i < encoded.size(); i += 4)
    if (!Field32::is_canonical(Field32::load(&encoded[i]))) return false;
  return true;
}

void try_input_share(size_t aggregator, std::span<const uint8_t> share) {
  const Sum& sum = instance();
  auto prepared = sum.prepare_init({}, aggregator, {}, {}, SecretBytes::copy_of(share));
  const bool fits = share.size() == sum.sizes().input_shares[aggregator];
  must(prepared.ok() == (fits && (aggregator > 0 || canonical(share))), "only shares that fit");
  if (!prepared.ok()) return;
  const auto out_share = sum.prepare_next(std::move(prepared->state), {});
  must(out_share.ok(), "nothing more to check");
  AggregateShare total = sum.aggregate_init();
  must(sum.aggregate(total, *out_share).ok(), "accepted shares add up");
  must(canonical(total.encoded.reveal()), "sums are field elements");
}

void try_aggregate_share(std::span<const uint8_t> share) {
  const Sum& sum = instance();
  AggregateShare total = sum.aggregate_init();
  const bool fits = share.size() == sum.sizes().aggregate_share && canonical(share);
  must(sum.merge(total, {SecretBytes::copy_of(share)}).ok() == fits, "only shares that fit");
  std::array<AggregateShare, kAggregators> shares{
      sum.aggregate_init(), sum.aggregate_init(), {SecretBytes::copy_of(share)}};
  const auto result = sum.unshard(shares, 1);
  must(result.ok() == fits, "only shares that fit");
  if (!result.ok()) return;
  for (const int64_t value : *result)
    must(value >= -2'146'959'360 && value <= 2'146'959'360, "results are between -q/2 and q/2");
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  TestEntropy entropy(1);
  const Shards shards = instance().shard(std::vector<int32_t>(kDimension, -5), {}, entropy).value();
  std::vector<Bytes> seeds;
  for (size_t i = 0; i < kAggregators; ++i) {
    Bytes seed{static_cast<uint8_t>(i)};
    const auto share = shards.input_shares[i].reveal();
    seed.insert(seed.end(), share.begin(), share.end());
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const uint8_t> share(data + 1, size - 1);
  try_input_share(data[0] % kAggregators, share);
  try_aggregate_share(share);
  return 0;
}
