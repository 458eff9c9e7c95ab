// Everybody who takes part in a task, with fixed keys, and what tests do with every message.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "hex.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/collector_role.hpp"
#include "protocol/device_role.hpp"
#include "protocol/stored_roles.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {

inline constexpr int64_t kMinute = 60'000;
inline constexpr int64_t kStart = 1'700'000'040'000;  // a whole minute
inline constexpr int64_t kEnd = kStart + 60 * kMinute;
inline constexpr int64_t kNow = kStart + 10 * kMinute + 1234;

template <class R>
ErrorCode code_of(const R& result) {
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

/// Draws nothing: ends the program when asked to.
inline FixedEntropy no_entropy() { return FixedEntropy({}); }

struct Cast {
  TestEntropy entropy{7};
  Identity publisher = Identity::generate(entropy);
  Identity leader = Identity::generate(entropy);
  Identity helper = Identity::generate(entropy);
  HpkeKeyPair leader_pair = HpkeKeyPair::generate(entropy);
  HpkeKeyPair helper_pair = HpkeKeyPair::generate(entropy);
  HpkeKeyPair collector_pair = HpkeKeyPair::generate(entropy);
  SignedKey leader_key = key_of(leader, KeyRole::kLeader, leader_pair);
  SignedKey helper_key = key_of(helper, KeyRole::kHelper, helper_pair);
  SignedKey collector_key = key_of(publisher, KeyRole::kCollector, collector_pair);
  PinnedSite pinned{"shop.example", publisher.key(), leader.key(), helper.key()};
  Floors floors{3, 0.5, true};

  static SignedKey key_of(const Identity& identity, KeyRole role, const HpkeKeyPair& pair) {
    return sign_key(identity, role, pair.public_key(), kStart - kMinute, kEnd + 60 * kMinute)
        .value();
  }

  Task task() const {
    Task task;
    task.site = "shop.example";
    task.model_hash.fill(0x11);
    task.model_sequence = 42;
    task.catalogue_hash.fill(0x22);
    task.catalogue_version = 7;
    task.layout = "counts";
    task.layout_parameters = {1, 2, 3};
    task.dimension = 8;
    task.grid = {1000, 2.5};
    task.sigma = 1000;
    task.min_batch = 3;
    task.max_batch = 20;
    task.window_start_ms = kStart;
    task.window_end_ms = kEnd;
    task.time_precision_ms = kMinute;
    task.leader_key = leader_key.id();
    task.helper_key = helper_key.id();
    task.collector_key = collector_key.id();
    return task;
  }

  /// A task file, whatever anybody's floors say.
  Bytes file(const Task& of) const {
    return countersign_task(helper, pinned, Floors::none(), sign_task(publisher, of).value(), kNow)
        .value();
  }
  Bytes file() const { return file(task()); }

  Result<DeviceTask> device_result(std::span<const uint8_t> task_file,
                                   int64_t now_ms = kNow) const {
    return DeviceTask::open(task_file, pinned, floors, encode_signed_key(leader_key),
                            encode_signed_key(helper_key), now_ms);
  }
  DeviceTask device(std::span<const uint8_t> task_file) const {
    return device_result(task_file).value();
  }

  ServerKeys keys(Role role) const {
    const bool is_leader = role == Role::kLeader;
    const HpkeKeyPair& pair = is_leader ? leader_pair : helper_pair;
    return {encode_signed_key(is_leader ? leader_key : helper_key),
            HpkeKeyPair::from_secret_key(pair.secret_key()), encode_signed_key(collector_key),
            Seed()};
  }
  Result<ServerTask> server_result(Role role, std::span<const uint8_t> task_file) const {
    return ServerTask::open(role, task_file, pinned, floors, keys(role), kNow);
  }
  ServerTask server(Role role, std::span<const uint8_t> task_file) const {
    return server_result(role, task_file).value();
  }
  Result<CollectorRole> collector_result(std::span<const uint8_t> task_file) const {
    return CollectorRole::create(task_file, pinned, floors, encode_signed_key(collector_key),
                                 HpkeKeyPair::from_secret_key(collector_pair.secret_key()), kNow);
  }
};

/// A task in the middle of its window, with everybody on it.
struct Running : Cast {
  explicit Running(const Task& of) : task_file(file(of)) {}
  Running() : Running(Cast().task()) {}

  Bytes task_file;
  DeviceTask visitor = device(task_file);
  StoredLeader leader_role{server(Role::kLeader, task_file)};
  StoredHelper helper_role{server(Role::kHelper, task_file)};
  CollectorRole collector_role = collector_result(task_file).value();

  /// Both servers crash, and start from what they have stored.
  void restart() {
    leader_role.restart(server(Role::kLeader, task_file));
    helper_role.restart(server(Role::kHelper, task_file));
  }
  Bytes report(std::span<const int32_t> vector) {
    return visitor.report(vector, kNow, entropy).value();
  }
  Bytes report() { return visitor.zero_report(kNow, entropy).value(); }
  void accept(size_t reports) {
    for (size_t i = 0; i < reports; ++i) REQUIRE(leader_role.accept(report(), kNow).ok());
  }
  /// Prepares and commits everything that waits, in jobs of at most `limit`.
  void run_jobs(size_t limit = kMaxJobReports) {
    while (!leader_role.state().waiting.empty()) {
      const auto request = leader_role.start_job(limit, entropy);
      if (!request.ok()) break;  // none of them could be prepared
      const Bytes response = helper_role.prepare(*request, kNow).value();
      const Bytes commit = leader_role.on_prepare_response(response).value();
      REQUIRE(leader_role.on_commit_response(helper_role.commit(commit).value()).ok());
    }
  }
  /// Both collected shares, the leader's first.
  std::pair<Bytes, Bytes> collect(EntropySource& leader_noise, EntropySource& helper_noise) {
    const Bytes request = leader_role.start_collection(kEnd).value();
    const Bytes helper_share = helper_role.collect(request, kEnd, helper_noise).value();
    const Bytes leader_share = leader_role.finish_collection(helper_share, leader_noise).value();
    return {leader_share, helper_share};
  }
};

/// The noise that a role draws from this entropy.
inline std::vector<int64_t> noise_of(EntropySource& entropy, uint64_t sigma, size_t dimension) {
  std::vector<int64_t> noise(dimension);
  EntropyWords words(entropy);
  DiscreteGaussian::create(sigma).value().add_to(noise, words);
  return noise;
}

/// A vector of norm at most `bound`.
inline std::vector<int32_t> random_grid_vector(Random& random, size_t dimension, int32_t bound) {
  std::vector<int32_t> vector(dimension);
  auto rest = static_cast<uint64_t>(bound) * static_cast<uint64_t>(bound);
  for (int32_t& value : vector) {
    const auto magnitude = static_cast<int32_t>(random.below(static_cast<uint64_t>(bound)));
    const auto square = static_cast<uint64_t>(magnitude) * static_cast<uint64_t>(magnitude);
    if (square > rest) continue;
    rest -= square;
    value = random.below(2) == 0 ? magnitude : -magnitude;
  }
  return vector;
}

/// Every truncation and extension must be refused by `decode`, and no mutation may crash it.
/// decode: bytes -> Result or Status. Returns how many mutations of one byte it let pass.
template <class Decode>
size_t torment(const Bytes& bytes, const Decode& decode) {
  REQUIRE(code_of(decode(bytes)) == ErrorCode::kOk);
  // A copy of exactly the bytes, so that the sanitizer sees every read beyond them.
  size_t passed = 0;
  for (size_t size = 0; size < bytes.size(); ++size)
    passed += decode(Bytes(bytes.data(), bytes.data() + size)).ok() ? 1U : 0U;
  Bytes longer = bytes;
  for (int i = 0; i < 40; ++i) {
    longer.push_back(static_cast<uint8_t>(i % 2));
    passed += decode(longer).ok() ? 1U : 0U;
  }
  CHECK(passed == 0);
  size_t mutations = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const uint8_t mask : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      Bytes changed = bytes;
      changed[i] ^= mask;
      mutations += decode(changed).ok() ? 1U : 0U;
    }
  }
  return mutations;
}

}  // namespace sotto
