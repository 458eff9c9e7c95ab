#include "cli/evaluate_command.hpp"

#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "cli/data_options.hpp"
#include "cli/model_options.hpp"
#include "cli/report.hpp"
#include "evaluation/significance.hpp"
#include "events/recency.hpp"
#include "lab/fine_tuned.hpp"
#include "lab/measure.hpp"
#include "lab/model_file.hpp"
#include "lab/progress.hpp"
#include "lab/thread_pool.hpp"
#include "model/ials.hpp"
#include "model/tuning_gate.hpp"

namespace sotto {
namespace {

struct EvaluateOptions {
  DataOptions data;
  ModelOptions model;
  std::vector<std::string> methods{"popularity", "item-knn", "central"};
  std::string model_path;
  uint32_t neighbours = 100;
  uint32_t sweeps = 16;
  double half_life = 5;
  double floor = 0.1;
  float recency_lambda = 3;
  bool fine_tune = false;
  FineTuningOptions tuning;
  std::string json;
};

struct Row {
  std::string name;
  Measurement measurement;
  std::optional<CrowdPrior> prior{};  // Of the gate, where there is one.
};

// Rows of a model file in the order of the split's catalogue; items that the model does not know
// get a zero row.
Matrix rows_for_split(const ModelFile& model, const LoadedSplit& loaded) {
  std::unordered_map<std::string_view, Eigen::Index> row_of;
  for (size_t i = 0; i < model.ids.size(); ++i)
    row_of.emplace(model.ids[i], static_cast<Eigen::Index>(i));
  Matrix items = Matrix::Zero(loaded.split.n_items, model.items.cols());
  size_t known = 0;
  for (size_t i = 0; i < loaded.split.catalogue.size(); ++i) {
    const auto found = row_of.find(loaded.data.items.id(loaded.split.catalogue[i]));
    if (found == row_of.end()) continue;
    items.row(static_cast<Eigen::Index>(i)) = model.items.row(found->second);
    ++known;
  }
  if (known == 0)
    fail({ErrorCode::kInvalidArgument, "--model: it knows none of the items of this data"});
  return items;
}

// Fine-tuning beside the fold-in that it starts from: for everybody, and for those whom the gate
// lets through.
void add_fine_tuned_rows(const std::string& name, const Matrix& items,
                         const std::vector<std::vector<Neighbour>>& near, const Regularization& reg,
                         const WeightOf& weight_of, const EvaluateOptions& options,
                         const Split& split, Executor& executor, std::deque<Row>& rows) {
  const Scorer plain = factor_scorer(items, reg, weight_of);
  const Scorer tuned =
      fine_tuned_scorer(items, near, reg, weight_of, options.tuning, options.model.seed);
  const CrowdPrior prior = crowd_prior(plain, tuned, split, executor);
  rows.push_back({name + " + tuned", measure(split, tuned, executor)});
  rows.push_back({name + " + tuned, gated",
                  measure(split, gated_scorer(plain, tuned, prior, split.n_items), executor),
                  prior});
}

// What a device can make of one model, the same V throughout: plain fold-in, and, where histories
// are in time order, recency; fine-tuning of either when asked for.
void add_fold_in_rows(const std::string& name, const Matrix& items, const Regularization& reg,
                      const EvaluateOptions& options, const Split& split, Executor& executor,
                      bool ordered, std::deque<Row>& rows) {
  rows.push_back({name, measure(split, factor_scorer(items, reg), executor)});
  std::vector<std::vector<Neighbour>> near;
  if (options.fine_tune) {
    near = nearest_items(items, options.tuning.neighbours, executor);
    add_fine_tuned_rows(name, items, near, reg, {}, options, split, executor, rows);
  }
  if (!ordered) return;
  const RankRecency ranks{options.half_life, options.floor};
  const WeightOf recency = [ranks](size_t n) { return recency_weights(n, ranks); };
  Regularization stronger = reg;
  stronger.lambda *= options.recency_lambda;
  rows.push_back(
      {name + " + recency", measure(split, factor_scorer(items, stronger, recency), executor)});
  if (options.fine_tune)
    add_fine_tuned_rows(name + " + recency", items, near, stronger, recency, options, split,
                        executor, rows);
}

std::vector<double> per_user(const Measurement& measurement, size_t metric) {
  std::vector<double> values;
  for (const auto& user : measurement.per_user) values.push_back(user.empty() ? 0 : user[metric]);
  return values;
}

boost::json::object intervals(const std::deque<Row>& rows) {
  const size_t metric = metric_index("ndcg@100");
  boost::json::object out;
  std::printf(
      "\nndcg@100 with 95%% confidence (bootstrap over users), difference to the first row\n");
  const auto first = per_user(rows.front().measurement, metric);
  for (const auto& row : rows) {
    const auto values = per_user(row.measurement, metric);
    const Interval mean = bootstrap_mean(values);
    const PairedDifference difference = paired_bootstrap(values, first);
    std::printf("%-44s %.4f [%.4f, %.4f]  %+.4f [%+.4f, %+.4f] p = %.3f\n", row.name.c_str(),
                mean.mean, mean.low, mean.high, difference.difference.mean,
                difference.difference.low, difference.difference.high, difference.p_value);
    out[row.name] = boost::json::object{{"mean", mean.mean},
                                        {"low", mean.low},
                                        {"high", mean.high},
                                        {"difference", difference.difference.mean},
                                        {"difference_low", difference.difference.low},
                                        {"difference_high", difference.difference.high},
                                        {"p_value", difference.p_value}};
  }
  return out;
}

void run_evaluate(const EvaluateOptions& options) {
  JsonOutput json(options.json);
  const LoadedSplit loaded = or_fail(load_split(options.data));
  const Split& split = loaded.split;
  ThreadPool pool(options.model.threads);
  const Regularization reg = options.model.regularization(split);
  // Recency needs a history in time order, which only the temporal protocol promises.
  const bool ordered = options.data.protocol == "temporal";
  std::deque<Row> rows;
  const auto wanted = [&](const char* name) {
    return std::find(options.methods.begin(), options.methods.end(), name) != options.methods.end();
  };
  if (wanted("popularity"))
    rows.push_back({"popularity", measure(split, popularity_scorer(split), pool)});
  if (wanted("item-knn"))
    rows.push_back(
        {"item-kNN", measure(split, item_knn_scorer(split, options.neighbours, pool), pool)});
  if (wanted("central")) {
    ProgressBar bar("training");
    const IalsOptions ials{options.model.dim, options.sweeps, reg, options.model.seed};
    const Matrix items = or_fail(
        train_ials(split.train, split.n_items, ials, pool, [&](uint32_t sweep, const Matrix&) {
          bar.update((sweep + 1.0) / ials.sweeps);
          return true;
        }));
    bar.finish();
    add_fold_in_rows("centralised iALS", items, reg, options, split, pool, ordered, rows);
  }
  if (!options.model_path.empty()) {
    const ModelFile model = or_fail(load_model(options.model_path));
    const Matrix items = rows_for_split(model, loaded);
    add_fold_in_rows("model", items, model.reg, options, split, pool, ordered, rows);
  }
  std::vector<TableRow> table;
  for (const auto& row : rows) table.push_back({row.name, &row.measurement});
  print_table(table);
  const auto confidence = intervals(rows);

  if (json.wanted()) {
    auto report = describe(loaded.data.name, split);
    boost::json::object models;
    boost::json::object priors;  // what a snapshot's tuning_prior is made from
    for (const auto& row : rows) {
      models[row.name] = to_json(row.measurement);
      if (row.prior)
        priors[row.name] = boost::json::object{{"mean_gain", row.prior->mean_gain},
                                               {"between_users", row.prior->between_users},
                                               {"within_user", row.prior->within_user}};
    }
    report["models"] = std::move(models);
    if (!priors.empty()) report["tuning_priors"] = std::move(priors);
    report["ndcg@100_confidence"] = confidence;
    or_fail(json.write(report));
  }
}

}  // namespace

void add_evaluate_command(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* command = app.add_subcommand(
      "evaluate",
      "Measures popularity, item-kNN, centralised iALS and a model file on a split; "
      "with --protocol temporal also fold-in with recency weights.");
  options->data.add_to(*command);
  options->model.add_to(*command);
  command->add_option("--methods", options->methods, "Which to measure")
      ->delimiter(',')
      ->check(CLI::IsMember({"popularity", "item-knn", "central"}))
      ->capture_default_str();
  command->add_option("--model", options->model_path, "A model file to measure too")
      ->check(CLI::ExistingFile);
  command->add_option("--neighbours", options->neighbours, "Neighbours of item-kNN")
      ->check(CLI::Range(1U, 100000U))
      ->capture_default_str();
  command->add_option("--sweeps", options->sweeps, "ALS sweeps of centralised training")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--half-life", options->half_life, "Recency: half-life in events")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--recency-floor", options->floor, "Recency: smallest weight")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      ->add_option("--recency-lambda", options->recency_lambda,
                   "Recency: factor on lambda, as weights shrink the history")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  const std::string group = "Fine-tuning";
  command
      ->add_flag("--fine-tune", options->fine_tune,
                 "Measure fine-tuning on the device too, for everybody and behind the gate")
      ->group(group);
  FineTuningOptions& tuning = options->tuning;
  command->add_option("--tune-epochs", tuning.epochs, "Steps an event")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str()
      ->group(group);
  command->add_option("--tune-negatives", tuning.negatives, "Items drawn a step")
      ->check(CLI::Range(1U, 10000U))
      ->capture_default_str()
      ->group(group);
  command->add_option("--tune-temperature", tuning.temperature, "Softmax of score / temperature")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command->add_option("--tune-rate", tuning.rate, "Learning rate of the user vector")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command->add_option("--tune-offset-rate", tuning.offset_rate, "Learning rate of the offsets")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("--tune-half-life", tuning.half_life,
                   "Events after which half of what an event did is left")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("--tune-neighbours", tuning.neighbours,
                   "Items near each event's that get a private offset")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str()
      ->group(group);
  command
      ->add_option("--tune-largest-offset", tuning.largest_offset,
                   "Bound of an offset, as a share of its item's vector")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str()
      ->group(group);
  command->add_option("--json", options->json, "Write the results to this file (-: stdout)");
  command->callback([options] { run_evaluate(*options); });
}

}  // namespace sotto
