// How much each event of a history counts, by its place in time.
#pragma once

#include <cstddef>
#include <vector>

namespace sotto {

/// Weights by rank: the newest event has weight 1, one that is `half_life` events older 1/2, and
/// none less than `floor`. By rank and not by wall clock: on data where people act in bursts,
/// half-lives in days bring almost nothing.
struct RankRecency {
  double half_life = 5;  ///< In events, > 0.
  double floor = 0.1;    ///< In [0, 1].
};

/// 2^x as a float, which is enough for a weight: std::exp2 of a double would bring a table of 2 kB
/// to what devices download. Thread safety: pure, as the next one.
double power_of_two(double x);

/// Weights of a history of n events in time order, oldest first.
std::vector<float> recency_weights(size_t n, const RankRecency& recency);

}  // namespace sotto
