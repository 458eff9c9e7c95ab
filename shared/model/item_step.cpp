#include "model/item_step.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace sotto {
namespace {

constexpr size_t kBlock = 256;

// The mean prediction of an item's users is at most this when m_i is estimated: B_i / R_i grows
// without bound as the residuals vanish.
constexpr double kLargestMeanPrediction = 0.95;

// Everything of a step that all items share. Quantities are per device (divided by n).
struct Shared {
  SquareMatrix basis;      // eigenvectors of G / n
  Vector spectrum;         // its eigenvalues
  float typical_norm = 0;  // sqrt(tr G / n)
};

Shared diagonalise(const RowsAggregate& sums) {
  const SquareMatrix gram = sums.gram / static_cast<float>(std::max(sums.devices, 1e-9));
  const Eigen::SelfAdjointEigenSolver<SquareMatrix> solver(gram);
  Shared shared;
  shared.basis = solver.eigenvectors();
  shared.spectrum = solver.eigenvalues().cwiseMax(0);
  shared.typical_norm = std::sqrt(shared.spectrum.sum());
  return shared;
}

// One row, in the eigenbasis: v and the result are coordinates there.
Vector step_of_row(const Vector& v, const Vector& b, double count, double residual,
                   double frequency, const Shared& shared, const ItemStepOptions& options,
                   double devices) {
  const float a0 = options.reg.a0;
  const float lambda_i = options.reg.lambda * (static_cast<float>(frequency) + a0);
  const Vector gradient = b - a0 * shared.spectrum.cwiseProduct(v) - lambda_i * v;

  const double users = frequency * std::max(devices, options.population);
  const double scatter = 1 + std::sqrt(static_cast<double>(v.size()) / std::max(users, 1.0));
  const double h = options.curvature == Curvature::kRankOne ? options.h * scatter : options.h;
  const Vector diagonal = (static_cast<float>(h * frequency) + a0) * shared.spectrum +
                          Vector::Constant(v.size(), lambda_i);
  Vector step = gradient.cwiseQuotient(diagonal);

  if (options.curvature == Curvature::kRankOne && count > 0) {
    const double weight = std::max(residual, (1 - kLargestMeanPrediction) * count) / devices;
    const Vector mean = b / static_cast<float>(weight);
    const Vector scaled = mean.cwiseQuotient(diagonal);
    const auto f = static_cast<float>(frequency);
    step -= scaled * (f * mean.dot(step) / (1 + f * mean.dot(scaled)));
  }
  step *= static_cast<float>(options.step_size);
  const float reach = step.norm() * shared.typical_norm;
  if (reach > options.trust_radius) step *= static_cast<float>(options.trust_radius) / reach;
  return step;
}

}  // namespace

double RowsAggregate::loss() const {
  return std::accumulate(residuals.begin(), residuals.end(), 0.0);
}

RowsAggregate decode_rows(std::span<const int64_t> sum, const RowsTask& task, double unit) {
  const RowsLayout& layout = task.layout;
  RowsAggregate out;
  std::vector<float> packed(packed_size(layout.dim));
  for (size_t j = 0; j < packed.size(); ++j)
    packed[j] = static_cast<float>(static_cast<double>(sum[j]) * unit);
  out.gram = unpack_symmetric(packed, layout.dim);
  out.rows.resize(static_cast<Eigen::Index>(layout.n_items), static_cast<Eigen::Index>(layout.dim));
  out.counts.resize(layout.n_items);
  out.residuals.resize(layout.n_items);
  for (size_t i = 0; i < layout.n_items; ++i) {
    const size_t row = layout.row(i);
    for (size_t j = 0; j < layout.dim; ++j)
      out.rows(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) =
          static_cast<float>(static_cast<double>(sum[row + j]) * unit);
    out.counts[i] = static_cast<double>(sum[layout.count(i)]) * unit / double{task.gamma};
    out.residuals[i] = static_cast<double>(sum[layout.residual(i)]) * unit / double{task.gamma};
  }
  out.devices = static_cast<double>(sum[layout.normaliser()]) * unit / double{task.gamma_0};
  return out;
}

Matrix item_step(const Matrix& items, const RowsAggregate& sums,
                 std::span<const double> frequencies, const ItemStepOptions& options,
                 Executor& executor) {
  const Shared shared = diagonalise(sums);
  const double devices = std::max(sums.devices, 1e-9);
  Matrix next(items.rows(), items.cols());
  executor.for_blocks(
      static_cast<size_t>(items.rows()), kBlock, [&](size_t begin, size_t end, size_t) {
        for (size_t i = begin; i < end; ++i) {
          const auto row = static_cast<Eigen::Index>(i);
          const Vector v = shared.basis.transpose() * items.row(row).transpose();
          const Vector b = shared.basis.transpose() * sums.rows.row(row).transpose() /
                           static_cast<float>(devices);
          const Vector step = step_of_row(v, b, sums.counts[i], sums.residuals[i], frequencies[i],
                                          shared, options, devices);
          next.row(row) = items.row(row) + (shared.basis * step).transpose();
        }
      });
  return next;
}

double objective_per_device(const Matrix& items, const RowsAggregate& sums,
                            std::span<const double> frequencies, const Regularization& reg) {
  double penalty = 0;
  for (Eigen::Index i = 0; i < items.rows(); ++i)
    penalty += double{reg.lambda} * (frequencies[static_cast<size_t>(i)] + double{reg.a0}) *
               static_cast<double>(items.row(i).squaredNorm());
  return sums.loss() / std::max(sums.devices, 1e-9) + penalty;
}

}  // namespace sotto
