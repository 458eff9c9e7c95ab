#include "cli/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "cli/data_options.hpp"
#include "cli/sum_report.hpp"
#include "lab/clear_sum.hpp"
#include "lab/progress.hpp"
#include "model/ials.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr uint32_t kDefaultRounds = 8;

}  // namespace

Simulation::Simulation(const SimulateOptions& options)
    : options_(options),
      json_(options.json),
      loaded_(or_fail(load_split(options.data))),
      pool_(options.model.threads),
      reg_(options.model.regularization(loaded_.split)),
      fingerprint_(options.fingerprint(loaded_.split, reg_)) {}

double Simulation::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void Simulation::run() {
  check_options();
  prepare_poison();
  start_ = std::chrono::steady_clock::now();
  report_ = describe(loaded_.data.name, split());
  report_["seed"] = options_.model.seed;
  report_["secure"] = options_.secure;
  report_["vdaf"] = options_.vdaf;
  popularity_ = measure(split(), popularity_scorer(split()), pool_);
  std::printf("%s, %s: %zu devices train, %zu users measured, %u items, %zu interactions\n",
              loaded_.data.name.c_str(), split().protocol.c_str(), split().train.size(),
              split().targets.size(), split().n_items, split().train.items.size());
  resume();
  if (options_.privacy.on())
    run_private();
  else
    run_federated();
  const double federated_seconds = seconds();
  if (!options_.no_central) run_central();
  finish(federated_seconds);
}

void Simulation::check_options() const {
  if (options_.privacy.on() && options_.participation < 1)
    fail({ErrorCode::kInvalidArgument,
          "--participation: private training asks every device once a release; its price does "
          "not fall with sampling"});
  if (options_.privacy.on() && options_.round_sigma > 0)
    fail({ErrorCode::kInvalidArgument,
          "--round-sigma: the noise of private training follows from --epsilon or --sigma"});
  if (!options_.poison.empty() && !options_.full_path())
    fail(
        {ErrorCode::kInvalidArgument,
         "--poison: needs --secure full; in the clear there are no reports that could be forged or "
         "rejected"});
  if (options_.vdaf != "sum" && !options_.full_path())
    fail(
        {ErrorCode::kInvalidArgument,
         "--vdaf " + options_.vdaf +
             ": needs --secure full; in the clear there are no reports that could prove anything"});
  if (options_.vdaf != "sum" && noisy() &&
      options_.privacy.noise_by() == NoiseBy::kServersAndDevice)
    fail({ErrorCode::kInvalidArgument,
          "--noise servers+device: devices add no noise under PINE, which bounds all that they "
          "send"});
  if (options_.noise_given && !noisy())
    std::printf("--noise %s: nothing is added without --epsilon, --sigma or --round-sigma\n",
                options_.privacy.noise.c_str());
}

void Simulation::resume() {
  if (!options_.resume) return;
  auto loaded = load_checkpoint(options_.checkpoint, fingerprint_);
  if (!loaded.ok() && loaded.error().code == ErrorCode::kNotFound) return;
  checkpoint_ = or_fail(std::move(loaded));
  rounds_ = json::parse(checkpoint_.report).as_array();
  std::printf("resumed from %s after %zu rounds\n", options_.checkpoint.c_str(), rounds_.size());
}

SumDevices Simulation::choose_sum(double rho) {
  if (!options_.full_path()) return sum_in_clear;
  SecureOptions options;
  options.seed = options_.model.seed;
  options.rho = rho;
  options.vdaf = options_.vdaf_id();
  options.poison = poison_;
  devices_.emplace(or_fail(SecureSum::create(split().train, split().n_items, std::move(options),
                                             pool_, checkpoint_.devices)));
  return [this](const SumJob& job, Executor& executor, const SumProgress& progress) {
    return devices_->sum(job, executor, progress);
  };
}

