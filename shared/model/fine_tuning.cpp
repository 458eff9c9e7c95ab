#include "model/fine_tuning.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sotto {

FineTuning::FineTuning(const Matrix& items, std::span<const uint32_t> history,
                       std::span<const float> weights, const Vector& start,
                       const FineTuningOptions& options, uint64_t seed)
    : items_(&items),
      options_(options),
      history_(history.begin(), history.end()),
      weights_(weights.begin(), weights.end()),
      start_(start),
      user_(start),
      random_(derive_seed(seed, 0x74756e65)) {  // stream "tune"
  weights_.resize(history_.size(), 1);
  const size_t first =
      history_.size() > options_.last_items ? history_.size() - options_.last_items : 0;
  for (size_t j = first; j < history_.size(); ++j) add_neighbours(history_[j]);
  total_steps_ = history_.size() * options_.epochs;
}

bool FineTuning::run(size_t steps) {
  for (; steps > 0 && steps_done_ < total_steps_; --steps, ++steps_done_) {
    if (next_ == 0) next_ = history_.size();
    --next_;  // newest first, so that an interrupted epoch has seen what matters most
    step(history_[next_], weights_[next_]);
  }
  return steps_done_ < total_steps_;
}

void FineTuning::add(uint32_t item, float weight, const Vector& start) {
  history_.push_back(item);
  weights_.push_back(weight);
  add_neighbours(item);
  user_ += start - start_;
  start_ = start;
  next_ = 0;
  total_steps_ = steps_done_ + std::min<size_t>(history_.size(), options_.last_items);
}

Vector FineTuning::scores() const {
  Vector scores = *items_ * user_;
  for (const auto& [item, offset] : offsets_)
    scores[static_cast<Eigen::Index>(item)] += offset.dot(user_);
  return scores;
}

// Gives an offset to the items nearest to this one (by cosine), and to itself.
void FineTuning::add_neighbours(uint32_t item) {
  if (options_.neighbours == 0) return;
  const Vector products = *items_ * items_->row(static_cast<Eigen::Index>(item)).transpose();
  std::vector<std::pair<float, uint32_t>> order;
  order.reserve(static_cast<size_t>(items_->rows()));
  for (Eigen::Index i = 0; i < items_->rows(); ++i) {
    const float norm = items_->row(i).norm();
    if (norm > 0) order.emplace_back(-products[i] / norm, static_cast<uint32_t>(i));
  }
  const size_t kept = std::min<size_t>(order.size(), size_t{options_.neighbours} + 1);
  std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(kept), order.end());
  for (size_t j = 0; j < kept; ++j)
    if (offsets_.try_emplace(order[j].second, Eigen::RowVectorXf::Zero(items_->cols())).second)
      near_.push_back(order[j].second);
}

uint32_t FineTuning::draw_negative() {
  if (!near_.empty() && random_.below(2) == 0)
    return near_[static_cast<size_t>(random_.below(near_.size()))];
  return static_cast<uint32_t>(random_.below(static_cast<uint64_t>(items_->rows())));
}

Eigen::RowVectorXf FineTuning::row(uint32_t item) const {
  const auto offset = offsets_.find(item);
  if (offset == offsets_.end()) return items_->row(static_cast<Eigen::Index>(item));
  return items_->row(static_cast<Eigen::Index>(item)) + offset->second;
}

// One positive against its negatives: the gradient of -log softmax.
void FineTuning::step(uint32_t item, float weight) {
  std::vector<uint32_t> drawn{item};
  for (uint32_t j = 0; j < options_.negatives; ++j) {
    const uint32_t negative = draw_negative();
    if (std::find(history_.begin(), history_.end(), negative) == history_.end())
      drawn.push_back(negative);
  }
  Matrix rows(static_cast<Eigen::Index>(drawn.size()), items_->cols());
  for (size_t j = 0; j < drawn.size(); ++j) rows.row(static_cast<Eigen::Index>(j)) = row(drawn[j]);
  Vector gradient = (rows * user_) / options_.temperature;
  gradient = (gradient.array() - gradient.maxCoeff()).exp().matrix();
  gradient /= gradient.sum();
  gradient[0] -= 1;

  const float decay =
      1 / std::sqrt(1 + static_cast<float>(steps_done_) /
                            static_cast<float>(std::max<size_t>(1, history_.size())));
  const float rate = options_.learning_rate * decay * weight;
  const Vector direction = rows.transpose() * gradient;
  // Steps are in units of the vectors' own sizes, so that one rate serves every model.
  const float scale = start_.norm() / std::max(direction.norm(), 1e-12F);
  const float size = std::min(1.0F, gradient.norm());
  for (size_t j = 0; j < drawn.size(); ++j)
    move(drawn[j], gradient[static_cast<Eigen::Index>(j)] * user_, rate);
  user_ -= rate * size * scale * direction;
  user_ += options_.pull * weight * (start_ - user_);
}

void FineTuning::move(uint32_t item, const Vector& gradient, float rate) {
  const auto offset = offsets_.find(item);
  if (offset == offsets_.end()) return;
  const float size = items_->row(static_cast<Eigen::Index>(item)).norm();
  const float user = std::max(user_.norm(), 1e-12F);
  offset->second -= rate * size / user * gradient.transpose();
  const float largest = options_.largest_offset * size;
  if (const float norm = offset->second.norm(); norm > largest) offset->second *= largest / norm;
}

bool keep_fine_tuning(const CrowdPrior& prior, std::span<const double> gains) {
  const double n = static_cast<double>(gains.size());
  const double sum = std::accumulate(gains.begin(), gains.end(), 0.0);
  const double precision = 1 / prior.between_users + n / prior.within_user;
  return (prior.mean_gain / prior.between_users + sum / prior.within_user) / precision > 0;
}

CrowdPrior estimate_crowd_prior(const std::vector<std::vector<double>>& gains) {
  double users = 0, points = 0, sum_of_means = 0, within = 0, degrees = 0, inverse = 0;
  for (const auto& user : gains) {
    if (user.empty()) continue;
    const double n = static_cast<double>(user.size());
    const double mean = std::accumulate(user.begin(), user.end(), 0.0) / n;
    for (const double gain : user) within += (gain - mean) * (gain - mean);
    degrees += n - 1;
    sum_of_means += mean;
    inverse += 1 / n;
    points += n;
    ++users;
  }
  CrowdPrior prior;
  if (users < 2 || points < 3) return prior;
  prior.mean_gain = sum_of_means / users;
  prior.within_user = std::max(1e-9, within / std::max(1.0, degrees));
  double spread = 0;
  for (const auto& user : gains) {
    if (user.empty()) continue;
    const double mean =
        std::accumulate(user.begin(), user.end(), 0.0) / static_cast<double>(user.size());
    spread += (mean - prior.mean_gain) * (mean - prior.mean_gain);
  }
  // The variance of observed means is the variance of true means and that of their noise.
  prior.between_users = std::max(1e-9, spread / (users - 1) - prior.within_user * inverse / users);
  return prior;
}

}  // namespace sotto
