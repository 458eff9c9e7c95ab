#include "publishing/gate.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "lab/sum_job.hpp"

namespace sotto {
namespace {

constexpr size_t kMovers = 10;
// A normal number is further out with probability 1e-15.
constexpr double kFarOut = 8;
constexpr double kNoticeable = 3;

double real(const Release& release, size_t index) {
  return static_cast<double>(release.sum[index]) * release.unit;
}

Status impossible(const char* reason) { return {ErrorCode::kNumerical, reason}; }

std::string text(double value) {
  std::string digits = std::to_string(value);
  return digits.substr(0, digits.find('.') + 3);
}

double largest_norm(const Matrix& rows) {
  return rows.rows() > 0 ? std::sqrt(rows.rowwise().squaredNorm().cast<double>().maxCoeff()) : 0;
}

double coverage_of(const Matrix& rows) {
  if (rows.rows() == 0) return 0;
  const auto covered = (rows.rowwise().squaredNorm().array() > 0).count();
  return static_cast<double>(covered) / static_cast<double>(rows.rows());
}

void find_movers(const Candidate& candidate, const ItemIndex& index, GateReport& report) {
  std::vector<std::pair<double, Eigen::Index>> moves;
  for (Eigen::Index i = 0; i < candidate.items->rows(); ++i) {
    const double move = double{(candidate.items->row(i) - candidate.before->row(i)).norm()};
    if (move > 0) moves.emplace_back(-move, i);
  }
  const size_t n = std::min(kMovers, moves.size());
  std::partial_sort(moves.begin(), moves.begin() + static_cast<ptrdiff_t>(n), moves.end());
  for (size_t j = 0; j < n; ++j)
    report.movers.emplace_back(index.id(static_cast<uint32_t>(moves[j].second)), -moves[j].first);
}

// Why not; empty when the model may be published.
std::string reason_against(const Candidate& candidate, const GateReport& report,
                           const GateLimits& limits) {
  const double before = largest_norm(*candidate.before);
  const double growth = candidate.first_trained ? limits.row_growth_of_first : limits.row_growth;
  if (before > 0 && !(report.largest_row <= growth * before))
    return "rows: the longest is " + text(report.largest_row / before) +
           " times that of the model before; at most " + text(growth);
  if (!candidate.first_of_cycle && !(report.drift <= limits.drift))
    return "drift: the model moves by " + text(report.drift) + " of its norm; at most " +
           text(limits.drift);
  const double covered = coverage_of(*candidate.before);
  if (!(report.coverage >= limits.coverage * covered))
    return "coverage: " + text(report.coverage) + " of the items have a row, before it were " +
           text(covered);
  return {};
}

}  // namespace

Status check_release(const Release& release, double clip) {
  const auto dimension = static_cast<double>(release.sum.size());
  double squares = 0;
  for (size_t j = 0; j < release.sum.size(); ++j) squares += real(release, j) * real(release, j);
  const double noise = release.noise_sd * (std::sqrt(dimension) + kFarOut);
  if (std::sqrt(squares) <= static_cast<double>(release.reports) * clip + noise) return {};
  return impossible("sum: longer than that many reports and the noise can be");
}

Status check_counts(const Release& release, const CountsLayout& layout) {
  const double devices = real(release, layout.normaliser());
  if (!(devices > kNoticeable * release.noise_sd))
    return impossible("counts: no more devices than noise");
  // Whoever counts an item adds the same weight to the normaliser.
  const double most = devices + kFarOut * std::sqrt(2.0) * release.noise_sd;
  for (size_t i = 0; i < layout.n_items; ++i)
    if (real(release, i) > most)
      return impossible("counts: more devices have an item than there are");
  return {};
}

Status check_round(const Release& release, const WhitenedLayout& layout) {
  if (real(release, layout.normaliser()) > kNoticeable * release.noise_sd) return {};
  return impossible("round: no more devices than noise");
}

Status check_quality(const Release& release) {
  const double far = kFarOut * release.noise_sd;
  double votes = 0;
  for (size_t j = 0; j < release.sum.size(); ++j) {
    if (real(release, j) < -far) return impossible("quality: fewer than no votes in a bucket");
    votes += real(release, j);
  }
  const double surplus = votes - static_cast<double>(release.reports);
  if (std::abs(surplus) <= far * std::sqrt(static_cast<double>(release.sum.size()))) return {};
  return impossible("quality: not as many votes as reports");
}

GateReport judge(const Candidate& candidate, const ItemIndex& index, const GateLimits& limits) {
  GateReport report;
  if (const Status usable = check_publishable(*candidate.items, candidate.reg); !usable.ok()) {
    report.reason = usable.error().message;
    return report;
  }
  const double norm = double{candidate.before->norm()};
  report.largest_row = largest_norm(*candidate.items);
  report.drift = norm > 0 ? double{(*candidate.items - *candidate.before).norm()} / norm : 0;
  report.coverage = coverage_of(*candidate.items);
  find_movers(candidate, index, report);
  report.reason = reason_against(candidate, report, limits);
  report.passed = report.reason.empty();
  return report;
}

std::optional<MeasuredMetrics> measure_metrics(const Release& release, const WhitenedTask& task) {
  if (task.layout.n_metrics == 0) return std::nullopt;
  const double weight = double{task.metric_weight};
  const auto metrics = release.sum.subspan(task.layout.metrics(), kPrequentialMetrics);
  const PrequentialRelease values = decode_metrics(metrics, weight, release.unit);
  const double noise_sd = release.noise_sd / weight;
  if (!(values.devices > kNoticeable * noise_sd)) return std::nullopt;
  return MeasuredMetrics{values, noise_sd / values.devices * std::hypot(1.0, values.ndcg_100)};
}

bool did_worse(const MeasuredMetrics& live, const MeasuredMetrics& before,
               const GateLimits& limits) {
  const double fall = before.values.ndcg_100 - live.values.ndcg_100;
  const double noise = kNoticeable * std::hypot(live.ndcg_sd, before.ndcg_sd);
  return fall > limits.ndcg_fall * std::max(0.0, before.values.ndcg_100) && fall > noise;
}

}  // namespace sotto
