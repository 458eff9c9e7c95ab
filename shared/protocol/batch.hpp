// What a server keeps of accepted reports: their sum, how many, and which, in 32 bytes.
#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// One server's accumulator, of a job or of a whole task. The share is as secret as a report until
/// noise is in it. Thread safety: a plain value.
struct Batch {
  AggregateShare share;
  uint64_t reports = 0;
  Digest checksum{};  ///< XOR of SHA-256(report id): order does not matter, a repetition shows.

  static Batch empty(const Vdaf& vdaf) { return {vdaf.aggregate_init(), 0, {}}; }
  /// Errors: those of Vdaf::aggregate; then nothing has changed.
  Status add(const Vdaf& vdaf, const Nonce& id, const OutShare& out_share);
  /// Notes reports that are added to the share otherwise; `which` is their checksum.
  void count(uint64_t more, const Digest& which);
  /// Errors: those of Vdaf::merge; then nothing has changed.
  Status merge(const Vdaf& vdaf, const Batch& other);
};

}  // namespace sotto
