#include "vdaf/sum.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "crypto/stream.hpp"
#include "vdaf/aggregate_share.hpp"
#include "vdaf/field_vector.hpp"

namespace sotto {
namespace {

using Field = Field32;
constexpr size_t kWord = Field::kEncodedSize;
constexpr size_t kSeedSize = Seed::size();
/// Stream bytes made at a time: enough for the widest ChaCha20, little enough for the L1 cache.
constexpr size_t kStreamChunk = 16 * 1024;
/// Stream words that are used at once when all of them are canonical, which fails once in 64.
constexpr size_t kGroup = 64 * kWord;

using VectorOperation = void (*)(std::span<uint8_t> into, std::span<const uint8_t> other);

// Adds or subtracts expand(seed), a chunk at a time, so that it is never written out as a whole.
template <VectorOperation kOperation>
void combine_expanded(std::span<uint8_t> into, std::span<const uint8_t, kSeedSize> seed) {
  SecretBytes stream(kStreamChunk);
  uint64_t block = 0;
  while (!into.empty()) {
    const size_t blocks =
        std::min((into.size() + kChaChaBlock - 1) / kChaChaBlock, kStreamChunk / kChaChaBlock);
    std::span<uint8_t> chunk = stream.reveal_mutable().first(blocks * kChaChaBlock);
    expand_chacha20(seed, block, chunk);
    block += blocks;
    while (!chunk.empty() && !into.empty()) {
      const std::span<const uint8_t> group = chunk.first(std::min(kGroup, chunk.size()));
      chunk = chunk.subspan(group.size());
      if (group.size() <= into.size() && all_canonical<Field>(group)) {
        kOperation(into.first(group.size()), group);
        into = into.subspan(group.size());
        continue;
      }
      for (size_t i = 0; i < group.size() && !into.empty(); i += kWord) {
        const auto word = group.subspan(i, kWord);
        if (!Field::is_canonical(Field::load(word.data()))) continue;
        kOperation(into.first(kWord), word);
        into = into.subspan(kWord);
      }
    }
  }
}

// False when an integer is not between -q/2 and q/2; looks at all of them in any case.
bool encode_signed(std::span<const int32_t> integers, std::span<uint8_t> encoded) {
  constexpr auto kLargest = static_cast<int32_t>(Field::kModulus / 2);
  uint32_t outside = 0;
  for (size_t i = 0; i < integers.size(); ++i) {
    outside |= integers[i] > kLargest || integers[i] < -kLargest ? 1U : 0U;
    Field::store(encoded.data() + i * kWord, Field::from_signed(integers[i]));
  }
  return outside == 0;
}

}  // namespace

Result<SumClient> SumClient::create(size_t dimension, size_t aggregators) {
  if (dimension < 1 || dimension > kMaxDimension)
    return Error{ErrorCode::kInvalidArgument, "sum: dimension must be 1 .. 2^26"};
  if (aggregators < 2 || aggregators > kMaxAggregators)
    return Error{ErrorCode::kInvalidArgument, "sum: aggregators must be 2 .. 255"};
  return SumClient(dimension, aggregators);
}

SumClient::SumClient(size_t dimension, size_t aggregators) : dimension_(dimension) {
  sizes_.aggregate_share = dimension * kWord;
  sizes_.input_shares.assign(aggregators, kSeedSize);
  sizes_.input_shares[0] = dimension * kWord;
}

Result<Shards> SumClient::shard(std::span<const int32_t> measurement, const Nonce& /*nonce*/,
                                EntropySource& entropy) const {
  if (measurement.size() != dimension_)
    return Error{ErrorCode::kInvalidArgument, "sum: wrong length of measurement"};
  SecretBytes leader(sizes_.input_shares[0]);
  if (!encode_signed(measurement, leader.reveal_mutable()))
    return Error{ErrorCode::kInvalidArgument, "sum: an integer is not between -q/2 and q/2"};

  const size_t helpers = aggregators() - 1;
  SecretBytes seeds(helpers * kSeedSize);
  entropy.fill(seeds.reveal_mutable());

  Shards shards;
  shards.input_shares.reserve(aggregators());
  shards.input_shares.push_back(std::move(leader));
  for (size_t i = 0; i < helpers; ++i) {
    const auto seed = seeds.reveal().subspan(i * kSeedSize).first<kSeedSize>();
    combine_expanded<subtract_vector<Field>>(shards.input_shares[0].reveal_mutable(), seed);
    shards.input_shares.push_back(SecretBytes::copy_of(seed));
  }
  return shards;
}

Result<Sum> Sum::create(size_t dimension, size_t aggregators) {
  SOTTO_TRY(SumClient client, SumClient::create(dimension, aggregators));
  return Sum(std::move(client));
}

Result<Prepared> Sum::prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                   const Nonce& /*nonce*/, std::span<const uint8_t> public_share,
                                   SecretBytes input_share) const {
  if (aggregator >= aggregators())
    return Error{ErrorCode::kInvalidArgument, "sum: no such aggregator"};
  if (!verify_key.empty())
    return Error{ErrorCode::kInvalidArgument, "sum: its verify key is empty"};
  SOTTO_CHECK_OK(check_size(public_share, sizes().public_share, "public share"));
  SOTTO_CHECK_OK(check_size(input_share.reveal(), sizes().input_shares[aggregator], "input share"));
  if (aggregator == 0)
    SOTTO_CHECK_OK(check_share_vector<Field>(input_share.reveal(), sizes().input_shares[0], "sum",
                                             "input share"));
  return Prepared{{aggregator, std::move(input_share)}, {}};
}

Result<Bytes> Sum::prepare_message(std::span<const Bytes> prepare_shares) const {
  if (prepare_shares.size() != aggregators())
    return Error{ErrorCode::kInvalidArgument, "sum: wrong number of prepare shares"};
  for (const Bytes& share : prepare_shares)
    SOTTO_CHECK_OK(check_size(share, sizes().prepare_share, "prepare share"));
  return Bytes{};
}

Result<OutShare> Sum::prepare_next(PrepareState state,
                                   std::span<const uint8_t> prepare_message) const {
  SOTTO_CHECK_OK(check_size(prepare_message, sizes().prepare_message, "prepare message"));
  return OutShare{state.aggregator, std::move(state.contents)};
}

Status Sum::aggregate(AggregateShare& into, const OutShare& out_share) const {
  if (out_share.aggregator >= aggregators() ||
      out_share.contents.size() != sizes().input_shares[out_share.aggregator] ||
      into.encoded.size() != sizes().aggregate_share)
    return {ErrorCode::kInvalidArgument, "sum: a share that is not of this instance"};
  const auto share = out_share.contents.reveal();
  if (out_share.aggregator == 0) {
    add_vector<Field>(into.encoded.reveal_mutable(), share);
  } else {
    combine_expanded<add_vector<Field>>(into.encoded.reveal_mutable(), share.first<kSeedSize>());
  }
  return {};
}

}  // namespace sotto
