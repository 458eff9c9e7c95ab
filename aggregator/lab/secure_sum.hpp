// The whole cryptographic path of a simulation: every device a sotto::Device, the servers and the
// collector the roles of protocol/, in the phases of deployment.
//
//   1. publish    the round's model; each cohort's task, signed and countersigned (secure_site.hpp)
//   2. devices    each takes the model, decides about the task, pays its ledger, puts a report into
//                 its outbox; its bytes go to the leader
//   3. servers    the leader accepts; jobs of 64 reports are prepared by both, committed, merged
//   4. collect    after the window, each server adds its noise once; the collector unshards
// Devices and servers draw from the streams of sum_job.hpp, so the result is that of sum_in_clear
// to the bit as long as every device has budget and every report arrives.
//
// Memory: 64 reports at a time, the devices (their event logs, some 150 bytes an event),
// and a few vectors of the sum's dimension.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "device/device.hpp"
#include "lab/poison.hpp"
#include "lab/secure_site.hpp"
#include "lab/sum_job.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

struct SecureOptions {
  uint64_t seed = 1;
  /// What all sums of the run cost a device; its ledger is given that and no more. 0: the run has
  /// no noise, and the ledgers have nothing to hold.
  double rho = 0;
  /// How shares are made and checked: kSumField32, or one of PINE's instances with the parameters
  /// that use_pine chooses for each task.
  VdafId vdaf = VdafId::kSumField32;
  /// Malicious devices, chosen by the seed among all; the others stay honest. A task's minimum
  /// batch then has room for as many reports to be rejected as its cohort has attackers: an
  /// operator who asks for more gets no sum at all from an attack that PINE refuses.
  Poison poison{};
  /// How often the bytes of a device's report reach the leader: 0 is lost, 2 is sent again because
  /// the first answer was not heard. Empty: once.
  std::function<unsigned(uint32_t device)> deliveries{};
};

/// All devices of a simulation, over several sums. Thread safety: one thread at a time per object.
class SecureSum {
 public:
  /// One device a history: an event log with one `like` an item, in its order, far enough apart for
  /// cleaning to keep them all. saved: what save() gave, to go on from there; or empty.
  /// Keeps a reference to histories. Errors: those of Device::open and track; kMalformed for
  /// damaged `saved`; kInvalidArgument when it is of another number of devices, and for
  /// a rho beyond what ledgers can hold.
  static Result<SecureSum> create(const Histories& histories, uint32_t n_items,
                                  SecureOptions options, Executor& executor,
                                  std::span<const uint8_t> saved = {});

  /// job: its histories are those of this object, and its stream is above that of the sum before.
  /// Errors: those of make_cohorts, publish, use_pine and the roles; kInvalidArgument when devices
  /// are to add noise under PINE, which bounds all that they send; the first of a device, which it
  /// names; kTooFewReports when more reports got lost than a task's minimum allows.
  Result<DeviceSum> sum(const SumJob& job, Executor& executor, const SumProgress& progress = {});

  /// What devices must not lose: ledger, installation, manifest seen. Their events are histories.
  Bytes save() const;

  /// Of the last sum; of one that failed, as far as it came.
  const SumStatistics& statistics() const { return statistics_; }
  const std::vector<bool>& malicious() const { return malicious_; }
  /// Number `device`, as it is after the sums so far.
  const Device& device(uint32_t device) const { return devices_[device]; }

 private:
  SecureSum(const Histories& histories, uint32_t n_items, SecureOptions options);
  DeviceOptions device_options() const;

  const Histories* histories_;
  SecureOptions options_;
  std::unique_ptr<const SecureSite> site_;
  std::vector<bool> malicious_;  ///< One a device.
  std::vector<Device> devices_;
  SumStatistics statistics_;
};

}  // namespace sotto
