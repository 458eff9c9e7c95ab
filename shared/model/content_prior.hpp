// Empirical Bayes: noisy per-item measurements, shrunk towards what content predicts.
//
// Model: y_i = t_i + e_i with known noise variance nu_i in each of k coordinates, and
// t_i ~ N(W c_i, Sigma) for content vectors c_i. W and Sigma are fitted to the measurements
// themselves; nothing else is used, so the result is post-processing of released values.
// The biggest lever of training under differential privacy (docs/model.md, step 4).
#pragma once

#include <vector>

#include "base/executor.hpp"
#include "base/matrix.hpp"

namespace sotto {

struct ContentPriorOptions {
  float ridge = 0.15F;      ///< Penalty of W's columns, in units of (features / typical variance).
  float shrinkage = 1;      ///< tau: multiplies nu_i in the posterior. 0 trusts the measurements.
  float tail_exponent = 0;  ///< Items' prior variance is scaled by (10 f_i / f_max)^-exponent.
};

/// measurements: m x k, rows of unmeasured items are ignored. noise_variance: nu_i, one an item,
/// 0 or less marks an unmeasured item. content: m x F, first column 1. popularity: f_i / f_max.
/// Returns the posterior mean of t_i for measured items, W c_i for the others.
Matrix shrink_to_content(const Matrix& measurements, const std::vector<float>& noise_variance,
                         const Matrix& content, const std::vector<float>& popularity,
                         const ContentPriorOptions& options, Executor& executor);

}  // namespace sotto
