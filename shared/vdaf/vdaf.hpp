// Verifiable distributed aggregation: many devices' vectors are added up by two or more servers,
// none of which sees any of them.
//
// The words and phases are those of draft-irtf-cfrg-vdaf. n aggregators, of which number 0 is the
// leader and the others are helpers; each report has an id, its nonce.
//   1. shard      (device)  a measurement becomes one public share and n input shares. Any n - 1
//                           input shares and the public share say nothing about it.
//   2. prepare    (each aggregator, each report) from its input share a prepare share, which it
//                           tells the others. Together they show whether the measurement is valid
//                           and nothing else. An instance that checks nothing, such as `sum`, has
//                           empty public shares, prepare shares and prepare messages, and the same
//                           phases.
//      prepare_init         input share -> state (kept) and prepare share (sent)
//      prepare_message      all n prepare shares -> prepare message (sent to all), or kRejected
//      prepare_next         state and prepare message -> out share, or kRejected
//      Every instance takes one such round.
//   3. aggregate  (each aggregator) adds its out shares up: its aggregate share. Aggregate shares
//                           of disjoint sets of reports merge by addition. Noise is added here.
//   4. unshard    (collector) all n aggregate shares -> the sum of the measurements and noise, the
//                           only thing ever revealed.
// The aggregators must aggregate the same reports; any set of reports may be left out.
//
// Everything that is sent has an exact length that the instance states beforehand; any other length
// is refused before anything is allocated. What an instance is about (dimension, bounds, number of
// aggregators, application context) is fixed when it is made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/secret.hpp"

namespace sotto {

/// The id of a report: 16 bytes that no other report of the task has.
using Nonce = std::array<uint8_t, 16>;

/// Algorithm ids: those of the drafts, and ours in the range for private use (0xFFFF0000 and up,
/// draft-irtf-cfrg-vdaf section 10). Closed; they stand in signed tasks, so a number is never
/// given to anything else.
enum class VdafId : uint32_t {
  kPrio3Count = 0x00000001,  ///< vdaf/prio3.hpp
  kPrio3Sum = 0x00000002,
  kPrio3SumVec = 0x00000003,
  kPrio3Histogram = 0x00000004,
  kPrio3MultihotCountVec = 0x00000005,
  kPine64HmacSha256Aes128 = 0xFFFF1004,  ///< vdaf/pine.hpp
  kPine32HmacSha256Aes128 = 0xFFFF1005,
  kPine40HmacSha256Aes128 = 0xFFFF1006,
  kSumField32 = 0xFFFF5301,  ///< vdaf/sum.hpp
  /// What the drafts give to experiments (Pine64, Pine128, Prio3SumVecWithMultiproof, ...). It
  /// names several instances, so no task may hold it.
  kExperimental = 0xFFFFFFFF,
};

/// Exact sizes in bytes of everything that is sent or agreed.
struct VdafSizes {
  size_t verify_key = 0;
  size_t public_share = 0;
  std::vector<size_t> input_shares;  ///< One an aggregator.
  size_t prepare_share = 0;
  size_t prepare_message = 0;
  size_t aggregate_share = 0;
};

/// What a device makes of one measurement. The caller seals input share i to aggregator i.
struct Shards {
  Bytes public_share;
  std::vector<SecretBytes> input_shares;
};

/// What an aggregator keeps of a report between prepare_init and prepare_next. The contents are the
/// instance's own and are never sent.
struct PrepareState {
  size_t aggregator = 0;
  SecretBytes contents;
};

struct Prepared {
  PrepareState state;
  Bytes prepare_share;
};

/// One aggregator's part of one accepted measurement, as compact as it came (a dense vector, or a
/// seed that aggregate expands). The contents are the instance's own and are never sent.
struct OutShare {
  size_t aggregator = 0;
  SecretBytes contents;
};

/// One aggregator's part of a sum: its field elements in their encoding, which is also what is
/// sealed to the collector. Without noise it is as secret as a report.
struct AggregateShare {
  SecretBytes encoded;
};

/// The device's part of an instance: all that a device needs, and all that is compiled for it.
/// Thread safety: immutable; everything may be called from several threads, each with its own
/// entropy source.
class VdafClient {
 public:
  virtual ~VdafClient() = default;

