#include "vdaf/pine_attacker.hpp"

#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"
#include "vdaf/pine_circuit.hpp"

namespace sotto {
namespace {

using Field = Field32;
constexpr XofKind kXof = XofKind::kHmacSha256Aes128;
constexpr size_t kSeed = 32;

Bytes joined(std::initializer_list<std::span<const uint8_t>> parts) {
  ByteWriter out;
  for (const auto part : parts) out.put_bytes(part);
  return std::move(out).bytes();
}

Bytes tag(uint8_t usage) { return {1, 0xff, 0xff, 0x10, 0x05, 0, usage}; }

Bytes encoding(std::span<const uint32_t> elements) {
  Bytes encoded(4 * elements.size());
  encode<Field>(elements, encoded);
  return encoded;
}

FieldVector<Field> expanded(std::span<const uint8_t> seed, uint8_t usage, const Bytes& binder,
                            size_t n) {
  FieldVector<Field> elements(n);
  Xof xof(kXof, seed, tag(usage), binder);
  expand<Field>(xof, elements.all());
  return elements;
}

Bytes derived(std::span<const uint8_t> seed, uint8_t usage, std::span<const uint8_t> binder) {
  Bytes out(kSeed);
  derive_seed(kXof, seed, tag(usage), binder, out);
  return out;
}

// The part of one aggregator: the hash of the first `n` elements of its share.
Bytes part(std::span<const uint8_t> blind, uint8_t usage, uint8_t aggregator, const Nonce& nonce,
           std::span<const uint32_t> share, size_t n) {
  const uint8_t id[] = {aggregator};
  return derived(blind, usage, joined({id, nonce, encoding(share.first(n))}));
}

std::vector<uint32_t> dot_products(std::span<const uint8_t> seed,
                                   std::span<const uint32_t> gradient, size_t checks) {
  Xof xof(kXof, seed, tag(8), {});
  std::vector<uint32_t> dots(checks);
  for (uint32_t& dot : dots) {
    uint8_t byte = 0;
    for (size_t j = 0; j < gradient.size(); ++j) {
      if (j % 4 == 0) xof.next({&byte, 1});
      if ((byte & 3) == 0) dot = Field::subtract(dot, gradient[j]);
      if ((byte & 3) == 3) dot = Field::add(dot, gradient[j]);
      byte = static_cast<uint8_t>(byte >> 2);
    }
  }
  return dots;
}

// Bits of the wraparound checks, as the claims have them.
void claim_checks(const PineLayout& layout, PineClaims& claims, std::span<const uint32_t> dots,
                  std::span<uint32_t> bits) {
  size_t counted = 0;
  claims.failed_checks = 0;
  for (size_t i = 0; i < dots.size(); ++i) {
    const auto check = bits.subspan(i * (layout.wraparound_bits + 1), layout.wraparound_bits + 1);
    const uint32_t moved = Field::add(dots[i], static_cast<uint32_t>(layout.wraparound_bound - 1));
    const bool in_range = moved < 2 * layout.wraparound_bound;
    claims.failed_checks += in_range ? 0 : 1;
    const bool counts =
        (in_range || claims.count_failed_checks) && counted < layout.wraparound_successes;
    counted += counts ? 1 : 0;
    to_bits<Field>(in_range ? moved : 0, check.first(layout.wraparound_bits));
    check[layout.wraparound_bits] = counts ? 1 : 0;
  }
}

}  // namespace

PineClaims honest_claims(const PineLayout& layout, std::span<const int32_t> measurement) {
  PineClaims claims;
  for (const int32_t value : measurement) {
    claims.gradient.push_back(Field::from_signed(int64_t{value}));
    claims.v += static_cast<uint64_t>(int64_t{value} * value);
  }
  claims.u = layout.squared_norm_bound - claims.v;
  return claims;
}

ReportBytes attack(const PineParameters& parameters, PineClaims& claims, EntropySource& entropy) {
  const PineLayout layout = pine_layout(PineInstance::kPine32HmacSha256Aes128, parameters).value();
  const Flp<PineNormEquality<Field>, ProofBasis::kMonomial> norm_equality(
      {layout, parameters.norm_equality_chunk_length});
  const Flp<PineValid<Field>, ProofBasis::kMonomial> valid({layout, parameters.chunk_length});
  const auto n_norm = static_cast<uint8_t>(parameters.norm_equality_proofs);
  const auto n_valid = static_cast<uint8_t>(parameters.proofs);

  ReportBytes report;
  entropy.fill(report.nonce);
  Bytes rand(7 * kSeed);
  entropy.fill(rand);
  const auto seed = [&](size_t i) {
    return std::span<const uint8_t>(rand).subspan(i * kSeed, kSeed);
  };

  FieldVector<Field> measurement(layout.measurement_size());
  std::copy(claims.gradient.begin(), claims.gradient.end(), measurement.data());
  const auto bits = measurement.all().subspan(layout.dimension, layout.bits_size());
  to_bits<Field>(claims.v, bits.first(layout.squared_norm_bits));
  to_bits<Field>(claims.u, bits.subspan(layout.squared_norm_bits, layout.squared_norm_bits));

  // Wraparound randomness.
  const auto helper = expanded(seed(0), 1, {1}, layout.shared_size());
  FieldVector<Field> leader(layout.shared_size());
  const auto share = [&] {
    for (size_t i = 0; i < leader.size(); ++i)
      leader[i] = Field::subtract(measurement[i], helper[i]);
  };
  share();
  const Bytes wr_leader = part(seed(4), 10, 0, report.nonce, leader.all(), layout.norm_end());
  const Bytes wr_helper = part(seed(2), 10, 1, report.nonce, helper.all(), layout.norm_end());
  const Bytes wr_seed = derived(Bytes(kSeed), 9, joined({wr_leader, wr_helper}));
  const auto dots = dot_products(wr_seed, claims.gradient, layout.wraparound_checks);
  claim_checks(layout, claims, dots, bits.subspan(2 * layout.squared_norm_bits));
  std::copy(dots.begin(), dots.end(), measurement.data() + layout.shared_size());
  if (claims.change_bits) claims.change_bits(layout, bits);
  share();

  // Joint randomness.
  const Bytes jr_leader = part(seed(5), 7, 0, report.nonce, leader.all(), leader.size());
  const Bytes jr_helper = part(seed(3), 7, 1, report.nonce, helper.all(), helper.size());
  const Bytes jr_seed = derived(Bytes(kSeed), 6, joined({jr_leader, jr_helper}));
  const auto joint_rand = expanded(jr_seed, 3, {n_valid}, 3 * parameters.proofs);

  // Proofs.
  const auto prove_rand =
      expanded(seed(6), 4, {n_norm, n_valid},
               n_norm * norm_equality.prove_rand_size() + n_valid * valid.prove_rand_size());
  FieldVector<Field> proofs(n_norm * norm_equality.proof_size() + n_valid * valid.proof_size());
  auto rand_left = std::span<const uint32_t>(prove_rand.all());
  auto proofs_left = proofs.all();
  for (size_t i = 0; i < n_norm; ++i) {
    norm_equality.prove(measurement.all(), rand_left.first(norm_equality.prove_rand_size()), {},
                        proofs_left.first(norm_equality.proof_size()));
    rand_left = rand_left.subspan(norm_equality.prove_rand_size());
    proofs_left = proofs_left.subspan(norm_equality.proof_size());
  }
  for (size_t i = 0; i < n_valid; ++i) {
    valid.prove(measurement.all(), rand_left.first(valid.prove_rand_size()),
                std::span<const uint32_t>(joint_rand.all()).subspan(3 * i, 3),
                proofs_left.first(valid.proof_size()));
    rand_left = rand_left.subspan(valid.prove_rand_size());
    proofs_left = proofs_left.subspan(valid.proof_size());
  }
  const auto helper_proofs = expanded(seed(1), 2, {n_norm, n_valid, 1}, proofs.size());
  for (size_t i = 0; i < proofs.size(); ++i)
    proofs[i] = Field::subtract(proofs[i], helper_proofs[i]);

  report.public_share = joined({wr_leader, wr_helper, jr_leader, jr_helper});
  report.input_shares = {joined({encoding(leader.all()), encoding(proofs.all()), seed(4), seed(5)}),
                         joined({seed(0), seed(1), seed(2), seed(3)})};
  return report;
}

}  // namespace sotto
