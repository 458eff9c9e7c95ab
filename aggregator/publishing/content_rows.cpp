#include "publishing/content_rows.hpp"

#include <Eigen/Cholesky>

namespace sotto {
namespace {

constexpr double kRidge = 0.01;

}  // namespace

Matrix with_rows_from_content(const Matrix& trained, const std::vector<bool>& learn_from,
                              const Matrix& content) {
  const Eigen::Index features = content.cols();
  const Eigen::Index new_rows = content.rows() - trained.rows();
  Matrix rows = Matrix::Zero(content.rows(), trained.cols());
  rows.topRows(trained.rows()) = trained;
  if (new_rows <= 0 || features == 0) return rows;

  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(features, features);
  Eigen::MatrixXd right = Eigen::MatrixXd::Zero(features, trained.cols());
  Eigen::Index learned = 0;
  for (Eigen::Index i = 0; i < trained.rows(); ++i) {
    if (!learn_from[static_cast<size_t>(i)] || trained.row(i).isZero(0)) continue;
    const Eigen::VectorXd c = content.row(i).transpose().cast<double>();
    normal.selfadjointView<Eigen::Lower>().rankUpdate(c);
    right.noalias() += c * trained.row(i).cast<double>();
    ++learned;
  }
  if (learned == 0) return rows;
  normal.diagonal().tail(features - 1).array() += kRidge * static_cast<double>(learned);
  const Eigen::MatrixXd weights = normal.selfadjointView<Eigen::Lower>().llt().solve(right);
  rows.bottomRows(new_rows).noalias() = content.bottomRows(new_rows) * weights.cast<float>();
  return rows;
}

}  // namespace sotto