void Simulation::save_round(json::object round) {
  rounds_.push_back(std::move(round));
  if (options_.checkpoint.empty()) return;
  checkpoint_.fingerprint = fingerprint_;
  checkpoint_.report = json::serialize(rounds_);
  if (devices_) checkpoint_.devices = devices_->save();
  or_fail(save_checkpoint(options_.checkpoint, checkpoint_));
}

bool Simulation::measured_round(uint32_t round, uint32_t last) const {
  return round == last || round % options_.eval_every == 0;
}

void Simulation::measure_round(const Matrix& model, const Regularization& reg,
                               json::object& round) {
  federated_ = measure(split(), model_scorer(model, reg), pool_);
  for (const auto& [key, value] : to_json(*federated_)) round[key] = value;
  std::printf("  ndcg@100 %.4f  recall@20 %.4f", federated_->all_items[metric_index("ndcg@100")],
              federated_->all_items[metric_index("recall@20")]);
}

FederatedOptions Simulation::federated_options() const {
  FederatedOptions fed;
  fed.dim = options_.model.dim;
  fed.rounds = options_.rounds.value_or(kDefaultRounds);
  fed.participation = options_.participation;
  fed.dropout = options_.dropout;
  fed.reg = reg_;
  fed.curvature = options_.curvature == "scalar" ? Curvature::kScalar : Curvature::kRankOne;
  fed.h = options_.h;
  fed.max_weight = options_.max_weight;
  fed.z = options_.round_sigma;
  fed.by = options_.privacy.noise_by();
  fed.max_batch = options_.max_batch;
  fed.seed = options_.model.seed;
  fed.keep_model = poison_.on();
  return fed;
}

void Simulation::run_federated() {
  FederatedOptions fed = federated_options();
  run_honest(fed);
  fed.sum = choose_sum(spent_after(fed, fed.rounds).rho());
  auto training = or_fail(FederatedTraining::create(split().train, split().n_items, fed, pool_));
  if (checkpoint_.federated.rounds_done > 0) or_fail(training.restore(checkpoint_.federated));
  if (training.finished())
    federated_ = measure(split(), model_scorer(training.published(), reg_), pool_);

  const double delta = options_.privacy.delta_for(split().train.size());
  while (!training.finished()) {
    const uint32_t number = training.state().rounds_done + 1;
    ProgressBar bar("round " + std::to_string(number) + " of " + std::to_string(fed.rounds));
    const FederatedRound round = or_fail(
        training.run_round([&](double fraction) { bar.update(fraction, "devices reporting"); }));
    bar.finish();
    json::object entry{{"round", round.round},
                       {"objective", std::isfinite(round.objective) ? json::value(round.objective)
                                                                    : json::value()},
                       {"damping", round.damping},
                       {"seconds", round.seconds},
                       {"epsilon", nullptr}};
    if (noisy())
      entry["epsilon"] =
          spent_after(fed, round.round).epsilon(options_.privacy.accounting_kind(), delta);
    describe_sum(statistics_of(round.sum), training.dimension(), entry);
    describe_attack(round.kept_because, entry);
    std::printf("round %2u  %7llu reports  objective %.5g", round.round,
                static_cast<unsigned long long>(round.sum.reports), round.objective);
    if (measured_round(round.round, fed.rounds)) measure_round(training.published(), reg_, entry);
    std::printf("  %.1f s\n", round.seconds);
    print_kept(round.kept_because);
    std::fflush(stdout);
    checkpoint_.federated = training.state();
    save_round(std::move(entry));
  }
  describe_federated_run(training, fed);
  model_ = training.published();
  inference_ = reg_;
}

