// What a released histogram of layout `quality` says (contribution.hpp). Post-processing: anybody
// who has the release can repeat it. No device needs it.
//
// With s the sd of the noise in each of the n + 1 buckets:
//   1. The total. Every report is proven to be one vote, so the true buckets add up to the reports,
//      which are public. The nearest histogram (least squares) that does so has the surplus of the
//      noise taken from all buckets alike. The votes that are in bins are then the reports less
//      bucket 0: noise of variance s^2 n / (n + 1), where the bins' plain sum would have n s^2.
//   2. mean     bins at their midpoints m_j, over the votes. First order, noise of sd
//               s |m - mean| / devices, the rest of step 1 left out (it only lowers it).
//   3. Quantiles. No true bin is negative. The nearest bins of the same sum that are not (the
//      projection onto a simplex) are max(0, b_j - t), with the one t that keeps the sum: plain
//      clamping would add 0.4 s of votes for each empty bin. Within a bin votes count as spread
//      evenly.
// Thread safety: pure functions.
#pragma once

#include <optional>
#include <vector>

#include "model/private_trainer.hpp"

namespace sotto {

/// Of devices by their mean ndcg@100.
struct QualityRelease {
  double devices = 0;  ///< That had placements.
  double mean = 0;     ///< May lie outside [0, 1] by noise.
  double mean_sd = 0;  ///< Of the noise in it.
  double p10 = 0;      ///< A tenth of the devices have less. In [0, 1], as the next two.
  double median = 0;
  double p90 = 0;
  std::vector<double> bins;  ///< Devices in each, after step 1: some below 0 by noise.

  bool operator==(const QualityRelease&) const = default;
};

/// Absent when the sum tells of no more devices than noise (3 sd).
/// Precondition: two buckets at least; release.unit is 1 vote (QualityTask).
std::optional<QualityRelease> decode_quality(const Release& release);

}  // namespace sotto
