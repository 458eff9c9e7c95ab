// PINE (draft-chen-cfrg-vdaf-pine-01, on draft 11 of VDAF; Rothblum, Omri, Chen, Talwar 2023): sums
// of vectors whose L2 norm is proven to be within a bound. The drafts' encodings, byte for byte.
//
// Measurements are integers on a grid (grid.hpp) with sum of squares <= norm_bound^2.
// What each party learns: an aggregator its share, which alone is uniformly random, and that the
// norm is within the bound; the collector the sum. Phases as in vdaf.hpp, n aggregators, S the
// XOF's seed size; circuits in pine_circuit.hpp, proofs in flp.hpp, parameters and what they
// protect from in pine_parameters.hpp:
//   shard            gradient and squared norm are shared additively; a hash of the shares seeds
//   the
//                    random vectors of the wraparound checks; their dot products, in binary, are
//                    shared, too; a hash of all seeds the joint randomness r; the proofs under r
//                    are shared
//     public share   parts of both hashes                          2 n S bytes
//     leader's       measurement share || proof shares || 2 blinds
//     helper's       seeds of both || 2 blinds                     4 S bytes: 128, or 64
//   prepare_init     the own parts, the random vectors, their dot products with the share, r
//     prepare share  verifier shares || both own parts
//   prepare_message  decides by the sum of verifiers; both hashes from the parts just seen
//   prepare_next     they must be the ones that the own verifier was made with
//
// Should too few of the own dot products be in range, shard draws all of its randomness again: the
// servers never see such a report. With the default parameters that happens once in 2^101 reports.
// What servers may see, in Field32 once in 2^22 reports of a million coordinates, is a query at a
// root of unity. It depends on verify key and nonce alone, and prepare_init refuses it at all of
// them.
//
// A helper's out share is its seed: 128 bytes instead of the vector, expanded again by aggregate.
// Thread safety: as vdaf.hpp.
#pragma once

#include <memory>

#include "base/result.hpp"
#include "vdaf/pine_parameters.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Interface: Vdaf, or VdafClient for the device's half alone, which exists for all but kPine128.
/// Errors: as pine_layout; kInvalidArgument, too, when the field lacks the roots of unity that the
/// chunk lengths ask for.
template <class Interface = Vdaf>
Result<std::unique_ptr<const Interface>> make_pine(PineInstance instance,
                                                   const PineParameters& parameters);

}  // namespace sotto
