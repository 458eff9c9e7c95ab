// A site of the simulation: its publisher, two servers and collector, each with identity and keys,
// and what they publish and sign.
//
// All of it is drawn from the run's seed, so that a run can be repeated; such keys keep no secret.
// The manifest is labelled a demonstration and the floors are those of nobody (Floors::none), since
// simulations may run without noise and with batches of one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "catalog/item_index.hpp"
#include "crypto/random.hpp"
#include "device/device_model.hpp"
#include "lab/sum_job.hpp"
#include "protocol/collector_role.hpp"
#include "protocol/floors.hpp"
#include "protocol/helper_role.hpp"
#include "protocol/leader_role.hpp"

namespace sotto {

/// A task as it is fetched.
struct PublishedTask {
  Bytes file;
  Bytes leader_key;  ///< As encode_signed_key writes them.
  Bytes helper_key;
};

/// Those who run one task.
struct TaskServers {
  LeaderRole leader;
  HelperRole helper;
  CollectorRole collector;
};

/// Thread safety: const methods from several threads.
class SecureSite {
 public:
  /// The time of a simulation: sum number n has the window [window_start(n), window_end(n)).
  /// Histories end where window 0 begins.
  static constexpr int64_t kBeginMs = 1'700'000'040'000;  ///< A whole minute.
  static constexpr int64_t kWindowMs = 60'000;
  static constexpr int64_t window_start(uint64_t n) {
    return kBeginMs + static_cast<int64_t>(n) * kWindowMs;
  }
  static constexpr int64_t window_end(uint64_t n) { return window_start(n + 1); }
  /// So that every window lies in the life of the keys and in one privacy window.
  static constexpr uint64_t kMostWindows = 100'000;

  SecureSite(uint32_t n_items, uint64_t seed);

  const PinnedSite& pinned() const { return pinned_; }
  const Floors& floors() const { return floors_; }
  /// The id that an item has in events and snapshots.
  const std::string& item_id(uint32_t item) const { return items_.id(item); }

  /// Publishes a job's model: int8 snapshot with gram and popularity, and a signed manifest whose
  /// sequence is the job's stream + 1; and opens it as a device does. While there is no model a
  /// random one stands in, which `counts` does not look at.
  /// Errors: those of write_snapshot and open_device_model; kInvalidArgument when V is not as
  /// published or has not the site's items, and from sum number kMostWindows on.
  Result<std::shared_ptr<const DeviceModel>> publish(const SumJob& job) const;

  /// Completes a cohort's task for the published model and the window of sum `number`, has it
  /// signed by the publisher and countersigned by the helper. Errors: those of sign_task and
  /// countersign_task.
  Result<PublishedTask> publish_task(Task task, const DeviceModel& model, uint64_t number) const;

  /// executor: lent to the servers. Errors: those of ServerTask::open and CollectorRole::create.
  Result<TaskServers> open_servers(const PublishedTask& task, Executor& executor,
                                   int64_t now_ms) const;

 private:
  /// A key pair and its public half, signed by its owner's identity.
  struct Keys {
    HpkeKeyPair pair;
    SignedKey key;
    Keys(const Identity& identity, KeyRole role, EntropySource& entropy);
  };
  ServerKeys server_keys(const Keys& keys) const;

  uint64_t seed_;
  ChaChaEntropy entropy_;  // before what is drawn from it
  Identity publisher_, leader_, helper_;
  Keys leader_keys_, helper_keys_, collector_keys_;
  Seed verify_seed_;
  PinnedSite pinned_;
  Floors floors_ = Floors::none();
  ItemIndex items_;
};

}  // namespace sotto
