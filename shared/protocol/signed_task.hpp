// Task files: a task that the publisher signed and the helper countersigned.
//
//   file    = task (task.hpp) | publisher's signature 64 | helper's signature 64
//   task id = SHA-256(file)
// The publisher signs the task under "task v1"; the helper signs task and publisher's signature
// under "task countersigned v1". Since the helper signs too, no publisher and no leader can make a
// task for one visitor alone, and since the id is in everything that is sealed, a report for one
// file is worth nothing under another.
//
// Whoever acts on a task holds a VerifiedTask, which exists only for files that were checked
// against the identities that the site pins.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/sign.hpp"
#include "protocol/floors.hpp"
#include "protocol/task.hpp"

namespace sotto {

using TaskId = Digest;

/// What a site's page pins: never learnt from a server.
struct PinnedSite {
  std::string site;
  IdentityKey publisher{};  ///< Signs tasks and the collector's key.
  IdentityKey leader{};
  IdentityKey helper{};
};

/// Signatures of publisher and helper.
inline constexpr size_t kTaskSignatures = 128;

/// The publisher's half: task | signature. For the helper, and of no use to anybody else.
/// Errors: those of check_task.
Result<Bytes> sign_task(const Identity& publisher, const Task& task);

/// The helper's half: checks the publisher's and gives the task file. The helper countersigns only
/// what it will serve: a task of this site, above its floors, whose window is not over.
/// Errors: those of decode_task; kAuthentication for another publisher or site; kBelowFloor;
/// kExpired.
Result<Bytes> countersign_task(const Identity& helper, const PinnedSite& pinned,
                               const Floors& floors, std::span<const uint8_t> signed_task,
                               int64_t now_ms);

/// A task whose file was checked. Thread safety: immutable.
class VerifiedTask {
 public:
  /// Errors: those of decode_task; kAuthentication when either signature is missing or not that of
  /// the pinned identity, or the task is of another site.
  static Result<VerifiedTask> open(std::span<const uint8_t> file, const PinnedSite& pinned);

  const Task& task() const { return task_; }
  const TaskId& id() const { return id_; }

 private:
  VerifiedTask(Task task, const TaskId& id) : task_(std::move(task)), id_(id) {}
  Task task_;
  TaskId id_;
};

/// A server's or the collector's key that a task names, as encode_signed_key writes it.
/// Errors: those of open_signed_key; kAuthentication when the task names another one.
Result<SignedKey> open_task_key(std::span<const uint8_t> bytes, const IdentityKey& identity,
                                KeyRole role, const KeyId& named, int64_t now_ms);

}  // namespace sotto
