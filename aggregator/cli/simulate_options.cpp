#include "cli/simulate_options.hpp"

#include <type_traits>

namespace sotto {
namespace {

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

}  // namespace

void SimulateOptions::add_to(CLI::App& command) {
  data.add_to(command);
  model.add_to(command);
  privacy.add_to(command);
  command
      .add_option("--rounds", rounds,
                  "Rounds [8; private: at most 2 after the counts, see --set rounds=N]")
      ->check(CLI::Range(1U, 10000U));
  command
      .add_option("--participation", participation,
                  "Share of the devices that take part in a round")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  command.add_option("--dropout", dropout, "Chance that a participant never reports")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  command
      .add_option("--secure", secure,
                  "clear: the devices' integers are added in the clear. full: every device is a "
                  "real one that pays its ledger and sends sealed shares, and both servers "
                  "aggregate them; the sums are the same to the bit")
      ->check(CLI::IsMember({"clear", "full"}))
      ->capture_default_str();
  command
      .add_option("--vdaf", vdaf,
                  "How shares are made and added up. sum: nothing is checked. pine (over Field32), "
                  "pine40, pine64: every report proves in zero knowledge that its norm is within "
                  "the bound; with --secure full only, and without device noise")
      ->check(CLI::IsMember({"sum", "pine", "pine40", "pine64"}))
      ->capture_default_str();
  command
      .add_option(
          "--poison", poison,
          "FRACTION[:KIND] of the devices are malicious, chosen by the seed; with --secure full "
          "only. Each runs a client of its own that checks nothing:\n"
          "norm (default): its honest vector, 10,000 times as long as the bound. sum adds it, "
          "modulo q, and the model is ruined; PINE rejects it.\n"
          "flip: minus its honest vector, as long as the bound. Nothing about it can be proven "
          "wrong: sum and PINE accept it, and each moves a sum by at most the bound.\n"
          "boost: one item of middling popularity, had so often that nothing else fits; with sum "
          "100 "
          "times the bound, with PINE the bound, which it accepts. The item rises; says how many "
          "users have it in their top 20, with the attack and without.\n"
          "malformed: random bytes instead of shares. PINE rejects them; sum where they are no "
          "field elements, and takes them for a vector where they are.\n"
          "Reports are rejected by reason, in every round and in total; a run without malicious "
          "devices stands beside. A round whose sum gives no model that can be published leaves "
          "the model as it was (docs/poisoning.md)")
      ->type_name("FRACTION[:KIND]");
  command
      .add_option("--round-sigma", round_sigma,
                  "Without --epsilon: noise of so many sensitivities in every round's sum, by whom "
                  "--noise says. The item step knows nothing of it and quality suffers; the recipe "
                  "for private training is --epsilon")
      ->check(CLI::Range(1e-2, 1e5));
  command
      .add_option("--curvature", curvature,
                  "How the item step models curvature; scalar is for comparison (docs/model.md)")
      ->check(CLI::IsMember({"rank-one", "scalar"}))
      ->capture_default_str();
  command.add_option("--step-scatter", h, "h of the item step: how widely an item's users scatter")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option("--max-weight", max_weight,
                  "Histories up to this length are never scaled down by the clip")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  command
      .add_option("--max-batch", max_batch, "Devices in a cohort; 0: as many as the field holds")
      ->capture_default_str();
  command.add_flag("--no-central", no_central, "Leave out centralised training");
  command.add_option("--sweeps", sweeps, "ALS sweeps of centralised training")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command.add_option("--eval-every", eval_every, "Measure after every so many rounds")
      ->check(CLI::Range(1U, 10000U))
      ->capture_default_str();
  auto* checkpoint_option = command.add_option("--checkpoint", checkpoint,
                                               "Save the state to this file after every round");
  command.add_flag("--resume", resume, "Continue from the checkpoint, if there is one")
      ->needs(checkpoint_option);
  command.add_option("--out", out, "Write the model (safetensors) to this file");
  command.add_option("--json", json, "Write the results to this file (-: stdout)");
}

VdafId SimulateOptions::vdaf_id() const {
  if (vdaf == "pine") return VdafId::kPine32HmacSha256Aes128;
  if (vdaf == "pine40") return VdafId::kPine40HmacSha256Aes128;
  if (vdaf == "pine64") return VdafId::kPine64HmacSha256Aes128;
  return VdafId::kSumField32;
}

uint64_t SimulateOptions::fingerprint(const Split& split, const Regularization& reg) const {
  Fingerprint hash;
  hash << model.dim << model.seed << participation << dropout << h << max_weight << max_batch
       << round_sigma << reg.a0 << reg.lambda << privacy.on() << privacy.epsilon.value_or(0)
       << privacy.sigma.value_or(0) << privacy.delta.value_or(0) << dim_given.value_or(0)
       << split.n_items;
  for (const auto& text : privacy.settings) hash.add(text.data(), text.size());
  for (const std::string* text :
       {&curvature, &privacy.noise, &privacy.accounting, &secure, &vdaf, &poison})
    hash.add(text->data(), text->size());
  hash.add(split.train.items.data(), split.train.items.size() * sizeof(uint32_t));
  hash.add(split.train.offsets.data(), split.train.offsets.size() * sizeof(uint64_t));
  return hash.value();
}

}  // namespace sotto
