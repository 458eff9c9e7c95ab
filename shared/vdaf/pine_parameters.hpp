// The parameters of PINE, and how to choose them for a task.
//
// Who may be wrong how (Rothblum, Omri, Chen, Talwar 2023, "PINE"; draft-chen-cfrg-vdaf-pine,
// find_wr_params):
//   wraparound soundness  a gradient whose norm wraps around q fails each check with probability
//   1/2
//                         or more; c of c counted checks let it pass with 2^-c. The device chooses
//                         its randomness, and may try offline as often as it likes.
//   proof soundness       of `proofs` proofs of PineValid under joint randomness, which the device
//                         may also try offline: each lets a false one pass with at most
//                         (bits + checks + 4) / q + 2 (P - 1) / (q - P), P - 1 the number of calls.
//   norm equality         of `norm_equality_proofs` proofs of it, without joint randomness, so that
//                         every try is a report sent: each 2 (P - 1) / (q - P).
//   zero knowledge        an honest gradient fails one check with probability 2 exp(-alpha^2) or
//                         less, and servers learn that it did: what a failed report leaks. The
//                         device sees it first and draws again, so that with all checks counted no
//                         report that is sent fails, and this is also the probability of a second
//                         try.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/vdaf.hpp"
#include "vdaf/xof.hpp"

namespace sotto {

/// Field and XOF. The first three have an algorithm id of their own; the drafts' others do not.
enum class PineInstance : uint8_t {
  kPine32HmacSha256Aes128,
  kPine40HmacSha256Aes128,
  kPine64HmacSha256Aes128,
  kPine64,
  kPine128,
};

VdafId pine_id(PineInstance instance);
/// Nothing for an id that is not of one instance of PINE.
std::optional<PineInstance> pine_instance(VdafId id);
XofKind pine_xof(PineInstance instance);
/// The modulus q of its field.
Uint128 pine_modulus(PineInstance instance);

struct PineParameters {
  static constexpr size_t kMaxDimension = size_t{1} << 24;
  static constexpr size_t kMaxChecks = 4096;

  size_t dimension = 0;
  /// L2 norm in grid units, inclusive: what the drafts call l2_norm_bound, which is the bound of
  /// the real vector times 2^num_frac_bits.
  uint64_t norm_bound = 0;
  size_t chunk_length = 0;                ///< Bits and checks in one call of PineValid.
  size_t norm_equality_chunk_length = 0;  ///< Coordinates in one call of PineNormEquality.
  size_t proofs = 1;
  size_t norm_equality_proofs = 1;
  size_t wraparound_checks = 100;
  size_t wraparound_successes = 100;
  /// A dot product counts when it is in -W + 1 .. W, W the power of two >= ceil(alpha norm_bound)
  /// + 1.
  double alpha = 8.7;
  size_t aggregators = 2;
};

/// Sizes and bounds that follow.
/// Errors: kInvalidArgument for parameters out of range (1 .. kMaxDimension coordinates, norm_bound
/// 1 .. 2^31 - 1, 1 .. 255 proofs of each kind, 2 .. 255 aggregators, successes <= checks <=
/// kMaxChecks, alpha in 0 .. 2^20) and when the field cannot hold them: q > 3 bound^2 + 2, q >=
/// 2600 W, 4000 q >= W^2, and q >= 2 checks.
Result<PineLayout> pine_layout(PineInstance instance, const PineParameters& parameters);

/// All as -log2 of a probability.
struct PineSecurity {
  double wraparound_soundness;
  double proof_soundness;          ///< Of all proofs of PineValid together.
  double norm_equality_soundness;  ///< Of all proofs of it together: the only one that a device can
                                   ///< try online alone.
  double zero_knowledge;
};

/// Errors: as pine_layout.
Result<PineSecurity> pine_security(PineInstance instance, const PineParameters& parameters);

/// What is asked for, as -log2 of a probability.
struct PineTarget {
  double offline_soundness = 100;  ///< Wraparound and proof soundness. 1 .. 256.
  double online_soundness = 20;    ///< Norm equality. 40 takes a second proof in Field32.
  double zero_knowledge = 100;     ///< 1 .. 256.
};

/// The smallest parameters that give the target: as many checks as bits, all of them counted; the
/// least alpha; the fewest proofs; the chunk lengths with the shortest proofs.
/// Errors: as pine_layout, and for targets out of range or out of reach.
Result<PineParameters> choose_pine_parameters(PineInstance instance, size_t dimension,
                                              uint64_t norm_bound, const PineTarget& target = {});

}  // namespace sotto
