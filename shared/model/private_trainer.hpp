// The server's half of training under user-level differential privacy.
//
// Phases (docs/model.md gives the derivation and what each step is worth):
//   1. counts   devices send `counts`; the released sum gives item frequencies f, the slice of
//               items that stand above the noise, and V0 from content.
//   2. rounds   for each: predict the user moments from f and V, publish the whitening P, devices
//               send `whitened`; from the released sum: G (shrunk towards the prediction),
//               whitened gradients y_i with known noise variance, shrunk towards content
//               (content_prior.hpp), one preconditioned item step.
// Every stage leaves a valid model in items().
//
// This class sees released (noised) integers, public content and public numbers only: that is its
// whole interface. What it computes is post-processing and costs no privacy.
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/executor.hpp"
#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/contribution.hpp"
#include "model/private_recipe.hpp"

namespace sotto {

/// One noised sum of reports, as the collector gets it.
struct Release {
  std::span<const int64_t> sum;  ///< One a coordinate of the layout.
  double unit = 0;               ///< Real value of a grid unit.
  double noise_sd = 0;           ///< Of all noise in each coordinate, in real units. > 0.
  uint64_t reports = 0;          ///< Size of the batch, public.
};

class PrivateTrainer {
 public:
  /// content: m x F (content_vectors); 0 columns: no content is known. seed: of V0.
  static Result<PrivateTrainer> create(const PrivateRecipe& recipe, Matrix content, uint64_t seed);

  const PrivateRecipe& recipe() const { return recipe_; }
  CountsLayout counts_layout() const { return {n_items()}; }

  /// Phase 1. Errors: kMalformed when the sum has another length.
  Status accept_counts(const Release& release);

  /// V0 before anything was released: from content alone, every item as popular as any other.
  Matrix content_model() const;
  /// Goes on from a model that devices have, as it is published (as_published leaves it as it is),
  /// in the place of V0 or of what the rounds so far have made: devices contribute against the
  /// model that they have, so it and items() must be one. Valid after accept_counts.
  /// Errors: kInvalidArgument when it is not finite or not m x k.
  Status continue_from(const Matrix& items);

  /// The layout of the next round's task; valid after accept_counts. With prequential metrics when
  /// the recipe weighs them: they are in the same clip, and the item step does not look at them.
  WhitenedLayout next_layout() const;
  /// The task of the next round; valid after accept_counts.
  WhitenedTask next_task() const;
  /// Phase 2, once for each task. Errors: kMalformed for a wrong length; kNumerical when the step
  /// leaves finite numbers (the model then stays what it was).
  Status accept_rows(const Release& release, Executor& executor);

  /// The published (dequantised) model; all zero before accept_counts.
  const Matrix& items() const { return items_; }
  /// Released frequencies: expected share of devices that have the item. One an item.
  const Vector& frequencies() const { return frequencies_; }
  uint32_t rounds_done() const { return rounds_done_; }
  /// Items in the slice.
  uint32_t slice_size() const;

 private:
  PrivateTrainer(const PrivateRecipe& recipe, Matrix content, uint64_t seed);

  // What a round's items share, all of it from released values.
  struct Round {
    SquareMatrix backward;       // P^-1
    SquareMatrix gram;           // G, shrunk
    double devices = 0;          // n, in the devices' weights
    std::vector<double> counts;  // n_i, likewise
  };
  struct Measurements {
    Matrix gradients;                   // y_i, m x k
    std::vector<float> noise_variance;  // nu_i; 0 outside the slice
    std::vector<float> popularity;      // f_i / f_max
  };

  uint32_t n_items() const { return static_cast<uint32_t>(content_.rows()); }
  bool residual_round() const { return rounds_done_ > 0 || recipe_.first_residual; }
  Matrix start_from_content(const Vector& frequencies, float largest) const;
  Matrix content_with_popularity() const;
  SquareMatrix shrunk_gram(const Release& release, const WhitenedTask& task,
                           const SquareMatrix& predicted, const SquareMatrix& backward) const;
  void refine_counts(const Release& release, const WhitenedTask& task, double devices,
                     std::vector<double>& counts);
  Round open_round(const Release& release, const WhitenedTask& task);
  float lambda_of(const Round& round, size_t item) const;
  Measurements measure_gradients(const Release& release, const WhitenedTask& task,
                                 const Round& round) const;
  Matrix step(const WhitenedTask& task, const Round& round, const Matrix& gradients,
              Executor& executor) const;

  PrivateRecipe recipe_;
  Matrix content_;
  uint64_t seed_;
  Matrix items_;
  Vector frequencies_;           // f_i; halved outside the slice
  std::vector<int32_t> slot_;    // item -> slot, -1 outside
  float largest_frequency_ = 0;  // f_max of the counts release
  double count_variance_ = 0;    // of f_i
  uint64_t reports_ = 0;
  uint32_t rounds_done_ = 0;
};

}  // namespace sotto
