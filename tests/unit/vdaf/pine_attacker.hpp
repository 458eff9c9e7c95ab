// A device that may lie: PINE's shard, written down once more and step by step as the draft has it,
// for any gradient and any claims about it.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/entropy.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/pine_parameters.hpp"
#include "vdaf/report_run.hpp"

namespace sotto {

/// What an attacker sends about a gradient.
struct PineClaims {
  std::vector<uint32_t> gradient;
  uint64_t v = 0;  ///< Squared norm, as many bits as there are.
  uint64_t u = 0;  ///< What it is below the bound.
  /// Of a check with a dot product out of range: whether to say that it counts.
  bool count_failed_checks = false;
  /// Changes the bits before they are shared.
  std::function<void(const PineLayout&, std::span<uint32_t> bits)> change_bits;
  size_t failed_checks = 0;  ///< Set by attack: dot products out of range.
};

/// The claims of an honest device.
PineClaims honest_claims(const PineLayout& layout, std::span<const int32_t> measurement);

/// A report with proofs of what is claimed, for Pine32HmacSha256Aes128 and two aggregators. Draws
/// randomness as shard does; an honest claim gives the very bytes of shard.
ReportBytes attack(const PineParameters& parameters, PineClaims& claims, EntropySource& entropy);

}  // namespace sotto
