// The hyperparameters of training under user-level differential privacy (docs/model.md).
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "model/content_prior.hpp"
#include "model/fold_in.hpp"

namespace sotto {

/// One counts release, then `rounds` whitened releases. Defaults are those for moderate noise; all
/// were chosen on validation users.
struct PrivateRecipe {
  uint32_t dim = 40;
  uint32_t rounds = 2;

  // How the privacy budget (1 / z^2) is divided.
  double count_share = 0.041;  ///< Share of the counts release, in (0, 1).
  double round_growth = 3.26;  ///< Each later round's budget over that of the round before.

  // What devices send.
  uint32_t max_items = 230;            ///< T.
  float sampling_exponent = -0.37F;    ///< Which items are kept of more than T: chances ~ f^this.
  float row_weight_exponent = -0.08F;  ///< w_i = (f_i / f_max)^-this.
  float slice_threshold = 1.505F;      ///< Items above so many sigma of their count make the slice.
  float bias = 0.108F;
  float gram_weight = 0.72F;
  float z_clip = 2.5F;
  float norm_floor = 1;
  float whitening = 0.7F;       ///< Exponent, see make_whitening.
  bool first_residual = false;  ///< Residuals already in the first round.
  float metric_weight = 0;      ///< w_m of prequential metrics in rounds; 0: none ride along.

  // What the server makes of it.
  Regularization reg{0.23F, 0.005F};        ///< In training.
  Regularization inference{0.27F, 0.005F};  ///< For fold-in on the finished model.
  double h = 2.8;
  float content_mix = 0.74F;    ///< V0: share of content against Gaussian noise.
  float start_exponent = 0.3F;  ///< V0: row norms ~ (f_i / f_max)^this.
  float start_scale = 0.1F;     ///< V0: largest row norm, times about sqrt(k).
  float gram_shrinkage = 0.2F;  ///< Share of the predicted second moment in G.
  float later_step = 1.2F;      ///< Step size after the first round.
  ContentPriorOptions prior{0.15F, 0.627F, 0.7F};

  /// The recipe for a total budget of mu = sqrt(sum 1 / z^2), z the noise multiplier of the noise
  /// that will really be in the sums: strong noise (mu < 0.4, epsilon about 1.5 at delta 1e-5)
  /// wants fewer dimensions and more from content.
  static PrivateRecipe for_budget(double mu);

  /// Fields out of range, by name.
  Status validate() const;
};

/// Noise multipliers of the releases, counts first: z_j = z / sqrt(share_j), the shares summing to
/// one, so that the whole costs what one release with z would.
std::vector<double> divide_budget(const PrivateRecipe& recipe, double z);

}  // namespace sotto
