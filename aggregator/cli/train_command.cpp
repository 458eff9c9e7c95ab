#include "cli/train_command.hpp"

#include <chrono>
#include <memory>
#include <vector>

#include "cli/data_options.hpp"
#include "cli/model_options.hpp"
#include "cli/report.hpp"
#include "lab/measure.hpp"
#include "lab/model_file.hpp"
#include "lab/progress.hpp"
#include "lab/thread_pool.hpp"
#include "model/ials.hpp"

namespace sotto {
namespace {

struct TrainOptions {
  DataOptions data;
  ModelOptions model;
  uint32_t sweeps = 16;
  std::string out;
  std::vector<double> tuning_prior;
  std::string json;
};

void run_train(const TrainOptions& options) {
  JsonOutput json(options.json);
  const LoadedSplit loaded = or_fail(load_split(options.data));
  const Split& split = loaded.split;
  ThreadPool pool(options.model.threads);
  IalsOptions ials;
  ials.dim = options.model.dim;
  ials.sweeps = options.sweeps;
  ials.reg = options.model.regularization(split);
  ials.seed = options.model.seed;

  const auto start = std::chrono::steady_clock::now();
  Matrix items;
  {
    ProgressBar bar("training");
    items = or_fail(
        train_ials(split.train, split.n_items, ials, pool, [&](uint32_t sweep, const Matrix&) {
          bar.update((sweep + 1.0) / ials.sweeps);
          return true;
        }));
  }
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Measurement popular = measure(split, popularity_scorer(split), pool);
  const Measurement central = measure(split, factor_scorer(items, ials.reg), pool);
  print_table({{"popularity", &popular}, {"centralised iALS", &central}});

  if (!options.out.empty()) {
    ModelFile model{items, {}, ials.reg};
    if (const auto& prior = options.tuning_prior; !prior.empty())
      model.tuning_prior = CrowdPrior{prior[0], prior[1], prior[2]};
    for (uint32_t item : split.catalogue) model.ids.push_back(loaded.data.items.id(item));
    or_fail(save_model(options.out, model));
  }
  if (json.wanted()) {
    auto report = describe(loaded.data.name, split);
    report["dim"] = ials.dim;
    report["sweeps"] = ials.sweeps;
    report["a0"] = ials.reg.a0;
    report["lambda"] = ials.reg.lambda;
    report["seed"] = ials.seed;
    report["popularity"] = to_json(popular);
    report["central"] = to_json(central);
    report["seconds"] = seconds;
    or_fail(json.write(report));
  }
}

}  // namespace

void add_train_command(CLI::App& app) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand(
      "train",
      "Centralised training (iALS): the reference that federated training is held "
      "against. It sees everybody's history; use it on data that is not private.");
  options->data.add_to(*command);
  options->model.add_to(*command);
  command->add_option("--sweeps", options->sweeps, "ALS sweeps")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--out", options->out, "Write the model (safetensors) to this file");
  command
      ->add_option("--tuning-prior", options->tuning_prior,
                   "Let devices fine-tune with the model: MEAN,BETWEEN,WITHIN, as in the "
                   "tuning_priors of 'sotto evaluate --fine-tune --json'")
      ->delimiter(',')
      ->expected(3);
  command->add_option("--json", options->json, "Write the results to this file (-: stdout)");
  command->callback([options] { run_train(*options); });
}

}  // namespace sotto