void Simulation::run_private() {
  const uint64_t devices = split().train.size();
  PrivateOptions options;
  options.z = or_fail(options_.privacy.multiplier(devices));
  options.delta = options_.privacy.delta_for(devices);
  options.by = options_.privacy.noise_by();
  options.max_batch = options_.max_batch;
  options.dropout = options_.dropout;
  options.seed = options_.model.seed;
  options.recipe =
      or_fail(make_recipe(options_.privacy, options.z, options_.dim_given, options_.rounds));
  options.keep_model = poison_.on();
  run_honest(options);
  options.sum = choose_sum(planned_rho(*options.recipe, options));
  if (options_.rounds.value_or(0) > options.recipe->rounds)
    std::printf("%u rounds, not %u: more would divide the budget (--set rounds=%u insists)\n",
                options.recipe->rounds, *options_.rounds, *options_.rounds);
  auto training = or_fail(PrivateTraining::create(split().train, loaded_.content, options, pool_));
  for (const auto& release : checkpoint_.releases) or_fail(training.replay(release));
  const Regularization inference = options.recipe->inference;
  if (training.finished())
    federated_ = measure(split(), model_scorer(training.published(), inference), pool_);

  while (!training.finished()) {
    const uint32_t number = training.releases_done();
    const std::string name = number == 0 ? "counts" : "round " + std::to_string(number);
    ProgressBar bar(name);
    PrivateRelease release = or_fail(
        training.run_next([&](double fraction) { bar.update(fraction, "devices reporting"); }));
    bar.finish();
    const double epsilon =
        training.spent().epsilon(options_.privacy.accounting_kind(), options.delta);
    json::object entry{{"round", number},
                       {"layout", number == 0 ? "counts" : "whitened"},
                       {"dimension", release.dimension},
                       {"sigma", release.sigma},
                       {"z", static_cast<double>(release.sigma) / options.grid_bound},
                       {"noise_sd", release.noise_sd},
                       {"epsilon", epsilon}};
    describe_sum(statistics_of(release.statistics), release.dimension, entry);
    describe_attack(release.kept_because, entry);
    std::printf("%-8s  %7llu reports  epsilon so far %.3f", name.c_str(),
                static_cast<unsigned long long>(release.reports), epsilon);
    measure_round(training.published(), inference, entry);
    std::printf("\n");
    print_kept(release.kept_because);
    std::fflush(stdout);
    checkpoint_.releases.push_back(std::move(release));
    save_round(std::move(entry));
  }
  describe_private_run(training, options);
  run_private_baselines(options);
  model_ = training.published();
  inference_ = inference;
}

void Simulation::run_private_baselines(PrivateOptions options) {
  PrivateRecipe recipe = *options.recipe;
  recipe.count_share = 1 - 1e-6;
  options.recipe = recipe;
  options.sum = sum_in_clear;  // the devices' ledgers hold one run
  auto counts = or_fail(PrivateTraining::create(split().train, loaded_.content, options, pool_));
  or_fail(counts.run_next());
  const Vector frequencies = counts.trainer().frequencies();
  private_popularity_ = measure(
      split(),
      [&](std::span<const uint32_t>, std::span<float> scores) {
        std::copy(frequencies.begin(), frequencies.end(), scores.begin());
      },
      pool_);
  content_only_ = measure(split(), factor_scorer(counts.published(), recipe.inference), pool_);
  report_["popularity_private"] = to_json(*private_popularity_);
  report_["content_private"] = to_json(*content_only_);
}

void Simulation::run_central() {
  ProgressBar bar("centralised iALS, for comparison");
  const IalsOptions ials{options_.model.dim, options_.sweeps, reg_, options_.model.seed};
  const Matrix items = or_fail(
      train_ials(split().train, split().n_items, ials, pool_, [&](uint32_t sweep, const Matrix&) {
        bar.update((sweep + 1.0) / ials.sweeps);
        return true;
      }));
  bar.finish();
  central_ = measure(split(), factor_scorer(items, reg_), pool_);
}

Accountant spent_after(const FederatedOptions& options, uint32_t rounds) {
  Accountant spent;
  FederatedOptions so_far = options;
  so_far.rounds = rounds;
  const double z = static_cast<double>(options.sigma()) / options.grid_bound;
  if (z > 0)
    for (uint32_t round = 0; round < so_far.rounds_per_device(); ++round) spent.add(z);
  return spent;
}

}  // namespace sotto
