#include "vdaf/pine_parameters.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "vdaf/chunks.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/ntt.hpp"

namespace sotto {
namespace {

constexpr uint64_t kMaxBound = 0x7fffffff;
constexpr double kMaxAlpha = 1 << 20;

size_t bit_length(uint64_t value) {
  size_t bits = 0;
  while (bits < 64 && value >> bits != 0) ++bits;
  return bits;
}

Error out_of_range(const char* what) {
  return {ErrorCode::kInvalidArgument, std::string("pine: ") + what + " out of range"};
}

Status check_ranges(const PineParameters& p) {
  const auto within = [](size_t value, size_t least, size_t most) {
    return value >= least && value <= most;
  };
  constexpr size_t kMaxDimension = PineParameters::kMaxDimension;
  if (!within(p.dimension, 1, kMaxDimension)) return out_of_range("dimension");
  if (p.norm_bound < 1 || p.norm_bound > kMaxBound) return out_of_range("norm bound");
  if (!within(p.chunk_length, 1, kMaxDimension) ||
      !within(p.norm_equality_chunk_length, 1, kMaxDimension))
    return out_of_range("chunk length");
  if (!within(p.proofs, 1, 255) || !within(p.norm_equality_proofs, 1, 255))
    return out_of_range("number of proofs");
  if (!within(p.wraparound_checks, 1, PineParameters::kMaxChecks) ||
      !within(p.wraparound_successes, 1, p.wraparound_checks))
    return out_of_range("wraparound checks");
  if (!within(p.aggregators, 2, 255)) return out_of_range("aggregators");
  if (!(p.alpha >= 0 && p.alpha <= kMaxAlpha)) return out_of_range("alpha");
  return {};
}

// log2 of sum over k = least .. n of binomial(n, k) p^k (1 - p)^(n - k), from the logarithms of p
// and 1 - p: relative to the largest term, since all of them may underflow.
double log2_binomial_tail(size_t n, size_t least, double log_p, double log_not_p) {
  double log_binomial = 0;
  double largest = -INFINITY;
  double sum = 0;
  for (size_t k = 0; k <= n; ++k) {
    const auto hits = static_cast<double>(k);
    const auto misses = static_cast<double>(n - k);
    if (k > 0) log_binomial += std::log((misses + 1) / hits);
    if (k < least) continue;
    double term = log_binomial;
    if (k > 0) term += hits * log_p;
    if (k < n) term += misses * log_not_p;
    if (term > largest) {
      sum = sum * std::exp(largest - term) + 1;
      largest = term;
    } else {
      sum += std::exp(term - largest);
    }
  }
  return (largest + std::log(sum)) / std::log(2.0);
}

double calls_error(size_t calls, double q) {
  const double points = std::ldexp(1.0, static_cast<int>(log2_ceil(calls + 1)));
  return 2 * (points - 1) / (q - points);
}

size_t calls_of_valid(const PineLayout& layout, size_t chunk) {
  return (layout.bits_size() + chunk - 1) / chunk + (layout.wraparound_checks + chunk - 1) / chunk;
}

double proof_bits(const PineLayout& layout, size_t chunk, double q) {
  const auto constraints = static_cast<double>(layout.bits_size() + layout.wraparound_checks + 4);
  return -std::log2(constraints / q + calls_error(calls_of_valid(layout, chunk), q));
}
double norm_equality_bits(const PineLayout& layout, size_t chunk, double q) {
  return -std::log2(calls_error((layout.dimension + chunk - 1) / chunk, q));
}

// The chunk length with the shortest proof of PineValid: bits and checks begin calls of their own.
size_t shortest_valid_chunk(const PineLayout& layout) {
  size_t best = 1;
  size_t best_size = ~size_t{0};
  for (size_t chunk = 1; chunk <= layout.bits_size(); ++chunk) {
    const size_t points = size_t{1} << log2_ceil(calls_of_valid(layout, chunk) + 1);
    const size_t size = 2 * chunk + 2 * (points - 1) + 1;
    if (size > best_size) continue;  // of equal ones the longest: the fewest calls
    best = chunk;
    best_size = size;
  }
  return best;
}

}  // namespace

VdafId pine_id(PineInstance instance) {
  switch (instance) {
    case PineInstance::kPine32HmacSha256Aes128: return VdafId::kPine32HmacSha256Aes128;
    case PineInstance::kPine40HmacSha256Aes128: return VdafId::kPine40HmacSha256Aes128;
    case PineInstance::kPine64HmacSha256Aes128: return VdafId::kPine64HmacSha256Aes128;
    default: return VdafId::kExperimental;
  }
}

std::optional<PineInstance> pine_instance(VdafId id) {
  switch (id) {
    case VdafId::kPine32HmacSha256Aes128: return PineInstance::kPine32HmacSha256Aes128;
    case VdafId::kPine40HmacSha256Aes128: return PineInstance::kPine40HmacSha256Aes128;
    case VdafId::kPine64HmacSha256Aes128: return PineInstance::kPine64HmacSha256Aes128;
    default: return std::nullopt;
  }
}

XofKind pine_xof(PineInstance instance) {
  return instance == PineInstance::kPine64 || instance == PineInstance::kPine128
             ? XofKind::kTurboShake128Vdaf11
             : XofKind::kHmacSha256Aes128;
}

Uint128 pine_modulus(PineInstance instance) {
  switch (instance) {
    case PineInstance::kPine32HmacSha256Aes128: return Field32::kModulus;
    case PineInstance::kPine40HmacSha256Aes128: return Field40::kModulus;
    case PineInstance::kPine128: return Field128::kModulus;
    default: return Field64::kModulus;
  }
}

Result<PineLayout> pine_layout(PineInstance instance, const PineParameters& parameters) {
  SOTTO_CHECK_OK(check_ranges(parameters));
  const Uint128 q = pine_modulus(instance);
  PineLayout layout;
  layout.dimension = parameters.dimension;
  layout.squared_norm_bound = parameters.norm_bound * parameters.norm_bound;
  layout.squared_norm_bits = bit_length(layout.squared_norm_bound);
  layout.wraparound_checks = parameters.wraparound_checks;
  layout.wraparound_successes = parameters.wraparound_successes;
  // alpha norm_bound < 2^51, and rounded once, as in the drafts' code.
  const double least = std::ceil(parameters.alpha * static_cast<double>(parameters.norm_bound)) + 1;
  layout.wraparound_bound = 1;
  while (static_cast<double>(layout.wraparound_bound) < least) layout.wraparound_bound *= 2;
  layout.wraparound_bits = bit_length(2 * layout.wraparound_bound - 1);

  if (q - 2 <= Uint128{3} * layout.squared_norm_bound)
    return Error{ErrorCode::kInvalidArgument, "pine: the field cannot hold the norm bound"};
  const Uint128 square = Uint128{layout.wraparound_bound} * layout.wraparound_bound;
  if (q / layout.wraparound_checks < 2 || q / layout.wraparound_bound < 2600 ||
      (square - 1) / q >= 4000)
    return Error{ErrorCode::kInvalidArgument, "pine: the field cannot hold the wraparound checks"};
  return layout;
}

Result<PineSecurity> pine_security(PineInstance instance, const PineParameters& parameters) {
  SOTTO_TRY(const PineLayout layout, pine_layout(instance, parameters));
  const auto q = static_cast<double>(pine_modulus(instance));
  const size_t checks = layout.wraparound_checks;
  const size_t successes = layout.wraparound_successes;
  PineSecurity security{};
  security.wraparound_soundness =
      -log2_binomial_tail(checks, successes, -std::log(2.0), -std::log(2.0));
  security.proof_soundness =
      static_cast<double>(parameters.proofs) * proof_bits(layout, parameters.chunk_length, q);
  security.norm_equality_soundness =
      static_cast<double>(parameters.norm_equality_proofs) *
      norm_equality_bits(layout, parameters.norm_equality_chunk_length, q);
  // More than checks - successes fail, each with eta = 2 exp(-alpha^2).
  const double log_eta = std::min(0.0, std::log(2.0) - parameters.alpha * parameters.alpha);
  security.zero_knowledge =
      -log2_binomial_tail(checks, checks - successes + 1, log_eta, std::log1p(-std::exp(log_eta)));
  return security;
}

Result<PineParameters> choose_pine_parameters(PineInstance instance, size_t dimension,
                                              uint64_t norm_bound, const PineTarget& target) {
  const auto asked = [](double bits) { return bits >= 1 && bits <= 256; };
  if (!asked(target.offline_soundness) || !asked(target.online_soundness) ||
      !asked(target.zero_knowledge))
    return Error{ErrorCode::kInvalidArgument, "pine: target out of range"};
  PineParameters p;
  p.dimension = dimension;
  p.norm_bound = norm_bound;
  p.wraparound_checks = static_cast<size_t>(std::ceil(target.offline_soundness));
  p.wraparound_successes = p.wraparound_checks;
  // checks eta = 2 checks exp(-alpha^2) <= 2^-bits, and a little more against rounding.
  p.alpha = std::sqrt(std::log(2 * static_cast<double>(p.wraparound_checks)) +
                      target.zero_knowledge * std::log(2.0)) +
            1e-6;
  p.chunk_length = p.norm_equality_chunk_length = 1;
  SOTTO_TRY(const PineLayout layout, pine_layout(instance, p));
  p.chunk_length = shortest_valid_chunk(layout);
  p.norm_equality_chunk_length = shortest_chunk_length(dimension, 1);

  const auto q = static_cast<double>(pine_modulus(instance));
  const auto proofs_for = [](double bits, double per_proof) {
    return per_proof > 0 ? std::ceil(bits / per_proof) : INFINITY;
  };
  const double proofs = proofs_for(target.offline_soundness, proof_bits(layout, p.chunk_length, q));
  const double norm_equality_proofs = proofs_for(
      target.online_soundness, norm_equality_bits(layout, p.norm_equality_chunk_length, q));
  if (!(proofs <= 255 && norm_equality_proofs <= 255))
    return Error{ErrorCode::kInvalidArgument, "pine: the target is out of reach"};
  p.proofs = static_cast<size_t>(proofs);
  p.norm_equality_proofs = static_cast<size_t>(norm_equality_proofs);
  return p;
}

}  // namespace sotto
