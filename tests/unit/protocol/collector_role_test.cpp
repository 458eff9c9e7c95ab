#include "protocol/collector_role.hpp"

#include "cast.hpp"

using namespace sotto;

namespace {

struct Fixture : Running {
  Fixture() {
    accept(4);
    run_jobs();
    std::tie(leader_share, helper_share) = collect(entropy, entropy);
  }
  Bytes leader_share, helper_share;
  VdafSizes sizes = make_vdaf(task()).value()->sizes();

  /// Both shares as the servers would seal them over other numbers.
  ErrorCode opened_with(uint64_t reports) {
    CollectedShare leader_is{Role::kLeader, reports, {}, {}};
    CollectedShare helper_is{Role::kHelper, reports, {}, {}};
    const AggregateShare zero{SecretBytes(sizes.aggregate_share)};
    for (CollectedShare* share : {&leader_is, &helper_is})
      REQUIRE(seal_aggregate_share(visitor.id(), *share, collector_pair.public_key(), zero, entropy)
                  .ok());
    return code_of(
        collector_role.open(encode(visitor.id(), leader_is), encode(visitor.id(), helper_is)));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a task is collected once; the same shares give the same sum") {
  const CollectedSum sum = collector_role.open(leader_share, helper_share).value();
  CHECK(sum.reports == 4);
  CHECK(collector_role.open(leader_share, helper_share).value().sum == sum.sum);
  CHECK(opened_with(5) == ErrorCode::kReplay);
  // Also after a restart.
  CollectorRole restarted =
      CollectorRole::create(task_file, pinned, floors, encode_signed_key(collector_key),
                            HpkeKeyPair::from_secret_key(collector_pair.secret_key()), kEnd,
                            collector_role.opened())
          .value();
  CHECK(restarted.open(leader_share, helper_share).value().sum == sum.sum);
  collector_role = std::move(restarted);
  CHECK(opened_with(5) == ErrorCode::kReplay);
}

TEST_CASE_FIXTURE(Fixture, "the collector enforces minimum and maximum itself") {
  CHECK(opened_with(2) == ErrorCode::kTooFewReports);
  CHECK(opened_with(21) == ErrorCode::kFull);
  CHECK(opened_with(3) == ErrorCode::kOk);
}

TEST_CASE_FIXTURE(Fixture, "shares that are swapped, altered or of different reports are refused") {
  CHECK(code_of(collector_role.open(helper_share, leader_share)) == ErrorCode::kMalformed);
  CHECK(code_of(collector_role.open(leader_share, leader_share)) == ErrorCode::kMalformed);
  CollectedShare other = decode_collected_share(helper_share, visitor.id(), sizes).value();
  other.checksum[0] ^= 1;
  CHECK(code_of(collector_role.open(leader_share, encode(visitor.id(), other))) ==
        ErrorCode::kDisagreement);
  other.checksum[0] ^= 1;
  ++other.reports;
  CHECK(code_of(collector_role.open(leader_share, encode(visitor.id(), other))) ==
        ErrorCode::kDisagreement);
  const auto open = [&](std::span<const uint8_t> b) {
    CollectorRole fresh = collector_result(task_file).value();
    return fresh.open(leader_share, b);
  };
  CHECK(torment(helper_share, open) == 0);
  CHECK(collector_role.open(leader_share, helper_share).ok());
}

TEST_CASE_FIXTURE(Fixture, "a collector needs the task's own key, and a task above its floors") {
  const auto create = [&](const SignedKey& key, const HpkeKeyPair& pair) {
    return code_of(CollectorRole::create(task_file, pinned, floors, encode_signed_key(key),
                                         HpkeKeyPair::from_secret_key(pair.secret_key()), kEnd));
  };
  CHECK(create(collector_key, collector_pair) == ErrorCode::kOk);
  CHECK(create(collector_key, leader_pair) == ErrorCode::kAuthentication);
  CHECK(create(key_of(publisher, KeyRole::kCollector, leader_pair), leader_pair) ==
        ErrorCode::kAuthentication);
  CHECK(create(leader_key, leader_pair) == ErrorCode::kAuthentication);
  floors = Floors::production();
  CHECK(create(collector_key, collector_pair) == ErrorCode::kBelowFloor);
}
