#include "retrieval/explanation.hpp"

#include <algorithm>
#include <cmath>

#include "base/sort.hpp"
#include "model/dense.hpp"

namespace sotto {
namespace {

Status check(const FoldInState& start, const Matrix& history, std::span<const float> weights,
             const Vector& item) {
  if (history.cols() != start.dim() || item.size() != start.dim())
    return {ErrorCode::kInvalidArgument, "explanation: dimensions differ"};
  if (!weights.empty() && weights.size() != static_cast<size_t>(history.rows()))
    return {ErrorCode::kInvalidArgument, "explanation: not one weight an item"};
  for (const float weight : weights)
    if (!(weight > 0 && std::isfinite(weight)))
      return {ErrorCode::kInvalidArgument, "explanation: a weight is not positive"};
  return {};
}

float weight_of(std::span<const float> weights, size_t position) {
  return weights.empty() ? 1.0F : weights[position];
}

struct Lead {
  size_t position;
  float drop;  // to first order, then exactly
};

bool leads_before(const Lead& a, const Lead& b) {
  return a.drop != b.drop ? a.drop > b.drop : a.position < b.position;
}

}  // namespace

Result<Explanation> explain(const FoldInState& start, const Matrix& history,
                            std::span<const float> weights, const Vector& item, size_t n_reasons) {
  SOTTO_CHECK_OK(check(start, history, weights, item));
  const auto n = static_cast<size_t>(history.rows());
  Explanation explanation;
  if (n == 0) return explanation;

  FoldInState state = start;
  state.add_rows(history, weights);
  const Vector user = state.solve();
  const Vector sensitivity = state.apply_inverse(item);  // A^-1 v_i
  if (!all_finite(span_of(user)) || !all_finite(span_of(sensitivity)))
    return Error{ErrorCode::kNumerical, "explanation: the normal equations cannot be solved"};
  explanation.score = dot(span_of(item), span_of(user));

  const float lambda = state.regularization().lambda;
  const float shrinkage = lambda * dot(span_of(user), span_of(sensitivity));
  std::vector<Lead> leads;
  float largest_term = 0;
  for (size_t j = 0; j < n; ++j) {
    const float weight = weight_of(weights, j);
    const float along = dot(row_of(history, j), span_of(sensitivity));  // v_j' A^-1 v_i
    const float predicted = dot(row_of(history, j), span_of(user));     // v_j . u
    explanation.terms.push_back(weight * along);
    largest_term = std::max(largest_term, std::fabs(explanation.terms.back()));
    const float drop = weight * (along * (1 - predicted) - shrinkage);
    if (drop > 0) leads.push_back({j, drop});
  }

  const size_t n_checked = std::min(leads.size(), n_reasons > n ? n : 4 * n_reasons);
  sort_first(std::span(leads), n_checked, leads_before);
  leads.resize(n_checked);
  for (Lead& lead : leads) {
    const auto row = static_cast<Eigen::Index>(lead.position);
    const float weight = weight_of(weights, lead.position);
    FoldInState without = state;
    without.add(history.row(row), -weight);
    const Vector sensitivity_without = without.apply_inverse(item);  // A_-j^-1 v_i
    const auto vector = row_of(history, lead.position);
    Vector change = Vector::Zero(user.size());  // v_j (1 - v_j . u) - lambda u
    add_scaled(1 - dot(vector, span_of(user)), vector, span_of(change));
    add_scaled(-lambda, span_of(user), span_of(change));
    lead.drop = weight * dot(span_of(sensitivity_without), span_of(change));
  }
  sort_all(std::span(leads), leads_before);
  for (const Lead& lead : leads) {
    if (explanation.reasons.size() == n_reasons || !(lead.drop > kLeastDrop * largest_term)) break;
    explanation.reasons.push_back(
        {static_cast<uint32_t>(lead.position), explanation.terms[lead.position], lead.drop});
  }
  return explanation;
}

Result<float> score_without(const FoldInState& start, const Matrix& history,
                            std::span<const float> weights, const Vector& item, size_t position) {
  SOTTO_CHECK_OK(check(start, history, weights, item));
  if (position >= static_cast<size_t>(history.rows()))
    return Error{ErrorCode::kInvalidArgument, "explanation: no such history item"};
  FoldInState state = start;
  for (size_t j = 0; j < static_cast<size_t>(history.rows()); ++j)
    if (j != position) state.add(history.row(static_cast<Eigen::Index>(j)), weight_of(weights, j));
  const Vector user = state.solve();
  const float score = dot(span_of(item), span_of(user));
  if (!std::isfinite(score))
    return Error{ErrorCode::kNumerical, "explanation: the normal equations cannot be solved"};
  return score;
}

}  // namespace sotto
