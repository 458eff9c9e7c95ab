// What the fuzz targets of verified VDAFs have in common: one of the messages of an honest report
// is replaced by the input, which must be refused wherever it is another one.
#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "base/entropy.hpp"
#include "target.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

class VdafTarget {
 public:
  VdafTarget(const Vdaf& vdaf, std::span<const int32_t> measurement)
      : vdaf_(vdaf), verify_key_(vdaf.sizes().verify_key, 5) {
    TestEntropy entropy(1);
    entropy.fill(nonce_);
    Shards shards = vdaf.shard(measurement, nonce_, entropy).value();
    messages_.push_back(shards.public_share);
    for (const SecretBytes& share : shards.input_shares)
      messages_.emplace_back(share.reveal().begin(), share.reveal().end());
    for (size_t i = 0; i < vdaf.aggregators(); ++i)
      messages_.push_back(prepare(i, messages_).value().prepare_share);
    messages_.push_back(message(messages_).value());
  }

  /// One for each kind of message: its number, then the message.
  std::vector<Bytes> seeds() const {
    std::vector<Bytes> seeds;
    for (size_t kind = 0; kind < messages_.size(); ++kind) {
      Bytes seed{static_cast<uint8_t>(kind)};
      seed.resize(1 + messages_[kind].size());
      std::copy(messages_[kind].begin(), messages_[kind].end(), seed.begin() + 1);
      seeds.push_back(seed);
    }
    Bytes aggregate_share(1 + vdaf_.sizes().aggregate_share);
    aggregate_share[0] = static_cast<uint8_t>(messages_.size());
    seeds.push_back(aggregate_share);
    return seeds;
  }

  void feed(std::span<const uint8_t> input) const {
    if (input.empty()) return;
    const size_t kind = input[0] % (messages_.size() + 1);
    const Bytes content(input.begin() + 1, input.end());
    if (kind == messages_.size()) return feed_aggregate_share(content);
    const bool honest = content == messages_[kind];
    auto messages = messages_;
    messages[kind] = content;
    must(accepted(messages, kind) == honest, "the honest message is accepted, and no other");
  }

 private:
  size_t share_at(size_t aggregator) const { return 1 + aggregator; }
  size_t prepare_share_at(size_t aggregator) const { return 1 + vdaf_.aggregators() + aggregator; }
  size_t message_at() const { return 1 + 2 * vdaf_.aggregators(); }

  Result<Prepared> prepare(size_t aggregator, const std::vector<Bytes>& messages) const {
    return vdaf_.prepare_init(verify_key_, aggregator, nonce_, messages[0],
                              SecretBytes::copy_of(messages[share_at(aggregator)]));
  }
  Result<Bytes> message(const std::vector<Bytes>& messages) const {
    const auto begin = messages.begin() + static_cast<std::ptrdiff_t>(prepare_share_at(0));
    return vdaf_.prepare_message(
        std::vector<Bytes>(begin, begin + static_cast<std::ptrdiff_t>(vdaf_.aggregators())));
  }

  // All phases; what follows from the replaced message is computed anew.
  bool accepted(std::vector<Bytes> messages, size_t replaced) const {
    std::vector<PrepareState> states;
    for (size_t i = 0; i < vdaf_.aggregators(); ++i) {
      auto prepared = prepare(i, messages);
      if (!prepared.ok()) return false;
      if (prepare_share_at(i) != replaced) messages[prepare_share_at(i)] = prepared->prepare_share;
      states.push_back(std::move(prepared->state));
    }
    const auto combined = message(messages);
    if (!combined.ok()) return false;
    if (message_at() != replaced) messages[message_at()] = *combined;
    for (PrepareState& state : states) {
      const auto out_share = vdaf_.prepare_next(std::move(state), messages[message_at()]);
      if (!out_share.ok()) return false;
      AggregateShare total = vdaf_.aggregate_init();
      must(vdaf_.aggregate(total, *out_share).ok(), "accepted shares add up");
    }
    return true;
  }

  void feed_aggregate_share(const Bytes& content) const {
    AggregateShare total = vdaf_.aggregate_init();
    const bool merged = vdaf_.merge(total, {SecretBytes::copy_of(content)}).ok();
    must(!merged || content.size() == vdaf_.sizes().aggregate_share, "only shares that fit");
    std::vector<AggregateShare> shares(vdaf_.aggregators());
    for (AggregateShare& share : shares) share = vdaf_.aggregate_init();
    shares.back() = {SecretBytes::copy_of(content)};
    const auto sum = vdaf_.unshard(shares, 1);
    must(merged || !sum.ok(), "what does not merge is no sum");
    must(!sum.ok() || sum->size() == vdaf_.dimension(), "a sum has all of its coordinates");
  }

  const Vdaf& vdaf_;
  Bytes verify_key_;
  Nonce nonce_{};
  std::vector<Bytes> messages_;  // public share, input shares, prepare shares, prepare message
};

}  // namespace sotto
