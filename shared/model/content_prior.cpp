#include "model/content_prior.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

namespace sotto {
namespace {

constexpr float kTiny = 1e-9F;
constexpr size_t kBlock = 256;

struct Fit {
  SquareMatrix weights;     // W', F x k
  SquareMatrix covariance;  // Sigma, k x k, not yet made positive
};

class Fitter {
 public:
  Fitter(const Matrix& y, const std::vector<float>& noise, const Matrix& content, float ridge)
      : y_(y), noise_(noise), content_(content), ridge_(ridge) {
    for (size_t i = 0; i < noise.size(); ++i)
      if (noise[i] > 0) measured_.push_back(static_cast<Eigen::Index>(i));
  }

  bool empty() const { return measured_.empty(); }

  // Two passes: the weights of the first come from a moment estimate of the signal's variance
  // kappa, those of the second from the fitted covariance.
  Fit run() const {
    float kappa = signal_variance();
    const float ridge_scale = std::max(kappa, 0.01F * mean_noise());
    Fit fit;
    for (int pass = 0; pass < 2; ++pass) {
      fit.weights = regress(kappa, ridge_scale);
      fit.covariance = residual_covariance(fit.weights, kappa);
      kappa = std::max(kTiny, fit.covariance.trace() / static_cast<float>(y_.cols()));
    }
    return fit;
  }

 private:
  float mean_noise() const {
    float sum = 0;
    for (const auto i : measured_) sum += noise(i);
    return sum / static_cast<float>(measured_.size());
  }

  float signal_variance() const {
    double sum = 0, weights = 0;
    for (const auto i : measured_) {
      const double weight = 1 / std::pow(double{noise(i)} + 1e-12, 2);
      sum += weight *
             (double{y_.row(i).squaredNorm()} / static_cast<double>(y_.cols()) - double{noise(i)});
      weights += weight;
    }
    return std::max(kTiny, static_cast<float>(sum / weights));
  }

  // Weighted ridge regression of the measurements on content.
  SquareMatrix regress(float kappa, float ridge_scale) const {
    const Eigen::Index features = content_.cols();
    SquareMatrix normal = SquareMatrix::Zero(features, features);
    SquareMatrix right = SquareMatrix::Zero(features, y_.cols());
    float weights = 0;
    for (const auto i : measured_) {
      const float weight = 1 / (noise(i) + kappa);
      normal.selfadjointView<Eigen::Lower>().rankUpdate(content_.row(i).transpose(), weight);
      right.noalias() += weight * content_.row(i).transpose() * y_.row(i);
      weights += weight;
    }
    // The constant column is not penalised.
    normal.diagonal().tail(features - 1).array() +=
        0.003F * weights + ridge_ * static_cast<float>(features) / ridge_scale;
    normal(0, 0) += 1e-12F;
    return normal.selfadjointView<Eigen::Lower>().llt().solve(right);
  }

  SquareMatrix residual_covariance(const SquareMatrix& weights, float kappa) const {
    SquareMatrix sum = SquareMatrix::Zero(y_.cols(), y_.cols());
    float total = 0;
    for (const auto i : measured_) {
      const float ratio = kappa / (noise(i) + kappa);
      const float weight = ratio * ratio;
      const Vector residual =
          y_.row(i).transpose() - weights.transpose() * content_.row(i).transpose();
      sum.selfadjointView<Eigen::Lower>().rankUpdate(residual, weight);
      sum.diagonal().array() -= weight * noise(i);
      total += weight;
    }
    SquareMatrix full = sum.selfadjointView<Eigen::Lower>();
    return full / total;
  }

  float noise(Eigen::Index i) const { return noise_[static_cast<size_t>(i)]; }

  const Matrix& y_;
  const std::vector<float>& noise_;
  const Matrix& content_;
  float ridge_;
  std::vector<Eigen::Index> measured_;
};

}  // namespace

Matrix shrink_to_content(const Matrix& measurements, const std::vector<float>& noise_variance,
                         const Matrix& content, const std::vector<float>& popularity,
                         const ContentPriorOptions& options, Executor& executor) {
  const Fitter fitter(measurements, noise_variance, content, options.ridge);
  if (fitter.empty()) return Matrix::Zero(measurements.rows(), measurements.cols());
  const Fit fit = fitter.run();
  const Eigen::SelfAdjointEigenSolver<SquareMatrix> solver(fit.covariance);
  const Vector variances = solver.eigenvalues().cwiseMax(0);
  const SquareMatrix& basis = solver.eigenvectors();

  Matrix out = content * fit.weights;
  executor.for_blocks(noise_variance.size(), kBlock, [&](size_t begin, size_t end, size_t) {
    for (size_t n = begin; n < end; ++n) {
      if (noise_variance[n] <= 0) continue;
      const auto i = static_cast<Eigen::Index>(n);
      const float tail = std::pow(10 * popularity[n] + 1e-6F, -options.tail_exponent);
      const Vector prior = tail * variances;
      const Vector gain =
          prior.array() / (prior.array() + options.shrinkage * noise_variance[n] + 1e-20F);
      const Vector deviation = basis.transpose() * (measurements.row(i) - out.row(i)).transpose();
      out.row(i) += (basis * gain.cwiseProduct(deviation)).transpose();
    }
  });
  return out;
}

}  // namespace sotto
