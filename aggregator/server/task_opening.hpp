// How a task comes to be: what the course asks for, completed, signed, and agreed with the helper.
#pragma once

#include "base/result.hpp"
#include "protocol/manifest.hpp"
#include "protocol/signed_task.hpp"
#include "server/context.hpp"
#include "server/peer_client.hpp"

namespace sotto {

/// A task that both servers have signed, and the keys that it names.
struct AgreedTask {
  TaskId id{};
  Task task;
  Bytes file, collector_key, helper_key;
};

/// task: as Course::next_task gives it; published: what devices contribute to. Asks the helper for
/// its key and its signature, and waits for them. Not from the queue's thread.
/// Errors: kBelowFloor; kExpired for a key that ends before the window does; those of the helper;
/// kDisagreement when it has signed something else.
Result<AgreedTask> agree_on_task(const ServerContext& context, const HpkeKeys& own,
                                 const HpkeKeys& collector, PeerClient& helper,
                                 const Manifest& published, Task task);

}  // namespace sotto
