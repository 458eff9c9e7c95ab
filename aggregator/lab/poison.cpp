#include "lab/poison.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>
#include <string>
#include <variant>

#include "base/random.hpp"

namespace sotto {
namespace {

constexpr uint64_t kPoisonStream = 0x706f6973;  // "pois"
// Keeps the rounding of doubles below the norm that was asked for.
constexpr double kBelow = 1 - 1e-12;

constexpr std::array kKinds{PoisonKind::kNorm, PoisonKind::kFlip, PoisonKind::kBoost,
                            PoisonKind::kMalformed};

struct BoostOf {
  uint32_t item;
  const Vector& taste;
  double score;

  std::vector<double> operator()(const CountsTask& task) const {
    std::vector<double> vector(task.layout.dimension());
    vector[item] = 1;
    return vector;
  }
  std::vector<double> operator()(const RowsTask& task) const {
    std::vector<double> vector(task.layout.dimension());
    put(vector, task.layout.row(item), taste, 1 - score);
    vector[task.layout.count(item)] = double{task.gamma};
    vector[task.layout.residual(item)] = double{task.gamma} * (1 - score);
    return vector;
  }
  std::vector<double> operator()(const WhitenedTask& task) const {
    std::vector<double> vector(task.layout.dimension());
    if (task.slot[item] < 0) return vector;
    const size_t row = task.layout.row(static_cast<size_t>(task.slot[item]));
    Vector whitened = task.whitening * taste;
    if (const float norm = whitened.norm(); norm > task.z_clip) whitened *= task.z_clip / norm;
    const double residual = task.residual ? 1 - score : 1;
    vector[row] = double{task.bias} * residual;
    put(vector, row + 1, whitened, residual);
    return vector;
  }

  // A list that could not be better.
  std::vector<double> operator()(const QualityTask& task) const {
    std::vector<double> vector(task.layout.dimension());
    vector.back() = 1;
    return vector;
  }

  static void put(std::vector<double>& into, size_t at, const Vector& values, double times) {
    for (Eigen::Index j = 0; j < values.size(); ++j)
      into[at + static_cast<size_t>(j)] = double{values[j]} * times;
  }
};

}  // namespace

const char* poison_kind_name(PoisonKind kind) {
  switch (kind) {
    case PoisonKind::kNorm: return "norm";
    case PoisonKind::kFlip: return "flip";
    case PoisonKind::kBoost: return "boost";
    case PoisonKind::kMalformed: return "malformed";
  }
  return "";
}

Result<Poison> parse_poison(std::string_view text) {
  Poison poison;
  const size_t colon = text.find(':');
  const std::string_view fraction = text.substr(0, colon);
  const char* const end = fraction.data() + fraction.size();
  const auto parsed = std::from_chars(fraction.data(), end, poison.fraction);
  if (parsed.ec != std::errc{} || parsed.ptr != end ||
      !(poison.fraction > 0 && poison.fraction <= 1))
    return Error{ErrorCode::kInvalidArgument,
                 "--poison: the fraction must be above 0 and at most 1, not '" +
                     std::string(fraction) + "'"};
  if (colon == std::string_view::npos) return poison;
  const std::string_view name = text.substr(colon + 1);
  for (const PoisonKind kind : kKinds)
    if (name == poison_kind_name(kind)) {
      poison.kind = kind;
      return poison;
    }
  return Error{
      ErrorCode::kInvalidArgument,
      "--poison: expected norm, flip, boost or malformed, not '" + std::string(name) + "'"};
}

std::vector<bool> malicious_devices(size_t n, double fraction, uint64_t seed) {
  std::vector<bool> malicious(n);
  if (!(fraction > 0) || n == 0) return malicious;
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  Random random(derive_seed(seed, kPoisonStream));
  random.shuffle(std::span(order));
  const auto many = static_cast<size_t>(std::llround(fraction * static_cast<double>(n)));
  order.resize(std::clamp<size_t>(many, 1, n));
  for (const uint32_t device : order) malicious[device] = true;
  return malicious;
}

std::vector<int64_t> stretched(std::span<const double> vector, double norm) {
  double squares = 0;
  for (const double value : vector) squares += value * value;
  std::vector<int64_t> out(vector.size());
  if (!(squares > 0)) return out;
  const double factor = norm * kBelow / std::sqrt(squares);
  for (size_t j = 0; j < vector.size(); ++j)
    out[j] = static_cast<int64_t>(std::trunc(vector[j] * factor));
  return out;
}

std::vector<double> boost_direction(const TaskLayout& layout, uint32_t item, const Vector& taste,
                                    double score) {
  return std::visit(BoostOf{item, taste, score}, layout);
}

}  // namespace sotto
