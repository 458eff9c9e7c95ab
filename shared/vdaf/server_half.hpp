// What the servers' halves of all instances have in common: the device's half of the same instance,
// and aggregate shares, which are field elements in their encoding that are added up.
// Internal to this room. The contracts are those of vdaf.hpp. Thread safety: immutable.
//
// Client is a VdafClient with
//   Field   that of the aggregate shares
//   kName   begins the errors
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "vdaf/aggregate_share.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

template <class Client>
class ServerHalf : public Vdaf {
 protected:
  using Field = typename Client::Field;

 public:
  explicit ServerHalf(Client client) : client_(std::move(client)) {}

  VdafId id() const override { return client_.id(); }
  size_t dimension() const override { return client_.dimension(); }
  const VdafSizes& sizes() const override { return client_.sizes(); }
  Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                       EntropySource& entropy) const override {
    return client_.shard(measurement, nonce, entropy);
  }

  Status merge(AggregateShare& into, const AggregateShare& other) const override {
    return merge_shares<Field>(into, other, sizes().aggregate_share, Client::kName);
  }
  Status add_integers(AggregateShare& into, std::span<const int64_t> integers) const override {
    return add_integers_to_share<Field>(into, integers, dimension(), Client::kName);
  }
  Result<std::vector<int64_t>> unshard(std::span<const AggregateShare> shares,
                                       uint64_t /*reports*/) const override {
    return unshard_shares<Field>(shares, aggregators(), dimension(), Client::kName);
  }

 protected:
  static Status check_size(std::span<const uint8_t> bytes, size_t size, const char* what) {
    return check_share_size(bytes, size, Client::kName, what);
  }
  const Client& client() const { return client_; }

 private:
  Client client_;
};

}  // namespace sotto
