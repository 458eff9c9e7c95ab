// The servers' roles with a store each: what a call lists is committed before its result is given.
// Every commit is checked: the store is what records() says, and restores to the same.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "protocol/helper_role.hpp"
#include "protocol/leader_role.hpp"
#include "storage.hpp"

namespace sotto {

inline std::vector<KeyedRecord> sorted(std::vector<KeyedRecord> records) {
  std::sort(records.begin(), records.end(),
            [](const KeyedRecord& a, const KeyedRecord& b) { return a.key < b.key; });
  return records;
}

inline std::vector<std::string> sorted(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return keys;
}

/// What both have. Only a start of a job may list something and fail.
template <class Server>
class StoredRole {
 public:
  explicit StoredRole(ServerTask task, Executor* executor = nullptr)
      : role_(std::move(task), executor) {}

  Server& role() { return role_; }
  const auto& state() const { return role_.state(); }
  Storage& store() { return store_; }
  const Storage& store() const { return store_; }
  /// The next commit fails: what the call lists is lost, its result is withheld.
  void fail_next_commit() { failing_ = true; }

 protected:
  template <class R>
  R committed(R result, const std::vector<KeyedRecord>& changes, bool may_list = false) {
    if (!result.ok() && !may_list) CHECK(changes.empty());
    if (std::exchange(failing_, false)) return Error{ErrorCode::kIo, "store: the disk is full"};
    store_.commit(changes);
    if (!changes.empty()) CHECK(sorted(role_.records()) == store_.records(kReportPrefix));
    return result;
  }

  Server role_;
  Storage store_;

 private:
  bool failing_ = false;
};

class StoredLeader : public StoredRole<LeaderRole> {
 public:
  using StoredRole::StoredRole;

  /// As after a crash: from the store alone. intact: nobody else has changed it.
  void restart(ServerTask task, bool intact = true) {
    role_ = LeaderRole::restore(std::move(task), store_.records(kReportPrefix),
                                store_.keys(kReportPrefix))
                .value();
    if (!intact) return;
    CHECK(sorted(role_.records()) == store_.records(kReportPrefix));
    CHECK(sorted(role_.report_keys()) == store_.keys(kReportPrefix));
  }
  ReportSource source() {
    return [this](const Nonce& id) -> Result<Bytes> {
      ++reports_read;
      const auto found = store_.raw().find(report_key(id));
      if (found == store_.raw().end()) return Error{ErrorCode::kNotFound, "store: no such record"};
      return found->second;
    };
  }

  Result<ArrivedReport> examine(Bytes report) const { return role_.examine(std::move(report)); }
  template <class Report>
  Result<Acceptance> accept(Report&& report, int64_t now_ms) {
    std::vector<KeyedRecord> changes;
    auto result = role_.accept(std::forward<Report>(report), now_ms, changes);
    return committed(std::move(result), changes);
  }
  Result<Bytes> start_job(size_t limit, EntropySource& entropy) {
    std::vector<KeyedRecord> changes;
    auto result = role_.start_job(limit, source(), entropy, changes);
    return committed(std::move(result), changes, true);
  }
  Result<Bytes> on_prepare_response(std::span<const uint8_t> response) {
    std::vector<KeyedRecord> changes;
    auto result = role_.on_prepare_response(response, source(), changes);
    return committed(std::move(result), changes);
  }
  Status on_commit_response(std::span<const uint8_t> response) {
    std::vector<KeyedRecord> changes;
    auto result = role_.on_commit_response(response, changes);
    return committed(std::move(result), changes);
  }
  Result<Bytes> start_collection(int64_t now_ms) {
    std::vector<KeyedRecord> changes;
    auto result = role_.start_collection(now_ms, changes);
    return committed(std::move(result), changes);
  }
  Result<Bytes> finish_collection(std::span<const uint8_t> share, EntropySource& entropy) {
    std::vector<KeyedRecord> changes;
    auto result = role_.finish_collection(share, entropy, changes);
    return committed(std::move(result), changes);
  }
  void abandon() {
    std::vector<KeyedRecord> changes;
    role_.abandon(changes);
    REQUIRE(committed(Status(), changes).ok());
  }

  size_t reports_read = 0;
};

class StoredHelper : public StoredRole<HelperRole> {
 public:
  using StoredRole::StoredRole;

  void restart(ServerTask task) {
    role_ = HelperRole::restore(std::move(task), store_.records()).value();
    CHECK(sorted(role_.records()) == store_.records());
  }

  Result<Bytes> prepare(std::span<const uint8_t> request, int64_t now_ms) {
    std::vector<KeyedRecord> changes;
    auto result = role_.prepare(request, now_ms, changes);
    return committed(std::move(result), changes);
  }
  Result<Bytes> commit(std::span<const uint8_t> request) {
    std::vector<KeyedRecord> changes;
    auto result = role_.commit(request, changes);
    return committed(std::move(result), changes);
  }
  Result<Bytes> collect(std::span<const uint8_t> request, int64_t now_ms, EntropySource& entropy) {
    std::vector<KeyedRecord> changes;
    auto result = role_.collect(request, now_ms, entropy, changes);
    return committed(std::move(result), changes);
  }
  void abandon() {
    std::vector<KeyedRecord> changes;
    role_.abandon(changes);
    REQUIRE(committed(Status(), changes).ok());
  }
};

}  // namespace sotto
