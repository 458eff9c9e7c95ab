#include "cli/simulate_command.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>

#include "cli/data_options.hpp"
#include "cli/model_options.hpp"
#include "cli/privacy_options.hpp"
#include "cli/report.hpp"
#include "lab/checkpoint.hpp"
#include "lab/federated.hpp"
#include "lab/model_file.hpp"
#include "lab/private_training.hpp"
#include "lab/progress.hpp"
#include "lab/thread_pool.hpp"
#include "model/ials.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

// A share in Field32 takes 4 bytes a coordinate; the other server gets a 32-byte seed.
constexpr size_t kBytesPerCoordinate = 4;
constexpr size_t kSeedBytes = 32;

struct SimulateOptions {
  DataOptions data;
  ModelOptions model;
  PrivacyOptions privacy;
  std::optional<uint32_t> rounds;
  std::optional<uint32_t> dim_given;
  double participation = 1;
  double dropout = 0;
  std::string secure = "clear";
  std::string curvature = "rank-one";
  double h = 2;
  double max_weight = 512;
  uint64_t max_batch = 0;
  bool no_central = false;
  uint32_t sweeps = 16;
  uint32_t eval_every = 1;
  std::string checkpoint;
  bool resume = false;
  std::string out;
  std::string json;
};

constexpr uint32_t kDefaultRounds = 8;

size_t report_bytes(size_t dimension) { return dimension * kBytesPerCoordinate + kSeedBytes; }

// FNV-1a over everything that decides a run's result.
class Fingerprint {
 public:
  void add(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    for (size_t i = 0; i < size; ++i) hash_ = (hash_ ^ bytes[i]) * 0x100000001b3ULL;
  }
  template <class T>
  Fingerprint& operator<<(const T& value) {
    static_assert(std::is_arithmetic_v<T>);
    add(&value, sizeof value);
    return *this;
  }
  uint64_t value() const { return hash_; }

 private:
  uint64_t hash_ = 0xcbf29ce484222325ULL;
};

uint64_t fingerprint(const SimulateOptions& options, const Split& split,
                     const Regularization& reg) {
  Fingerprint hash;
  hash << options.model.dim << options.model.seed << options.participation << options.dropout
       << options.h << options.max_weight << options.max_batch << reg.a0 << reg.lambda
       << options.privacy.on() << options.privacy.epsilon.value_or(0)
       << options.privacy.sigma.value_or(0) << options.privacy.delta.value_or(0)
       << options.dim_given.value_or(0) << split.n_items;
  for (const auto& text : options.privacy.settings) hash.add(text.data(), text.size());
  hash.add(options.curvature.data(), options.curvature.size());
  hash.add(options.privacy.noise.data(), options.privacy.noise.size());
  hash.add(options.privacy.accounting.data(), options.privacy.accounting.size());
  hash.add(split.train.items.data(), split.train.items.size() * sizeof(uint32_t));
  hash.add(split.train.offsets.data(), split.train.offsets.size() * sizeof(uint64_t));
  return hash.value();
}

// One run: data, workers, the report that grows with every round.
class Simulation {
 public:
  explicit Simulation(const SimulateOptions& options)
      : options_(options),
        json_(options.json),
        loaded_(or_fail(load_split(options.data))),
        pool_(options.model.threads),
        reg_(options.model.regularization(loaded_.split)),
        fingerprint_(fingerprint(options, loaded_.split, reg_)) {}