  virtual VdafId id() const = 0;
  /// Integers in a measurement, and in the result.
  virtual size_t dimension() const = 0;
  virtual const VdafSizes& sizes() const = 0;
  size_t aggregators() const { return sizes().input_shares.size(); }

  /// Phase 1, on the device. All randomness is drawn in one fill, in the order of the draft's
  /// `rand` (in one fill a try, where an instance says that it may have to try again). Copies of
  /// the measurement are wiped; the caller wipes its own.
  /// Errors: kInvalidArgument when the measurement is not a valid one (length, range); kInternal
  /// when all tries failed.
  virtual Result<Shards> shard(std::span<const int32_t> measurement, const Nonce& nonce,
                               EntropySource& entropy) const = 0;
};

/// An instance as servers and collectors have it. Thread safety: as its client; each thread has an
/// aggregate share of its own.
class Vdaf : public VdafClient {
 public:
  /// Phase 2, first half, at aggregator `aggregator`. verify_key: shared by the aggregators, never
  /// known to a device.
  /// Errors: kInvalidArgument for an aggregator or verify key that does not exist; kMalformed when
  /// a share has the wrong length or holds what is no field element; kRejected in the negligible
  /// case, equal for all aggregators, that the verify key and nonce give no usable query.
  virtual Result<Prepared> prepare_init(std::span<const uint8_t> verify_key, size_t aggregator,
                                        const Nonce& nonce, std::span<const uint8_t> public_share,
                                        SecretBytes input_share) const = 0;
  /// Combines the prepare shares of all aggregators, in their order.
  /// Errors: kInvalidArgument when there are not as many as aggregators; kMalformed; kRejected when
  /// together they show that the measurement is not valid.
  virtual Result<Bytes> prepare_message(std::span<const Bytes> prepare_shares) const = 0;
  /// Phase 2, second half.
  /// Errors: kMalformed; kRejected when the message does not fit to what this aggregator saw.
  virtual Result<OutShare> prepare_next(PrepareState state,
                                        std::span<const uint8_t> prepare_message) const = 0;

  /// Phase 3. The sum of no reports.
  AggregateShare aggregate_init() const;
  /// Adds one out share. Errors: kInvalidArgument when either is not of this instance.
  virtual Status aggregate(AggregateShare& into, const OutShare& out_share) const = 0;
  /// Adds the sum of other reports. Errors: kMalformed when either share has the wrong length or
  /// holds what is no field element; then `into` is unchanged.
  virtual Status merge(AggregateShare& into, const AggregateShare& other) const = 0;
  /// Adds integers to the sum, such as this aggregator's noise.
  /// Errors: kInvalidArgument unless there are dimension() of them; kMalformed for a share of the
  /// wrong length or with what is no field element.
  virtual Status add_integers(AggregateShare& into, std::span<const int64_t> integers) const = 0;

  /// Phase 4, at the collector: the shares of all aggregators and the number of reports in them.
  /// Correct as long as the true sum fits between -q/2 and q/2 (check_batch_fits).
  /// Errors: kInvalidArgument when there are not as many shares as aggregators; kMalformed, also
  /// for a sum that is no int64_t.
  virtual Result<std::vector<int64_t>> unshard(std::span<const AggregateShare> shares,
                                               uint64_t reports) const = 0;
};

using VdafPointer = std::unique_ptr<const Vdaf>;
using VdafClientPointer = std::unique_ptr<const VdafClient>;

inline AggregateShare Vdaf::aggregate_init() const {
  return {SecretBytes(sizes().aggregate_share)};  // zero bytes encode zeros in every field
}

}  // namespace sotto
