// A malicious device's own client: it knows what every device knows (the task, the keys, the model,
// its own history) and leaves out what a device checks about itself.
//
//   1. wish    the vector that it wants to be added up (poison.hpp)
//   2. shard   a vector that the VDAF takes as any device does, with a proof that holds. Any other
//              is added to the leader's share of a report that says nothing, which is possible
//              because that share is explicit and additive: `sum` cannot see it; the proof of PINE
//              or Prio3 speaks of another vector. (A prover who lies consistently is tried in
//              tests/unit/vdaf/pine_test.cpp.) Modulo q, as the servers add: what is too long wraps
//              around.
//   3. seal, upload as any device does. It pays no ledger and adds no noise.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/result.hpp"
#include "lab/poison.hpp"
#include "lab/secure_site.hpp"
#include "lab/sum_job.hpp"
#include "model/fold_in.hpp"
#include "protocol/signed_task.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// All attackers of one task. Thread safety: immutable; each thread brings its own entropy source.
class Attacker {
 public:
  /// Keeps a reference to job. Errors: those of opening task and keys; kInvalidArgument when boost
  /// names no item of the layout.
  static Result<Attacker> create(const Poison& poison, const SumJob& job, const PublishedTask& task,
                                 const PinnedSite& pinned, int64_t now_ms);

  /// Phase 1. Empty for malformed. A device whose honest vector is zero makes one up: as long as
  /// allowed in one coordinate at random. Who boosts an item that the layout leaves out waits: its
  /// honest vector. Errors: those of grid_contribution.
  Result<std::vector<int64_t>> wish(uint32_t device, EntropySource& entropy) const;
  /// Phases 2 and 3: a report that carries any vector of the task's dimension.
  Result<Bytes> report_of(std::span<const int64_t> vector, int64_t now_ms,
                          EntropySource& entropy) const;
  /// All three. The bytes to send.
  Result<Bytes> report(uint32_t device, int64_t now_ms, EntropySource& entropy) const;

 private:
  Attacker(const Poison& poison, const SumJob& job, VerifiedTask task,
           std::unique_ptr<const Vdaf> vdaf, const SignedKey& leader, const SignedKey& helper);

  Result<std::vector<int32_t>> honest(uint32_t device, EntropySource& entropy) const;
  Vector taste(uint32_t device) const;
  Shards shards_of_noise(EntropySource& entropy) const;
  Result<Shards> shard(std::span<const int64_t> vector, const Nonce& id,
                       EntropySource& entropy) const;
  Result<Bytes> seal(const Nonce& id, const Shards& shards, int64_t now_ms,
                     EntropySource& entropy) const;

  Poison poison_;
  const SumJob* job_;
  VerifiedTask verified_;
  std::unique_ptr<const Vdaf> vdaf_;
  SignedKey leader_;
  SignedKey helper_;
  Regularization reg_;
  SquareMatrix gram_;
};

}  // namespace sotto
