// Prio3 (draft-irtf-cfrg-vdaf section 7, wire version 18): sums of integers that are proven to be
// in range, with the XOF TurboSHAKE128. The draft's encodings, byte for byte.
//
// What each party learns: an aggregator its share, which alone is uniformly random, and that the
// measurement is valid; the collector the sum. Phases as in vdaf.hpp, n aggregators; the terms with
// r exist only where the circuit uses joint randomness (all but Count, Sum and HigherDegree):
//   shard            the measurement is encoded for the circuit and shared additively; each share
//                    gives a part of the joint randomness r, hashed with a blind so that it tells
//                    nothing; the proof (flp.hpp) under r is shared additively, too
//     public share   r parts                               32 n bytes
//     leader's       measurement share || proof shares || blind
//     helper's       a seed of both || blind               32 or 64 bytes
//   prepare_init     own r part from the share, r from it and the others' parts of the public share
//     prepare share  verifier shares || own r part
//   prepare_message  decides by the sum of verifiers; the seed of r from the parts just seen
//   prepare_next     that seed must be the one that the own verifier was made with
//
// Measurements are vectors of the length of the result, the sum of the measurements:
//   Count {0 or 1}; Sum {0 .. max}; SumVec; Histogram: zeros and one 1 (the draft's index,
//   one-hot); MultihotCountVec: zeros and at most max_weight ones.
// Sums of fewer than 2^32 reports are int64_t, since measurements are int32_t.
//
// context: the application's, at most 65000 bytes; reports of another context are refused.
// chunk_length: of the draft; prio3_chunk_length gives the one of the shortest proof.
// Errors of all: kInvalidArgument for parameters out of range: 2 .. 255 aggregators, max 1 ..
// 2^31 - 1, encodings and chunks of at most 2^24 elements, 1 .. 255 proofs.
// Thread safety: as vdaf.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

// Interface: Vdaf, or VdafClient for the device's half alone.

template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_prio3_count(std::span<const uint8_t> context,
                                                          size_t aggregators = 2);
template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_prio3_sum(uint32_t max,
                                                        std::span<const uint8_t> context,
                                                        size_t aggregators = 2);
template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_prio3_sum_vec(size_t length, uint32_t max,
                                                            size_t chunk_length,
                                                            std::span<const uint8_t> context,
                                                            size_t aggregators = 2);
template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_prio3_histogram(size_t length, size_t chunk_length,
                                                              std::span<const uint8_t> context,
                                                              size_t aggregators = 2);
template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_prio3_multihot_count_vec(
    size_t length, uint32_t max_weight, size_t chunk_length, std::span<const uint8_t> context,
    size_t aggregators = 2);

/// The draft's experiments, in no task and on no device, id kExperimental: SumVec over Field64 with
/// several proofs (shares of half the size), and a circuit with a gadget of degree 3.
Result<VdafPointer> make_prio3_sum_vec_with_multiproof(size_t length, uint32_t max,
                                                       size_t chunk_length, size_t proofs,
                                                       std::span<const uint8_t> context,
                                                       size_t aggregators = 2);
Result<VdafPointer> make_prio3_higher_degree(std::span<const uint8_t> context,
                                             size_t aggregators = 2);

/// The chunk length with the shortest proof for so many elements of the encoding; the longest of
/// these, with the fewest calls, where there are several. SumVec encodes an integer in as many
/// elements as max has bits, MultihotCountVec appends the bits of max_weight.
size_t prio3_chunk_length(size_t elements);

}  // namespace sotto
