// Fine-tuning on the device: after the fold-in, a few steps of sampled softmax on the private user
// vector and on small private offsets of the item vectors near the history.
//
// The fold-in fits "observed is 1, all else is 0" by least squares; sampled softmax (Jean et al.
// 2015) asks instead that each item of the history ranks above items drawn at random. Offsets d_i
// belong to this device alone: scores here are u.(v_i + d_i), and nothing of it enters a
// contribution, which is computed from the published V and a plain fold-in.
//
// The work is cut into steps, so that a host can run it in slices between frames; no clock in here.
// Thread safety: one thread at a time per object. `items` must outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/matrix.hpp"
#include "base/random.hpp"

namespace sotto {

struct FineTuningOptions {
  uint32_t epochs = 5;          ///< Passes over the history.
  uint32_t negatives = 64;      ///< Items drawn a step; half of them near the history.
  float temperature = 0.1F;     ///< Softmax of score / temperature; scores live around [0, 1].
  float learning_rate = 0.05F;  ///< Relative to the size of the user vector.
  float pull = 0.05F;           ///< Pull of u back to the fold-in, per step.
  uint32_t neighbours = 8;   ///< Items near each item of the history that get an offset; 0: none.
  uint32_t last_items = 32;  ///< Offsets are for the neighbours of so many latest items.
  float largest_offset = 0.2F;  ///< |d_i| at most this share of |v_i|.
};

class FineTuning {
 public:
  /// history: item numbers, oldest first, weights one each, > 0. start: the fold-in (k).
  FineTuning(const Matrix& items, std::span<const uint32_t> history, std::span<const float> weights,
             const Vector& start, const FineTuningOptions& options, uint64_t seed);

  /// Runs up to `steps` steps (each one item of the history against its negatives, about
  /// negatives x k multiplications). Returns whether there is more to do.
  bool run(size_t steps);
  size_t steps_left() const { return total_steps_ - steps_done_; }

  /// A new event: continues from the present vectors with one more epoch's worth of steps on it
  /// and the latest items. start: the new fold-in, which u is pulled to from now on.
  void add(uint32_t item, float weight, const Vector& start);

  const Vector& user() const { return user_; }
  /// Scores of all items with the offsets, m.
  Vector scores() const;
  /// Number of items that have an offset.
  size_t offsets() const { return offsets_.size(); }

 private:
  void add_neighbours(uint32_t item);
  void step(uint32_t item, float weight);
  uint32_t draw_negative();
  Eigen::RowVectorXf row(uint32_t item) const;
  void move(uint32_t item, const Vector& gradient, float rate);

  const Matrix* items_;
  FineTuningOptions options_;
  std::vector<uint32_t> history_;
  std::vector<float> weights_;
  Vector start_;
  Vector user_;
  std::unordered_map<uint32_t, Eigen::RowVectorXf> offsets_;
  std::vector<uint32_t> near_;  // items with an offset, in order of arrival
  Random random_;
  size_t steps_done_ = 0;
  size_t total_steps_ = 0;
  size_t next_ = 0;
};

/// What the crowd knows about the worth of fine-tuning, as released statistics of users' gains on
/// their own hold-outs (e.g. difference of reciprocal ranks).
struct CrowdPrior {
  double mean_gain = 0;         ///< Over users.
  double between_users = 0.01;  ///< Variance of users' true gains. > 0.
  double within_user = 0.05;    ///< Variance of one hold-out point. > 0.
};

/// Whether to keep the fine-tuned list for this user: the posterior mean of the user's gain,
/// shrunk towards the crowd's, is positive. One user's few points alone are too noisy a judge.
bool keep_fine_tuning(const CrowdPrior& prior, std::span<const double> gains);

/// The prior that users' hold-out gains suggest (method of moments). One list a user.
CrowdPrior estimate_crowd_prior(const std::vector<std::vector<double>>& gains);

}  // namespace sotto
