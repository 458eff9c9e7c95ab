#include "cli/privacy_options.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <utility>

namespace sotto {
namespace {

using Setter = std::function<void(PrivateRecipe&, double)>;

template <class T>
Setter field(T PrivateRecipe::*member) {
  return [member](PrivateRecipe& recipe, double value) { recipe.*member = static_cast<T>(value); };
}

const std::vector<std::pair<std::string, Setter>>& recipe_fields() {
  using R = PrivateRecipe;
  static const std::vector<std::pair<std::string, Setter>> fields{
      {"rounds", field(&R::rounds)},
      {"count_share", field(&R::count_share)},
      {"round_growth", field(&R::round_growth)},
      {"max_items", field(&R::max_items)},
      {"sampling_exponent", field(&R::sampling_exponent)},
      {"row_weight_exponent", field(&R::row_weight_exponent)},
      {"slice_threshold", field(&R::slice_threshold)},
      {"bias", field(&R::bias)},
      {"gram_weight", field(&R::gram_weight)},
      {"metric_weight", field(&R::metric_weight)},
      {"z_clip", field(&R::z_clip)},
      {"norm_floor", field(&R::norm_floor)},
      {"whitening", field(&R::whitening)},
      {"first_residual", field(&R::first_residual)},
      {"a0", [](R& r, double v) { r.reg.a0 = static_cast<float>(v); }},
      {"lambda", [](R& r, double v) { r.reg.lambda = static_cast<float>(v); }},
      {"inference_a0", [](R& r, double v) { r.inference.a0 = static_cast<float>(v); }},
      {"inference_lambda", [](R& r, double v) { r.inference.lambda = static_cast<float>(v); }},
      {"h", field(&R::h)},
      {"content_mix", field(&R::content_mix)},
      {"start_exponent", field(&R::start_exponent)},
      {"start_scale", field(&R::start_scale)},
      {"gram_shrinkage", field(&R::gram_shrinkage)},
      {"later_step", field(&R::later_step)},
      {"ridge", [](R& r, double v) { r.prior.ridge = static_cast<float>(v); }},
      {"shrinkage", [](R& r, double v) { r.prior.shrinkage = static_cast<float>(v); }},
      {"tail_exponent", [](R& r, double v) { r.prior.tail_exponent = static_cast<float>(v); }},
  };
  return fields;
}

}  // namespace

void PrivacyOptions::add_to(CLI::App& command) {
  const std::string group = "Privacy";
  auto* epsilon_option =
      command.add_option("--epsilon", epsilon, "Train under user-level (epsilon, delta)-DP")
          ->check(CLI::Range(1e-3, 1e3))
          ->group(group);
  command
      .add_option("--sigma", sigma,
                  "The same by noise multiplier: the z of one release that would cost as much "
                  "as the whole run, in units of the sensitivity")
      ->check(CLI::Range(1e-2, 1e5))
      ->excludes(epsilon_option)
      ->group(group);
  command.add_option("--delta", delta, "[min(1e-6, devices^-1.1)]")
      ->check(CLI::Range(1e-15, 0.5))
      ->group(group);
  command
      .add_option("--noise", noise,
                  "Whose noise is in the sums; the price counts one server's. one is the "
                  "central model of the literature, servers is what is deployed")
      ->check(CLI::IsMember({"one", "servers", "servers+device"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--accounting", accounting,
                  "zcdp is certified; gaussian is the exact curve of Gaussian noise")
      ->check(CLI::IsMember({"zcdp", "gaussian"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--set", settings, "A field of the private recipe, name=value; may be repeated")
      ->group(group);
}

double PrivacyOptions::delta_for(uint64_t devices) const {
  return delta.value_or(std::min(1e-6, std::pow(static_cast<double>(devices), -1.1)));
}

Result<double> PrivacyOptions::multiplier(uint64_t devices) const {
  if (sigma) return *sigma;
  return noise_multiplier_for(accounting_kind(), epsilon.value_or(0), delta_for(devices));
}

NoiseBy PrivacyOptions::noise_by() const {
  if (noise == "one") return NoiseBy::kLeader;
  return noise == "servers" ? NoiseBy::kServers : NoiseBy::kServersAndDevice;
}

Accounting PrivacyOptions::accounting_kind() const {
  return accounting == "gaussian" ? Accounting::kGaussian : Accounting::kZcdp;
}

Result<PrivateRecipe> make_recipe(const PrivacyOptions& options, double z,
                                  std::optional<uint32_t> dim, std::optional<uint32_t> rounds) {
  const double noises = SumNoise{1, options.noise_by()}.nominal_sd();
  PrivateRecipe recipe = PrivateRecipe::for_budget(1 / (z * noises));
  if (dim) recipe.dim = *dim;
  if (rounds) recipe.rounds = std::min(recipe.rounds, *rounds);
  for (const auto& assignment : options.settings)
    SOTTO_CHECK_OK(set_recipe_field(recipe, assignment));
  SOTTO_CHECK_OK(recipe.validate());
  return recipe;
}

Status set_recipe_field(PrivateRecipe& recipe, const std::string& assignment) {
  const size_t equals = assignment.find('=');
  const std::string name = assignment.substr(0, equals);
  const auto& fields = recipe_fields();
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  if (equals == std::string::npos || found == fields.end()) {
    std::string names;
    for (const auto& entry : fields) names += (names.empty() ? "" : ", ") + entry.first;
    return {ErrorCode::kInvalidArgument,
            "--set: expected name=value with one of " + names + ", not '" + assignment + "'"};
  }
  double value = 0;
  const char* begin = assignment.data() + equals + 1;
  const char* end = assignment.data() + assignment.size();
  const auto parsed = std::from_chars(begin, end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end)
    return {ErrorCode::kInvalidArgument, "--set " + name + ": not a number"};
  found->second(recipe, value);
  return {};
}

boost::json::object describe_privacy(const PrivacyOptions& options, const Accountant& spent,
                                     uint64_t devices) {
  const double delta = options.delta_for(devices);
  return {{"epsilon", spent.epsilon(options.accounting_kind(), delta)},
          {"delta", delta},
          {"epsilon_zcdp", spent.epsilon(Accounting::kZcdp, delta)},
          {"epsilon_gaussian", spent.epsilon(Accounting::kGaussian, delta)},
          {"rho", spent.rho()},
          {"mu", spent.mu()},
          {"accounting", options.accounting},
          {"noise", options.noise},
          {"label", options.noise == "one" ? "literature" : "deployed"}};
}

}  // namespace sotto
