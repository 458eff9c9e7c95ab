// What the parts of a server are lent, in memory and with a clock that stands still.
#pragma once

#include "base/executor.hpp"
#include "server/context.hpp"
#include "store/records.hpp"

namespace sotto {

struct ServerParts {
  static constexpr int64_t kNow = 1'700'000'000'000;

  TestEntropy entropy{5};
  Identity publisher = Identity::generate(entropy);
  Identity helper = Identity::generate(entropy);
  ServerConfig config;
  KeyFiles keys{Identity::generate(entropy), Identity::from_seed(publisher.seed()), Seed()};
  PinnedSite pinned{"shop.example", publisher.key(), keys.identity.key(), helper.key()};
  ManualClock clock{kNow};
  SerialExecutor executor;
  test::MemoryStore store;
  // As a server does: what memory has ahead of the store is given up.
  CommitQueue queue{store, CommitQueue::Options(),
                    [this] { audit = AuditLog::open(store).value(); }};
  AuditLog audit = AuditLog::open(store).value();
  Log log{LogFormat::kHuman, "error"};
  Metrics metrics;
  ServerContext context{config,   pinned, keys,  Floors::none(), clock, entropy, {},
                        executor, store,  queue, audit,          log,   metrics};
};

}  // namespace sotto
