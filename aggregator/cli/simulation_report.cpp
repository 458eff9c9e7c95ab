// What a run says at its end.
#include <cstdio>
#include <string>
#include <utility>

#include "cli/simulation.hpp"
#include "cli/sum_report.hpp"
#include "lab/model_file.hpp"
#include "lab/progress.hpp"

namespace sotto {

namespace json = boost::json;

void Simulation::describe_federated_run(const FederatedTraining& training,
                                        const FederatedOptions& options) {
  report_["dim"] = options.dim;
  report_["a0"] = reg_.a0;
  report_["lambda"] = reg_.lambda;
  report_["participation"] = options.participation;
  report_["dropout"] = options.dropout;
  report_["dimension"] = training.dimension();
  report_["epsilon"] = nullptr;
  report_["delta"] = nullptr;
  if (!noisy()) return;
  const Accountant spent = spent_after(options, options.rounds);
  for (auto& [key, value] : describe_privacy(options_.privacy, spent, split().train.size()))
    report_[key] = std::move(value);
  report_["sensitivity"] = options.grid_bound;
  report_["sigma"] = options.sigma();
  report_["z"] = 1 / spent.mu();
}

void Simulation::describe_private_run(const PrivateTraining& training,
                                      const PrivateOptions& options) {
  for (auto& [key, value] :
       describe_privacy(options_.privacy, training.spent(), split().train.size()))
    report_[key] = std::move(value);
  report_["dim"] = options.recipe->dim;
  report_["a0"] = options.recipe->reg.a0;
  report_["lambda"] = options.recipe->reg.lambda;
  report_["sensitivity"] = options.grid_bound;
  report_["z"] = options.z;
  report_["slice"] = training.trainer().slice_size();
}

void Simulation::finish(double federated_seconds) {
  std::printf("\n");
  std::vector<TableRow> table{{"popularity", &*popularity_}};
  if (private_popularity_) table.push_back({"popularity, same epsilon", &*private_popularity_});
  if (content_only_) table.push_back({"content only, same epsilon", &*content_only_});
  if (central_) table.push_back({"centralised iALS", &*central_});
  if (honest_) table.push_back({"no malicious device", &*honest_});
  if (federated_)
    table.push_back({options_.privacy.on() ? "federated, private" : "federated", &*federated_});
  print_table(table);
  print_learning_curve();
  if (noisy()) print_privacy();

  json::object sums = describe_sums(rounds_);
  if (sums.contains("rejected")) print_secure_path(sums, options_.vdaf);
  if (poison_.on()) describe_poison();
  for (auto& [key, value] : sums) report_[key] = std::move(value);
  report_["popularity"] = to_json(*popularity_);
  report_["central"] = central_ ? json::value(to_json(*central_)) : json::value();
  report_["federated"] = federated_ ? json::value(to_json(*federated_)) : json::value();
  report_["rounds"] = rounds_;
  report_["seconds"] = federated_seconds;
  report_["seconds_total"] = seconds();
  std::printf(
      "\n%s, %llu bytes a report\n", format_duration(federated_seconds).c_str(),
      static_cast<unsigned long long>(report_["upload_bytes_per_report"].to_number<uint64_t>()));
  if (!options_.out.empty()) save_model_file();
  if (json_.wanted()) or_fail(json_.write(report_));
}

void Simulation::print_learning_curve() const {
  std::vector<double> values;
  for (const auto& round : rounds_)
    if (const auto* value = round.as_object().if_contains("ndcg@100"))
      values.push_back(value->to_number<double>());
  if (values.size() < 3) return;
  const size_t metric = metric_index("ndcg@100");
  std::vector<std::pair<std::string, double>> references{
      {"popularity", popularity_->all_items[metric]}};
  if (central_) references.emplace_back("centralised", central_->all_items[metric]);
  print_curve("ndcg@100 of the global model after each round", values, references);
}

void Simulation::print_privacy() const {
  std::printf(
      "\n(%.3f, %.2g)-differential privacy for each device (%s accounting, noise: %s; z = %.3f,\n"
      "certified zCDP epsilon %.3f, exact Gaussian curve %.3f)\n",
      report_.at("epsilon").to_number<double>(), report_.at("delta").to_number<double>(),
      options_.privacy.accounting.c_str(), options_.privacy.noise.c_str(),
      report_.at("z").to_number<double>(), report_.at("epsilon_zcdp").to_number<double>(),
      report_.at("epsilon_gaussian").to_number<double>());
}

void Simulation::save_model_file() const {
  ModelFile file{model_, {}, inference_};
  for (uint32_t item : split().catalogue) file.ids.push_back(loaded_.data.items.id(item));
  or_fail(save_model(options_.out, file));
}

}  // namespace sotto
