// What leader and helper have in common: one task, their keys, and the two things that both do with
// them, opening their share of a report and giving their noised share of the sum.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/result.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/aggregation_messages.hpp"
#include "protocol/batch.hpp"
#include "protocol/floors.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// What a server brings to a task.
struct ServerKeys {
  Bytes signed_key;      ///< Its own, as encode_signed_key writes it,
  HpkeKeyPair key_pair;  ///< and the pair that belongs to it.
  Bytes collector_key;   ///< The collector's, signed by the publisher.
  Seed verify_seed;      ///< Shared by the two servers, never shown to a device.
};

/// Where a server stands with a task. Numbers stand in snapshots.
enum class TaskPhase : uint8_t {
  kOpen = 1,       ///< Takes reports and jobs.
  kClosing = 2,    ///< Leader only: has asked the helper to collect; the batch is fixed.
  kCollected = 3,  ///< The noised share is drawn; its bytes are all that is ever given.
  kAbandoned = 4,  ///< Will never be collected.
};

/// Thread safety: immutable; each thread brings its own entropy source.
class ServerTask {
 public:
  /// role: kLeader or kHelper. Errors: those of VerifiedTask::open and open_task_key; kBelowFloor;
  /// kAuthentication also when key_pair does not belong to signed_key; kUnsupported when the verify
  /// key cannot be derived.
  static Result<ServerTask> open(Role role, std::span<const uint8_t> task_file,
                                 const PinnedSite& pinned, const Floors& floors, ServerKeys keys,
                                 int64_t now_ms);

  const Task& task() const { return verified_.task(); }
  const TaskId& id() const { return verified_.id(); }
  const Vdaf& vdaf() const { return *vdaf_; }

  /// Opens this server's share of a report and takes the first step of its preparation.
  /// Errors: those of hpke_open and Vdaf::prepare_init.
  Result<Prepared> open_report(const ReportMetadata& metadata,
                               std::span<const uint8_t> public_share,
                               std::span<const uint8_t> sealed) const;

  /// Whether a batch may be collected now: when the window is over, or the batch is complete, with
  /// max_batch reports in it. Each server asks this of its own batch; no message says so.
  ///
  /// Why a complete batch need not wait: nothing can join it any more. Every report that is in a
  /// server's batch is one that it knows, it knows max_batch at most, each once (LeaderRole::accept
  /// and HelperRole::prepare refuse more with kFull), so with max_batch in the batch none is
  /// waiting or in a job. The sum that is released now is the very sum that the end of the window
  /// would release: the same reports, number and noise, once. When it comes tells that the task was
  /// full, which the leader announces anyhow. What a device pays does not depend on it either: its
  /// ledger is charged when it makes a report, whatever becomes of the task. A server that counts
  /// wrong, or lies, gains nothing: the other one compares number and checksum and looks at its own
  /// batch. Where a report was rejected the batch is never complete, and the window decides.
  /// Errors: kExpired; kTooFewReports.
  Status check_collectable(const Batch& batch, int64_t now_ms) const;

  /// This server's collected share, with fresh noise: the caller commits it, forgets the batch's
  /// share, and never asks again. Draws the noise first, then the encapsulation.
  /// Errors: those of the VDAF.
  Result<Bytes> noised_share(const Batch& batch, EntropySource& entropy) const;

 private:
  ServerTask(Role role, VerifiedTask verified, const Floors& floors, ServerKeys keys,
             std::unique_ptr<const Vdaf> vdaf, std::optional<DiscreteGaussian> noise,
             const HpkePublicKey& collector, SecretBytes verify_key);

  Role role_;
  VerifiedTask verified_;
  Floors floors_;
  HpkeKeyPair key_pair_;
  std::unique_ptr<const Vdaf> vdaf_;
  std::optional<DiscreteGaussian> noise_;
  HpkePublicKey collector_;
  SecretBytes verify_key_;
};

}  // namespace sotto
