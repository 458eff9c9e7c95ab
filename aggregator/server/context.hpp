// What the parts of a server share. Everything is lent for the life of the server.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/entropy.hpp"
#include "base/executor.hpp"
#include "protocol/floors.hpp"
#include "server/audit_log.hpp"
#include "server/config.hpp"
#include "server/hpke_keys.hpp"
#include "server/key_files.hpp"
#include "server/log.hpp"
#include "server/metrics.hpp"
#include "store/commit_queue.hpp"
#include "store/store.hpp"

namespace sotto {

struct ServerContext {
  const ServerConfig& config;
  const PinnedSite& pinned;
  const KeyFiles& keys;
  Floors floors;
  const Clock& clock;
  EntropySource& entropy;  ///< For ids, keys, encapsulations. Several threads may use it.
  /// For the noise and the encapsulation of one collected share: a new source each time.
  std::function<std::unique_ptr<EntropySource>(const TaskId&)> noise;
  Executor& executor;  ///< The queue's thread only.
  Store& store;
  CommitQueue& queue;
  AuditLog& audit;  ///< On the queue's thread only.
  Log& log;
  Metrics& metrics;
};

/// Adds a role's records of one task to a group's changes.
inline void add_records(std::vector<StoreChange>& changes, const std::string& space,
                        std::vector<KeyedRecord> records) {
  for (KeyedRecord& record : records) changes.push_back({space, std::move(record)});
}

}  // namespace sotto
