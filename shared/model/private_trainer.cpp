#include "model/private_trainer.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <string>

#include "model/content_prior.hpp"
#include "model/quantization.hpp"
#include "model/whitening.hpp"

namespace sotto {
namespace {

constexpr size_t kBlock = 256;

// An item outside the slice showed a count within the noise: half of it is believed.
constexpr float kBelowSliceBelief = 0.5F;

Status check_length(const Release& release, size_t dimension) {
  if (release.sum.size() == dimension) return {};
  return {ErrorCode::kMalformed, "release: expected " + std::to_string(dimension) +
                                     " coordinates, got " + std::to_string(release.sum.size())};
}

double real(const Release& release, size_t index) {
  return static_cast<double>(release.sum[index]) * release.unit;
}

}  // namespace

Result<PrivateTrainer> PrivateTrainer::create(const PrivateRecipe& recipe, Matrix content,
                                              uint64_t seed) {
  SOTTO_CHECK_OK(recipe.validate());
  if (content.rows() == 0) return Error{ErrorCode::kInvalidArgument, "content: there are no items"};
  if (content.cols() == 0) content = Matrix::Ones(content.rows(), 1);
  return PrivateTrainer(recipe, std::move(content), seed);
}

PrivateTrainer::PrivateTrainer(const PrivateRecipe& recipe, Matrix content, uint64_t seed)
    : recipe_(recipe),
      content_(std::move(content)),
      seed_(seed),
      items_(Matrix::Zero(content_.rows(), static_cast<Eigen::Index>(recipe.dim))),
      frequencies_(Vector::Zero(content_.rows())),
      slot_(static_cast<size_t>(content_.rows()), -1) {}

uint32_t PrivateTrainer::slice_size() const {
  return static_cast<uint32_t>(
      std::count_if(slot_.begin(), slot_.end(), [](int32_t s) { return s >= 0; }));
}

Status PrivateTrainer::accept_counts(const Release& release) {
  const CountsLayout layout = counts_layout();
  SOTTO_CHECK_OK(check_length(release, layout.dimension()));
  reports_ = release.reports;
  const double normaliser = std::max(1.0, real(release, layout.normaliser()));
  count_variance_ = std::pow(release.noise_sd / normaliser, 2);
  const double threshold = std::max(double{recipe_.slice_threshold} * release.noise_sd, 1e-9);
  int32_t next_slot = 0;
  for (size_t i = 0; i < slot_.size(); ++i) {
    const double count = real(release, i);
    const bool in_slice = count >= threshold;
    slot_[i] = in_slice ? next_slot++ : -1;
    const auto frequency = static_cast<float>(std::max(0.0, count) / normaliser);
    frequencies_[static_cast<Eigen::Index>(i)] =
        in_slice ? frequency : kBelowSliceBelief * frequency;
  }
  largest_frequency_ = std::max(frequencies_.maxCoeff(), 1e-9F);
  items_ = start_from_content(frequencies_, largest_frequency_);
  return {};
}

Matrix PrivateTrainer::content_model() const {
  return start_from_content(Vector::Ones(content_.rows()), 1);
}

Status PrivateTrainer::continue_from(const Matrix& items) {
  if (items.rows() != items_.rows() || items.cols() != items_.cols() || !items.allFinite())
    return {ErrorCode::kInvalidArgument, "model: not finite, or not of these items and dimensions"};
  items_ = items;
  return {};
}

WhitenedLayout PrivateTrainer::next_layout() const {
  return {slice_size(), recipe_.dim, recipe_.metric_weight > 0 ? kPrequentialMetrics : 0};
}

// V0: content vectors through a fixed seeded projection (or as they are, when they fit), mixed with
// Gaussian noise, with row norms by released popularity.
Matrix PrivateTrainer::start_from_content(const Vector& frequencies, float largest) const {
  Random random(derive_seed(seed_, 0x5630));  // stream "V0"
  const auto dim = static_cast<Eigen::Index>(recipe_.dim);
  Matrix start(content_.rows(), dim);
  for (Eigen::Index j = 0; j < start.size(); ++j)
    start.data()[j] = (1 - recipe_.content_mix) * static_cast<float>(random.normal());
  if (content_.cols() <= dim) {
    start.leftCols(content_.cols()) += recipe_.content_mix * content_;
  } else {
    Matrix projection(content_.cols(), dim);
    for (Eigen::Index j = 0; j < projection.size(); ++j)
      projection.data()[j] = static_cast<float>(random.normal() / std::sqrt(recipe_.dim));
    start.noalias() += recipe_.content_mix * content_ * projection;
  }
  const float scale = recipe_.start_scale / std::sqrt(static_cast<float>(recipe_.dim));
  for (Eigen::Index i = 0; i < start.rows(); ++i) {
    const float f = frequencies[i];
    start.row(i) *= f > 0 ? scale * std::pow(f / largest + 1e-3F, recipe_.start_exponent) : 0;
  }
  return as_published(start);
}

WhitenedTask PrivateTrainer::next_task() const {
  WhitenedTask task;
  task.layout = next_layout();
  task.reg = recipe_.reg;
  task.slot = slot_;
  task.row_weight.assign(slot_.size(), 0);
  task.popularity.assign(slot_.size(), 0);
  for (size_t i = 0; i < slot_.size(); ++i) {
    if (slot_[i] < 0) continue;
    const float f = frequencies_[static_cast<Eigen::Index>(i)];
    task.popularity[i] = f;
    task.row_weight[i] = std::pow(f / largest_frequency_, -recipe_.row_weight_exponent);
  }
  const UserMoments moments = predict_user_moments(items_, frequencies_, recipe_.reg);
  task.whitening = make_whitening(moments.second_moment(), recipe_.whitening).forward;
  task.bias = recipe_.bias;
  task.z_clip = recipe_.z_clip;
  task.norm_floor = recipe_.norm_floor;
  task.gram_weight = recipe_.gram_weight;
  task.metric_weight = recipe_.metric_weight;
  task.sampling_exponent = recipe_.sampling_exponent;
  task.max_items = recipe_.max_items;
  task.residual = residual_round();
  return task;
}

// Content and two columns that the counts release brought: log popularity and its square.
Matrix PrivateTrainer::content_with_popularity() const {
  const Eigen::Index m = content_.rows();
  const Vector log_counts =
      ((frequencies_ * static_cast<float>(reports_)).array() + 5).log().matrix();
  double sum = 0, squares = 0, n = 0;
  for (Eigen::Index i = 0; i < m; ++i) {
    if (slot_[static_cast<size_t>(i)] < 0) continue;
    sum += double{log_counts[i]};
    squares += double{log_counts[i]} * double{log_counts[i]};
    ++n;
  }
  const double mean = n > 0 ? sum / n : 0;
  const double sd = n > 0 ? std::sqrt(std::max(1e-6, squares / n - mean * mean)) : 1;
  Matrix features(m, content_.cols() + 2);
  features.leftCols(content_.cols()) = content_;
  for (Eigen::Index i = 0; i < m; ++i) {
    const auto x = static_cast<float>(std::clamp((double{log_counts[i]} - mean) / sd, -2.5, 2.5));
    features(i, content_.cols()) = x;
    features(i, content_.cols() + 1) = x * x - 1;
  }
  return features;
}

SquareMatrix PrivateTrainer::shrunk_gram(const Release& release, const WhitenedTask& task,
                                         const SquareMatrix& predicted,
                                         const SquareMatrix& backward) const {
  const size_t width = task.layout.row_width();
  std::vector<float> packed(packed_size(width));
  for (size_t j = 0; j < packed.size(); ++j)
    packed[j] = static_cast<float>(real(release, task.layout.gram() + j)) / task.gram_weight;
  const auto dim = static_cast<Eigen::Index>(task.layout.dim);
  const SquareMatrix measured =
      backward * unpack_symmetric(packed, width).bottomRightCorner(dim, dim) * backward;

  const float trace = std::max(measured.trace(), 1e-6F);
  const float share = recipe_.gram_shrinkage;
  const SquareMatrix mixed =
      (1 - share) * measured + share * (trace / predicted.trace()) * predicted;
  const Eigen::SelfAdjointEigenSolver<SquareMatrix> solver(mixed);
  const float floor = 3e-3F * trace / static_cast<float>(dim);
  return solver.eigenvectors() * solver.eigenvalues().cwiseMax(floor).asDiagonal() *
         solver.eigenvectors().transpose();
}

// In a round without residuals the bias column counts the items once more; the two estimates are
// combined by inverse variance.
void PrivateTrainer::refine_counts(const Release& release, const WhitenedTask& task, double devices,
                                   std::vector<double>& counts) {
  const double variance = count_variance_ * devices * devices;
  const double floor = 1e-3 * devices * double{largest_frequency_};
  for (size_t i = 0; i < counts.size(); ++i) {
    if (slot_[i] < 0) continue;
    const double weight = double{task.row_weight[i]} * double{task.bias};
    const double again = real(release, task.layout.row(static_cast<size_t>(slot_[i]))) / weight;
    const double again_variance = std::pow(release.noise_sd / weight, 2);
    const double precision = 1 / variance + 1 / again_variance;
    counts[i] = std::max(floor, (counts[i] / variance + again / again_variance) / precision);
    frequencies_[static_cast<Eigen::Index>(i)] = static_cast<float>(counts[i] / devices);
  }
}

Status PrivateTrainer::accept_rows(const Release& release, Executor& executor) {
  const WhitenedTask task = next_task();
  SOTTO_CHECK_OK(check_length(release, task.layout.dimension()));
  const Round round = open_round(release, task);
  const Measurements measured = measure_gradients(release, task, round);
  const Matrix shrunk =
      shrink_to_content(measured.gradients, measured.noise_variance, content_with_popularity(),
                        measured.popularity, recipe_.prior, executor);
  const Matrix next = step(task, round, shrunk, executor);
  if (!next.allFinite()) return {ErrorCode::kNumerical, "the item step left finite numbers"};
  items_ = as_published(next);
  ++rounds_done_;
  return {};
}

PrivateTrainer::Round PrivateTrainer::open_round(const Release& release, const WhitenedTask& task) {
  Round round;
  const SquareMatrix predicted =
      predict_user_moments(items_, frequencies_, recipe_.reg).second_moment();
  round.backward = make_whitening(predicted, recipe_.whitening).backward;
  round.gram = shrunk_gram(release, task, predicted, round.backward);
  round.devices = std::max(1.0, real(release, task.layout.normaliser()));
  round.counts.resize(slot_.size());
  for (size_t i = 0; i < slot_.size(); ++i)
    round.counts[i] = double{frequencies_[static_cast<Eigen::Index>(i)]} * round.devices;
  if (!task.residual) refine_counts(release, task, round.devices, round.counts);
  return round;
}

float PrivateTrainer::lambda_of(const Round& round, size_t item) const {
  return recipe_.reg.lambda *
         static_cast<float>(round.counts[item] + double{recipe_.reg.a0} * round.devices);
}

// Whitened gradients per user, y_i = P g_i / n_i, and the variance of their noise.
PrivateTrainer::Measurements PrivateTrainer::measure_gradients(const Release& release,
                                                               const WhitenedTask& task,
                                                               const Round& round) const {
  const auto dim = static_cast<Eigen::Index>(task.layout.dim);
  Measurements out;
  out.gradients = Matrix::Zero(items_.rows(), dim);
  out.noise_variance.assign(slot_.size(), 0);
  out.popularity.resize(slot_.size());
  for (size_t i = 0; i < slot_.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    out.popularity[i] = frequencies_[row] / largest_frequency_;
    if (slot_[i] < 0) continue;
    const size_t at = task.layout.row(static_cast<size_t>(slot_[i])) + 1;  // past the bias column
    Vector y(dim);
    for (Eigen::Index j = 0; j < dim; ++j)
      y[j] = static_cast<float>(real(release, at + static_cast<size_t>(j)));
    y /= task.row_weight[i];
    if (task.residual) {
      const Vector v = items_.row(row).transpose();
      y -= task.whitening * (recipe_.reg.a0 * (round.gram * v) + lambda_of(round, i) * v);
    }
    out.gradients.row(row) = y.transpose() / static_cast<float>(round.counts[i]);
    const double sd = release.noise_sd / (double{task.row_weight[i]} * round.counts[i]);
    out.noise_variance[i] = std::max(1e-20F, static_cast<float>(sd * sd));
  }
  return out;
}

// v_i <- [v_i +] eta H_i^-1 P^-1 y_i n_i with H_i = (h n_i / n + a0) G + lambda_i I.
Matrix PrivateTrainer::step(const WhitenedTask& task, const Round& round, const Matrix& gradients,
                            Executor& executor) const {
  const Eigen::SelfAdjointEigenSolver<SquareMatrix> solver(round.gram);
  const Vector spectrum = solver.eigenvalues().cwiseMax(0);
  const SquareMatrix to_basis = solver.eigenvectors().transpose() * round.backward;
  const float step_size = rounds_done_ == 0 ? 1 : recipe_.later_step;
  Matrix next = task.residual ? items_ : Matrix::Zero(items_.rows(), items_.cols());
  executor.for_blocks(slot_.size(), kBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (round.counts[i] <= 0) {
        next.row(row).setZero();
        continue;
      }
      const auto share = static_cast<float>(recipe_.h * round.counts[i] / round.devices);
      const Vector curvature = ((share + recipe_.reg.a0) * spectrum).array() + lambda_of(round, i);
      const Vector gradient =
          static_cast<float>(round.counts[i]) * (to_basis * gradients.row(row).transpose());
      next.row(row) +=
          step_size * (solver.eigenvectors() * gradient.cwiseQuotient(curvature)).transpose();
    }
  });
  return next;
}

}  // namespace sotto
