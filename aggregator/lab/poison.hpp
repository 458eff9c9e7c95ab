// What malicious devices of a simulation want, and who they are.
//
//   norm       the honest vector, made kNormTimes times as long as the bound allows
//   flip       minus the honest vector, as long as the bound allows: nothing about it can be proven
//              wrong
//   boost      one item, had so often that nothing else fits into the report: as long as the bound
//              allows where reports prove their norm, kBoostTimes times as long where nothing is
//              checked. It is shaped as honest reports are (residual and count go together):
//              pushing the row alone makes it so long that the fold-in of every user turns away
//              from it.
//   malformed  random bytes instead of shares
// How they get it into a report: attacker.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/task_layout.hpp"

namespace sotto {

enum class PoisonKind : uint8_t { kNorm, kFlip, kBoost, kMalformed };

/// 2^15 times this is 3.3e8: one report stays between -q/2 and q/2 of Field32, the seventh that
/// pushes the same coordinate wraps around.
inline constexpr double kNormTimes = 10'000;
/// Who wants an item up does not want to wrap around: 650 such reports fit Field32 on one
/// coordinate.
inline constexpr double kBoostTimes = 100;

struct Poison {
  double fraction = 0;  ///< Of all devices; 0: none is malicious.
  PoisonKind kind = PoisonKind::kNorm;
  uint32_t item = 0;  ///< That boost pushes.

  bool on() const { return fraction > 0; }
};

/// "norm", "flip", "boost", "malformed".
const char* poison_kind_name(PoisonKind kind);

/// FRACTION[:KIND], without a kind norm. Errors: kInvalidArgument for a fraction outside (0, 1] and
/// for an unknown kind.
Result<Poison> parse_poison(std::string_view text);

/// Which of n devices are malicious: the same ones for the same n, fraction and seed, at least one
/// for a fraction above 0.
std::vector<bool> malicious_devices(size_t n, double fraction, uint64_t seed);

/// The vector, at another length: integers of L2 norm at most `norm`, negative for the opposite
/// direction, below it by less than a unit a coordinate. Of zero: zero.
std::vector<int64_t> stretched(std::span<const double> vector, double norm);

/// The direction that raises an item's score for a taste u (k) until it is 1: the coordinates of
/// the item in the report of a device that has it. score: u.v_i of the model there is; its residual
/// is 1 - score, or 1 where the layout asks for none. Zero when the layout leaves the item out.
std::vector<double> boost_direction(const TaskLayout& layout, uint32_t item, const Vector& taste,
                                    double score);

}  // namespace sotto
