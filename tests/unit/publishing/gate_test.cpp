#include "publishing/gate.hpp"

#include <cmath>
#include <limits>

#include "base/random.hpp"
#include "model/ials.hpp"
#include "publishing/content_rows.hpp"
#include "publishing/site.hpp"

namespace sotto {
namespace {

struct Case {
  Matrix before = random_items(20, 4, 3);
  Matrix items = before;
  ItemIndex index;
  bool first_trained = false;
  bool first_of_cycle = false;

  Case() {
    for (int i = 0; i < 20; ++i) REQUIRE(index.add("item " + std::to_string(i)).ok());
  }
  GateReport judged() const {
    return judge({&items, &before, first_trained, first_of_cycle, {0.3F, 0.05F}}, index);
  }
};

TEST_CASE("an unchanged model passes and names no movers") {
  const GateReport report = Case().judged();
  CHECK(report.passed);
  CHECK(report.reason.empty());
  CHECK(report.drift == 0);
  CHECK(report.coverage == 1);
  CHECK(report.movers.empty());
}

TEST_CASE("the ten rows that moved most are named, the first most") {
  Case c;
  for (int i = 0; i < 15; ++i) c.items.row(i) *= 1 + 0.02F * static_cast<float>(i + 1);
  c.items.row(19) *= 2;
  const GateReport report = c.judged();
  CHECK(report.passed);
  REQUIRE(report.movers.size() == 10);
  CHECK(report.movers[0].first == "item 19");
  for (size_t j = 1; j < 10; ++j) CHECK(report.movers[j - 1].second >= report.movers[j].second);
  CHECK(report.movers[0].second == doctest::Approx(double{c.before.row(19).norm()}));
}

TEST_CASE("values that are not finite do not pass") {
  Case c;
  c.items(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(c.judged().reason.find("finite") != std::string::npos);
  c.items(3, 1) = std::numeric_limits<float>::infinity();
  CHECK_FALSE(c.judged().passed);
  c.items.setZero();
  CHECK_FALSE(c.judged().passed);
}

TEST_CASE("no row may outgrow the longest before by more than the limit") {
  Case c;
  c.first_of_cycle = true;  // no limit of drift
  const double longest = std::sqrt(double{c.before.rowwise().squaredNorm().maxCoeff()});
  c.items.row(2) *= static_cast<float>(3.9 * longest / double{c.before.row(2).norm()});
  CHECK(c.judged().passed);
  c.items.row(2) *= 1.05F;
  CHECK(c.judged().reason.find("rows:") != std::string::npos);
  c.first_trained = true;
  CHECK(c.judged().passed);
}

TEST_CASE("a leap of the whole model passes at the beginning of a cycle only") {
  Case c;
  c.items *= -1;
  const GateReport leap = c.judged();
  CHECK(leap.drift == doctest::Approx(2));
  CHECK(leap.reason.find("drift:") != std::string::npos);
  c.first_of_cycle = true;
  CHECK(c.judged().passed);
}

TEST_CASE("half of the items that had rows must keep them") {
  Case c;
  c.items.topRows(10).setZero();
  CHECK(c.judged().passed);
  c.items.row(10).setZero();
  CHECK(c.judged().reason.find("coverage:") != std::string::npos);
  c.before.topRows(2).setZero();
  CHECK(c.judged().passed);
}

TEST_CASE("a sum is at most as long as its reports and the noise can make it") {
  std::vector<int64_t> sum(100, 0);
  sum[4] = 1000;
  const Release release{sum, 0.01, 0.5, 5};
  // 10 long; 5 reports of norm 1 and noise of 0.5 (10 + 8).
  CHECK(check_release(release, 1).ok());
  sum[4] = 1401;
  CHECK(check_release(release, 1).error().code == ErrorCode::kNumerical);
  CHECK(check_release(release, 2).ok());
}

TEST_CASE("counts need devices, and no item more of them than there are") {
  std::vector<int64_t> sum{50, 100, 0, 100};
  const CountsLayout layout{3};
  CHECK(check_counts({sum, 1, 1, 200}, layout).ok());
  CHECK(check_counts({sum, 1, 40, 200}, layout).error().code == ErrorCode::kNumerical);
  sum[1] = 120;
  CHECK(check_counts({sum, 1, 1, 200}, layout).error().code == ErrorCode::kNumerical);
}

TEST_CASE("an evaluation has as many votes as reports, and no bucket below none, but for noise") {
  const std::vector<int64_t> sum{50, 30, -5, 26};
  CHECK(check_quality({sum, 1, 1, 100}).ok());
  CHECK(check_quality({sum, 1, 1, 118}).error().code == ErrorCode::kNumerical);
  CHECK(check_quality({sum, 1, 1, 84}).error().code == ErrorCode::kNumerical);
  CHECK(check_quality({sum, 1, 2, 84}).ok());
  CHECK(check_quality({sum, 1, 0.5, 100}).error().message.find("bucket") != std::string::npos);
}

TEST_CASE("worse means beyond the limit and beyond the noise") {
  const MeasuredMetrics before{{100, 0.4, 0.40, 0.2}, 0.005};
  const auto live = [](double ndcg, double sd) {
    return MeasuredMetrics{{100, 0.4, ndcg, 0.2}, sd};
  };
  CHECK_FALSE(did_worse(live(0.45, 0.005), before));
  CHECK_FALSE(did_worse(live(0.37, 0.005), before));
  CHECK(did_worse(live(0.35, 0.005), before));
  CHECK_FALSE(did_worse(live(0.35, 0.02), before));
}

TEST_CASE("the noise of released metrics is what it is said to be") {
  WhitenedTask task;
  task.layout = {0, 1, kPrequentialMetrics};
  task.metric_weight = 0.5F;
  const double unit = 1e-4, noise_sd = 0.2;
  Random random(5);
  double squares = 0, stated = 0;
  const int n = 2000;
  for (int t = 0; t < n; ++t) {
    std::vector<int64_t> sum(task.layout.dimension(), 0);
    const double truth[] = {100, 50, 40, 30};
    for (size_t j = 0; j < 4; ++j)
      sum[task.layout.metrics() + j] =
          std::llround((truth[j] * 0.5 + noise_sd * random.normal()) / unit);
    const auto measured = measure_metrics({sum, unit, noise_sd, 100}, task);
    REQUIRE(measured.has_value());
    squares += std::pow(measured->values.ndcg_100 - 0.4, 2) / n;
    stated = measured->ndcg_sd;
  }
  // 2000 squares of normal numbers: a standard deviation of 3%.
  CHECK(std::sqrt(squares) == doctest::Approx(stated).epsilon(0.08));
  const std::vector<int64_t> nothing(task.layout.dimension(), 0);
  CHECK_FALSE(measure_metrics({nothing, unit, noise_sd, 100}, task).has_value());
}

TEST_CASE("rows from content: linear truths are found, unknown content gives zeros") {
  Matrix content = random_items(60, 5, 9) * 10;
  content.col(0).setOnes();
  const Matrix weights = random_items(5, 3, 2);
  const Matrix truth = content * weights;
  Matrix trained = truth.topRows(50);
  trained.row(8).setZero();
  std::vector<bool> learn(50, true);
  trained.row(9).setConstant(100);
  learn[9] = false;
  const Matrix rows = with_rows_from_content(trained, learn, content);
  CHECK(rows.topRows(50) == trained);
  const double error = double{(rows.bottomRows(10) - truth.bottomRows(10)).norm()};
  CHECK(error < 0.1 * double{truth.bottomRows(10).norm()});
  CHECK(with_rows_from_content(trained, learn, Matrix(60, 0)).bottomRows(10).isZero(0));
  CHECK(with_rows_from_content(trained, std::vector<bool>(50, false), content)
            .bottomRows(10)
            .isZero(0));
}

}  // namespace
}  // namespace sotto