  void run() {
    start_ = std::chrono::steady_clock::now();
    report_ = describe(loaded_.data.name, split());
    report_["seed"] = options_.model.seed;
    report_["secure"] = options_.secure;
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

 private:
  const Split& split() const { return loaded_.split; }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  void resume() {
    if (!options_.resume) return;
    auto loaded = load_checkpoint(options_.checkpoint, fingerprint_);
    if (!loaded.ok() && loaded.error().code == ErrorCode::kNotFound) return;
    checkpoint_ = or_fail(std::move(loaded));
    rounds_ = json::parse(checkpoint_.report).as_array();
    std::printf("resumed from %s after %zu rounds\n", options_.checkpoint.c_str(), rounds_.size());
  }

  void save_round(json::object round) {
    rounds_.push_back(std::move(round));
    if (options_.checkpoint.empty()) return;
    checkpoint_.fingerprint = fingerprint_;
    checkpoint_.report = json::serialize(rounds_);
    or_fail(save_checkpoint(options_.checkpoint, checkpoint_));
  }

  bool measured_round(uint32_t round, uint32_t last) const {
    return round == last || round % options_.eval_every == 0;
  }

  // Measures the published model and prints the round's line.
  void measure_round(const Matrix& model, const Regularization& reg, json::object& round) {
    federated_ = measure(split(), factor_scorer(model, reg), pool_);
    for (const auto& [key, value] : to_json(*federated_)) round[key] = value;
    std::printf("  ndcg@100 %.4f  recall@20 %.4f", federated_->all_items[metric_index("ndcg@100")],
                federated_->all_items[metric_index("recall@20")]);
  }

  void run_federated() {
    FederatedOptions fed;
    fed.dim = options_.model.dim;
    fed.rounds = options_.rounds.value_or(kDefaultRounds);
    fed.participation = options_.participation;
    fed.dropout = options_.dropout;
    fed.reg = reg_;
    fed.curvature = options_.curvature == "scalar" ? Curvature::kScalar : Curvature::kRankOne;
    fed.h = options_.h;
    fed.max_weight = options_.max_weight;
    fed.max_batch = options_.max_batch;
    fed.seed = options_.model.seed;
    auto training = or_fail(FederatedTraining::create(split().train, split().n_items, fed, pool_));
    if (checkpoint_.federated.rounds_done > 0) or_fail(training.restore(checkpoint_.federated));
    if (training.finished())
      federated_ = measure(split(), factor_scorer(training.published(), reg_), pool_);

    while (!training.finished()) {
      const uint32_t number = training.state().rounds_done + 1;
      ProgressBar bar("round " + std::to_string(number) + " of " + std::to_string(fed.rounds));
      const FederatedRound round = or_fail(
          training.run_round([&](double fraction) { bar.update(fraction, "devices reporting"); }));
      bar.finish();
      json::object entry{{"round", round.round},         {"participants", round.participants},
                         {"cohorts", round.cohorts},     {"clipped", round.clipped},
                         {"objective", round.objective}, {"damping", round.damping},
                         {"seconds", round.seconds},     {"epsilon", nullptr}};
      std::printf("round %2u  %7llu reports  objective %.5g", round.round,
                  static_cast<unsigned long long>(round.participants), round.objective);
      if (measured_round(round.round, fed.rounds)) measure_round(training.published(), reg_, entry);
      std::printf("  %.1f s\n", round.seconds);
      std::fflush(stdout);
      checkpoint_.federated = training.state();
      save_round(std::move(entry));
    }
    report_["dim"] = fed.dim;
    report_["a0"] = reg_.a0;
    report_["lambda"] = reg_.lambda;
    report_["participation"] = fed.participation;
    report_["dropout"] = fed.dropout;
    report_["epsilon"] = nullptr;
    report_["delta"] = nullptr;
    report_["dimension"] = training.dimension();
    report_["upload_bytes_per_report"] = report_bytes(training.dimension());
    model_ = training.published();
    inference_ = reg_;
  }

  void run_private() {
    if (options_.participation < 1)
      fail({ErrorCode::kInvalidArgument,
            "--participation: private training asks every device once a release; its price does "
            "not fall with sampling"});
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
    if (options_.rounds.value_or(0) > options.recipe->rounds)
      std::printf("%u rounds, not %u: more would divide the budget (--set rounds=%u insists)\n",
                  options.recipe->rounds, *options_.rounds, *options_.rounds);
    auto training =
        or_fail(PrivateTraining::create(split().train, loaded_.content, options, pool_));
    for (const auto& release : checkpoint_.releases) or_fail(training.replay(release));
    const Regularization inference = options.recipe->inference;
    if (training.finished())
      federated_ = measure(split(), factor_scorer(training.published(), inference), pool_);

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
                         {"participants", release.reports},
                         {"cohorts", release.cohorts},
                         {"dimension", release.dimension},
                         {"sigma", release.sigma},
                         {"z", static_cast<double>(release.sigma) / options.grid_bound},
                         {"noise_sd", release.noise_sd},
                         {"epsilon", epsilon}};
      std::printf("%-8s  %7llu reports  epsilon so far %.3f", name.c_str(),
                  static_cast<unsigned long long>(release.reports), epsilon);
      measure_round(training.published(), inference, entry);
      std::printf("\n");
      std::fflush(stdout);
      checkpoint_.releases.push_back(std::move(release));
      save_round(std::move(entry));
    }
    describe_private_run(training, options);
    run_private_baselines(options);
    model_ = training.published();
    inference_ = inference;
  }

  void describe_private_run(const PrivateTraining& training, const PrivateOptions& options) {
    size_t upload = 0;
    size_t largest = 0;
    for (const auto& release : checkpoint_.releases) {
      upload += report_bytes(release.dimension);
      largest = std::max(largest, report_bytes(release.dimension));
    }
    for (const auto& [key, value] :
         describe_privacy(options_.privacy, training.spent(), split().train.size()))
      report_[key] = value;
    report_["dim"] = options.recipe->dim;
    report_["a0"] = options.recipe->reg.a0;
    report_["lambda"] = options.recipe->reg.lambda;
    report_["sensitivity"] = options.grid_bound;
    report_["z"] = options.z;
    report_["slice"] = training.trainer().slice_size();
    report_["upload_bytes_per_report"] = largest;
    report_["upload_bytes_per_device"] = upload;
  }

  // What the whole budget buys when it goes into the counts alone: popularity, and content vectors
  // with norms by popularity.
  void run_private_baselines(PrivateOptions options) {
    PrivateRecipe recipe = *options.recipe;
    recipe.count_share = 1 - 1e-6;
    options.recipe = recipe;
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

  void run_central() {
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

  void finish(double federated_seconds) {
    std::printf("\n");
    std::vector<TableRow> table{{"popularity", &*popularity_}};
    if (private_popularity_) table.push_back({"popularity, same epsilon", &*private_popularity_});
    if (content_only_) table.push_back({"content only, same epsilon", &*content_only_});
    if (central_) table.push_back({"centralised iALS", &*central_});
    if (federated_)
      table.push_back({options_.privacy.on() ? "federated, private" : "federated", &*federated_});
    print_table(table);
    print_learning_curve();
    if (options_.privacy.on()) print_privacy();

    report_["popularity"] = to_json(*popularity_);
    report_["central"] = central_ ? json::value(to_json(*central_)) : json::value();
    report_["federated"] = federated_ ? json::value(to_json(*federated_)) : json::value();
    report_["rounds"] = rounds_;
    report_["seconds"] = federated_seconds;
    report_["seconds_total"] = seconds();
    std::printf(
        "\n%s, %llu bytes a report\n", format_duration(federated_seconds).c_str(),
        static_cast<unsigned long long>(report_["upload_bytes_per_report"].to_number<uint64_t>()));
    if (!options_.out.empty()) save();
    if (json_.wanted()) or_fail(json_.write(report_));
  }

  void print_learning_curve() const {
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

  void print_privacy() const {
    std::printf(
        "\n(%.3f, %.2g)-differential privacy for each device (%s accounting, noise: %s; z = %.3f,\n"
        "certified zCDP epsilon %.3f, exact Gaussian curve %.3f)\n",
        report_.at("epsilon").to_number<double>(), report_.at("delta").to_number<double>(),
        options_.privacy.accounting.c_str(), options_.privacy.noise.c_str(),
        report_.at("z").to_number<double>(), report_.at("epsilon_zcdp").to_number<double>(),
        report_.at("epsilon_gaussian").to_number<double>());
  }

  void save() {
    ModelFile file{model_, {}, inference_};
    for (uint32_t item : split().catalogue) file.ids.push_back(loaded_.data.items.id(item));
    or_fail(save_model(options_.out, file));
  }

  const SimulateOptions& options_;
  JsonOutput json_;
  LoadedSplit loaded_;
  ThreadPool pool_;
  Regularization reg_;
  uint64_t fingerprint_;
  std::chrono::steady_clock::time_point start_;
  Checkpoint checkpoint_;
  json::object report_;
  json::array rounds_;
  Matrix model_;
  Regularization inference_;
  std::optional<Measurement> popularity_, private_popularity_, content_only_, central_, federated_;
};

}  // namespace

void add_simulate_command(CLI::App& app) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* command = app.add_subcommand(
      "simulate",
      "Federated training: every simulated device computes its contribution from its "
      "own history alone; with --epsilon under differential privacy.");
  options->data.add_to(*command);
  options->model.add_to(*command);
  options->privacy.add_to(*command);
  command
      ->add_option("--rounds", options->rounds,
                   "Rounds [8; private: at most 2 after the counts, see --set rounds=N]")
      ->check(CLI::Range(1U, 10000U));
  command
      ->add_option("--participation", options->participation,
                   "Share of the devices that take part in a round")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  command->add_option("--dropout", options->dropout, "Chance that a participant never reports")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  command
      ->add_option("--secure", options->secure,
                   "clear: the devices' integers are added in the clear")
      ->check(CLI::IsMember({"clear"}))
      ->capture_default_str();
  command
      ->add_option("--curvature", options->curvature,
                   "How the item step models curvature; scalar is for comparison (docs/model.md)")
      ->check(CLI::IsMember({"rank-one", "scalar"}))
      ->capture_default_str();
  command
      ->add_option("--step-scatter", options->h,
                   "h of the item step: how widely an item's users scatter")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      ->add_option("--max-weight", options->max_weight,
                   "Histories up to this length are never scaled down by the clip")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command
      ->add_option("--max-batch", options->max_batch,
                   "Devices in a cohort; 0: as many as the field holds")
      ->capture_default_str();
  command->add_flag("--no-central", options->no_central, "Leave out centralised training");
  command->add_option("--sweeps", options->sweeps, "ALS sweeps of centralised training")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--eval-every", options->eval_every, "Measure after every so many rounds")
      ->check(CLI::Range(1U, 10000U))
      ->capture_default_str();
  auto* checkpoint = command->add_option("--checkpoint", options->checkpoint,
                                         "Save the state to this file after every round");
  command->add_flag("--resume", options->resume, "Continue from the checkpoint, if there is one")
      ->needs(checkpoint);
  command->add_option("--out", options->out, "Write the model (safetensors) to this file");
  command->add_option("--json", options->json, "Write the results to this file (-: stdout)");
  command->callback([options, command] {
    if (command->count("--dim") > 0) options->dim_given = options->model.dim;
    Simulation(*options).run();
  });
}

}  // namespace sotto
