// `sum` over Field32: vectors of integers are added up; nothing about them is checked.
//
// For devices that are trusted to be honest (simulation, small sites); on the open web a report
// needs a proof. Protects measurements as every instance of vdaf.hpp does: each aggregator sees
// one share, which alone is uniformly random.
//   input share of helper i    a seed of 32 random bytes
//   input share of the leader  measurement - sum over helpers of expand(seed_i), modulo q, 4 bytes
//                              a coordinate, little-endian
//   expand(seed)               ChaCha20 (RFC 8439) with the seed as key and nonce 0: successive
//                              little-endian u32, leaving out those >= q
// A u32 is left out once in 4096; that depends only on the left-out words, so the time that it
// takes says nothing about the others.
#pragma once

#include "vdaf/field32.hpp"
#include "vdaf/server_half.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

class SumClient final : public VdafClient {
 public:
  using Field = Field32;
  static constexpr const char* kName = "sum";
  static constexpr size_t kMaxDimension = size_t{1} << 26;  ///< 256 MiB a share.
  static constexpr size_t kMaxAggregators = 255;

  /// Errors: kInvalidArgument unless 1 <= dimension <= kMaxDimension and
  /// 2 <= aggregators <= kMaxAggregators.
  static Result<SumClient> create(size_t dimension, size_t aggregators = 2);

  VdafId id() const override { return VdafId::kSumField32; }
  size_t dimension() const override { return dimension_; }
  const VdafSizes& sizes() const override { return sizes_; }

  /// Valid are all integers between -q/2 and q/2. Draws 32 bytes a helper.
  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override;

 private:
  SumClient(size_t dimension, size_t aggregators);
  size_t dimension_;
  VdafSizes sizes_;
};

class Sum final : public ServerHalf<SumClient> {
 public:
  static constexpr size_t kMaxDimension = SumClient::kMaxDimension;

  /// Errors: those of SumClient::create.
  static Result<Sum> create(size_t dimension, size_t aggregators = 2);

  Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                const Nonce& nonce, std::span<const uint8_t> public_share,
                                SecretBytes input_share) const override;
  Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const override;
  Result<OutShare> prepare_next(PrepareState state,
                                std::span<const uint8_t> prepare_message) const override;
  Status aggregate(AggregateShare& into, const OutShare& out_share) const override;

 private:
  using ServerHalf::ServerHalf;
};

}  // namespace sotto
