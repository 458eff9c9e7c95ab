// The matrix types of the model rooms. Only rooms that link Eigen may include this header.
#pragma once

#include <Eigen/Core>

namespace sotto {

/// Row-major float: one row an item, a user or a content vector, contiguous in memory.
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// Small square matrices (k x k), column-major as Eigen's solvers like them.
using SquareMatrix = Eigen::MatrixXf;
using Vector = Eigen::VectorXf;

}  // namespace sotto
