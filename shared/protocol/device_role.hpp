// The device: makes reports for tasks that it has checked itself.
//
//   1. open    the task file is checked against the pinned identities (signed by the publisher,
//              countersigned by the helper), against the floors of this program, and the time; the
//              servers' keys must be signed by the servers' identities for their roles, valid now,
//              and those that the task names. The price rho is computed here, from the task.
//   2. report  a grid vector of norm <= bound is noised where the task asks devices to, sharded,
//              and each share sealed to its server. All zeros stand for a device that has nothing
//              to say, and go as what the task's VDAF has for that (nothing_to_say).
// Who learns what: leader and helper each learn a random-looking share, the report's id and its
// rounded time; nobody learns the vector. Zero reports look like all others.
// Sending the bytes, again and again if need be, and charging the ledger is the caller's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/result.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/floors.hpp"
#include "protocol/report.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// The inside of a report. The vector and the shares are wiped with it.
struct OpenReport {
  OpenReport() = default;
  OpenReport(OpenReport&&) noexcept = default;
  OpenReport& operator=(OpenReport&&) noexcept = default;
  ~OpenReport();

  Nonce id{};
  /// The vector, or nothing_to_say for one of zeros, with the device's noise, if the task asks for
  /// any.
  std::vector<int32_t> noised;
  Shards shards;  ///< Of `noised`: the leader's input share, the helper's.
};

/// A task that this device may contribute to. Thread safety: immutable; each thread brings its own
/// entropy source.
class DeviceTask {
 public:
  /// Phase 1. leader_key, helper_key: as encode_signed_key writes them.
  /// Errors: those of VerifiedTask::open and open_signed_key; kBelowFloor; kAuthentication when a
  /// key is not the one that the task names; kExpired when `now_ms` is outside of the window.
  static Result<DeviceTask> open(std::span<const uint8_t> task_file, const PinnedSite& pinned,
                                 const Floors& floors, std::span<const uint8_t> leader_key,
                                 std::span<const uint8_t> helper_key, int64_t now_ms);

  const Task& task() const { return verified_.task(); }
  const TaskId& id() const { return verified_.id(); }
  /// What one report that is not zero costs (zCDP). Infinite without noise.
  double price_rho() const { return task().price_rho(); }

  /// Phase 2. The bytes to send. Draws the id, the device's noise, the sharding's randomness and
  /// the encapsulations, in this order. The caller wipes its vector.
  /// Errors: kInvalidArgument unless `vector` has the task's dimension and norm <= bound;
  /// kExpired when `now_ms` is outside of the window, or a key's time.
  Result<Bytes> report(std::span<const int32_t> vector, int64_t now_ms,
                       EntropySource& entropy) const;
  /// The report of a device that does not take part: it costs nothing and looks the same.
  Result<Bytes> zero_report(int64_t now_ms, EntropySource& entropy) const;

  /// What a report of `vector` would hold before it is sealed: for showing it to the visitor. Draws
  /// an id and randomness of its own, so no report ever has these shares. As private as the vector.
  /// Errors: as report, the keys' times aside.
  Result<OpenReport> open_report(std::span<const int32_t> vector, EntropySource& entropy) const;

 private:
  DeviceTask(VerifiedTask verified, VdafClientPointer vdaf, std::optional<DiscreteGaussian> noise,
             const SignedKey& leader, const SignedKey& helper);

  VerifiedTask verified_;
  VdafClientPointer vdaf_;
  std::optional<DiscreteGaussian> noise_;
  SignedKey leader_;
  SignedKey helper_;
};

}  // namespace sotto
