// Rows for items that training has not met, from what is known of them.
#pragma once

#include <vector>

#include "base/matrix.hpp"

namespace sotto {

/// Ridge regression of trained rows on content, for every row of `content`:
///   W = argmin  sum_i |v_i - W' c_i|^2  +  0.01 n sum_j |W_j|^2   over the n rows to learn from,
/// the first column (the constant) unpenalised; the prediction is W' c. Columns of content have
/// standard deviation 1, so the penalty takes a hundredth off what one column alone would explain.
/// An item with the content of a trained one so lands where such items are, with their usual
/// popularity.
/// trained: n x k, its rows are the first of content's. learn_from: one a row of `trained`; rows
/// that are zero say nothing and are left out anyway. content: M x F, M >= n, first column 1.
/// Returns M x k: `trained` as it is, then the predictions; zeros without content or rows to learn
/// from. Thread safety: pure.
Matrix with_rows_from_content(const Matrix& trained, const std::vector<bool>& learn_from,
                              const Matrix& content);

}  // namespace sotto
