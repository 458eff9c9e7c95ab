// Centralised implicit ALS: the reference that federated training is measured against.
// Source: Hu, Koren, Volinsky 2008; frequency-scaled regularisation of Rendle et al. 2022.
#pragma once

#include <cstdint>
#include <functional>

#include "base/executor.hpp"
#include "base/matrix.hpp"
#include "base/result.hpp"
#include "events/histories.hpp"
#include "model/fold_in.hpp"

namespace sotto {

struct IalsOptions {
  uint32_t dim = 64;
  uint32_t sweeps = 16;
  Regularization reg;
  uint64_t seed = 1;
};

/// Random start of an item matrix: independent normals of standard deviation 0.1 / sqrt(k).
Matrix random_items(uint32_t n_items, uint32_t dim, uint64_t seed);

/// Returns V (n_items x dim). Sees everybody's history: this is what no server of Sotto ever does.
/// Deterministic for a seed, whatever the number of workers. after_sweep(sweep, V) may be empty;
/// it returns false to stop early.
/// Errors: kInvalidArgument for an item number >= n_items; kNumerical if V leaves finite numbers.
Result<Matrix> train_ials(const Histories& users, uint32_t n_items, const IalsOptions& options,
                          Executor& executor,
                          const std::function<bool(uint32_t, const Matrix&)>& after_sweep = {});

}  // namespace sotto
