// Runs with malicious devices: what they are compared with, and what they have done.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "cli/data_options.hpp"
#include "cli/simulation.hpp"
#include "lab/clear_sum.hpp"

namespace sotto {

namespace json = boost::json;

namespace {

json::object to_json(const Exposure& exposure) {
  return {{"top_20", exposure.top_20},
          {"median_rank", exposure.median_rank},
          {"users", exposure.users}};
}

}  // namespace

void Simulation::prepare_poison() {
  if (options_.poison.empty()) return;
  poison_ = or_fail(parse_poison(options_.poison));
  poison_.item = middling_item(split());
}

void Simulation::run_honest(FederatedOptions options) {
  if (!poison_.on()) return;
  options.sum = sum_in_clear;
  auto training =
      or_fail(FederatedTraining::create(split().train, split().n_items, options, pool_));
  while (!training.finished()) or_fail(training.run_round());
  measure_honest(training.published(), reg_);
}

void Simulation::run_honest(PrivateOptions options) {
  if (!poison_.on()) return;
  options.sum = sum_in_clear;
  auto training = or_fail(PrivateTraining::create(split().train, loaded_.content, options, pool_));
  while (!training.finished()) or_fail(training.run_next());
  measure_honest(training.published(), options.recipe->inference);
}

void Simulation::measure_honest(const Matrix& model, const Regularization& reg) {
  const Scorer scorer = model_scorer(model, reg);
  honest_ = measure(split(), scorer, pool_);
  if (poison_.kind == PoisonKind::kBoost)
    exposure_before_ = measure_exposure(split(), scorer, poison_.item, pool_);
}

Scorer Simulation::model_scorer(const Matrix& model, const Regularization& reg) const {
  Scorer scorer = factor_scorer(model, reg);
  if (!poison_.on()) return scorer;
  return [scorer](std::span<const uint32_t> history, std::span<float> scores) {
    scorer(history, scores);
    for (float& score : scores)
      if (!std::isfinite(score)) score = std::numeric_limits<float>::lowest();
  };
}

void Simulation::describe_attack(const std::string& kept_because, json::object& round) const {
  if (!poison_.on()) return;
  round["model_kept"] = kept_because.empty() ? json::value() : json::value(kept_because);
  if (!round.contains("rejected")) return;
  uint64_t rejected = 0;
  for (const auto& [reason, reports] : round.at("rejected").as_object())
    rejected += reports.to_number<uint64_t>();
  std::printf("(%llu malicious, %llu rejected) ",
              static_cast<unsigned long long>(round.at("malicious").to_number<uint64_t>()),
              static_cast<unsigned long long>(rejected));
}

void Simulation::print_kept(const std::string& kept_because) const {
  if (!kept_because.empty())
    std::printf("          the model stays as it was: %s\n", kept_because.c_str());
}

void Simulation::describe_poison() {
  const auto& malicious = devices_->malicious();
  const auto devices = static_cast<uint64_t>(std::count(malicious.begin(), malicious.end(), true));
  json::object of{{"fraction", poison_.fraction},
                  {"kind", poison_kind_name(poison_.kind)},
                  {"malicious_devices", devices}};
  report_["honest"] = sotto::to_json(*honest_);
  std::printf("\n%llu of %zu devices malicious, %s: ndcg@100 %.4f, without them %.4f\n",
              static_cast<unsigned long long>(devices), malicious.size(),
              poison_kind_name(poison_.kind), federated_->all_items[metric_index("ndcg@100")],
              honest_->all_items[metric_index("ndcg@100")]);
  if (exposure_before_) {
    const Exposure after =
        measure_exposure(split(), model_scorer(model_, inference_), poison_.item, pool_);
    const std::string& item = loaded_.data.items.id(split().catalogue[poison_.item]);
    of["item"] = item;
    of["before"] = to_json(*exposure_before_);
    of["after"] = to_json(after);
    std::printf(
        "item %s: in the top 20 of %.1f%% of the users who do not know it, without the attack "
        "%.1f%%; median rank %.0f, without %.0f\n",
        item.c_str(), 100 * after.top_20, 100 * exposure_before_->top_20, after.median_rank,
        exposure_before_->median_rank);
  }
  report_["poison"] = std::move(of);
}

}  // namespace sotto
