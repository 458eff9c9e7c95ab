#include "vdaf/flp.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.hpp"
#include "vdaf/circuit.hpp"
#include "vdaf/field128.hpp"
#include "vdaf/field40.hpp"
#include "vdaf/field64.hpp"
#include "vdaf/test_fields.hpp"

using namespace sotto;

namespace {

// The draft's run_flp: proves and shares, and each of `shares` verifiers queries its share.
template <ProofBasis kBasis, class Circuit>
bool accepted(const Circuit& circuit, const FieldVector<typename Circuit::Field>& measurement,
              size_t shares, Random& random) {
  using Field = typename Circuit::Field;
  const Flp<Circuit, kBasis> flp(circuit);
  const auto joint_rand = random_elements<Field>(random, circuit.joint_rand_size());
  const auto prove_rand = random_elements<Field>(random, flp.prove_rand_size());
  const auto query_rand = random_elements<Field>(random, flp.query_rand_size());
  FieldVector<Field> proof(flp.proof_size());
  flp.prove(measurement.all(), prove_rand.all(), joint_rand.all(), proof.all());

  FieldVector<Field> verifier(flp.verifier_size());
  const auto add_query = [&](const FieldVector<Field>& measurement_share,
                             const FieldVector<Field>& proof_share) {
    FieldVector<Field> share(flp.verifier_size());
    REQUIRE(flp.query(measurement_share.all(), proof_share.all(), query_rand.all(),
                      joint_rand.all(), inverse<Field>(element<Field>(shares)), share.all()));
    add_row<Field>(verifier.data(), share.data(), share.size());
  };
  FieldVector<Field> last_measurement(measurement.size());
  add_row<Field>(last_measurement.data(), measurement.data(), measurement.size());
  for (size_t i = 1; i < shares; ++i) {
    const auto measurement_share = random_elements<Field>(random, measurement.size());
    const auto proof_share = random_elements<Field>(random, proof.size());
    add_query(measurement_share, proof_share);
    subtract_row<Field>(last_measurement.data(), measurement_share.data(), measurement.size());
    subtract_row<Field>(proof.data(), proof_share.data(), proof.size());
  }
  add_query(last_measurement, proof);
  return flp.decide(verifier.all());
}

template <class Circuit>
FieldVector<typename Circuit::Field> encoding(const Circuit& circuit,
                                              const std::vector<int32_t>& measurement) {
  FieldVector<typename Circuit::Field> encoded(circuit.measurement_size());
  REQUIRE(circuit.encode(measurement, encoded.all()));
  return encoded;
}

// A valid measurement is accepted in shares, and with any element changed it is not.
template <class Circuit>
void check_circuit(const Circuit& circuit, const std::vector<int32_t>& measurement,
                   Random& random) {
  using Field = typename Circuit::Field;
  for (size_t shares = 1; shares <= 4; ++shares) {
    auto encoded = encoding(circuit, measurement);
    CHECK(accepted<ProofBasis::kLagrange>(circuit, encoded, shares, random));
    if (circuit.outputs_size() == 1)
      CHECK(accepted<ProofBasis::kMonomial>(circuit, encoded, shares, random));
    for (size_t i = 0; i < encoded.size(); ++i) {
      const auto kept = encoded[i];
      encoded[i] = Field::add(kept, element<Field>(2 + random.below(1000)));
      if (encoded[i] == 2) encoded[i] = 5;  // which HigherDegree accepts
      CHECK_FALSE(accepted<ProofBasis::kLagrange>(circuit, encoded, shares, random));
      encoded[i] = kept;
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("proofs of all circuits hold for what is valid and nothing else", Field, Field32,
                   Field40, Field64, Field128) {
  Random random(1);
  check_circuit(Count<Field>(), {0}, random);
  check_circuit(Count<Field>(), {1}, random);
  check_circuit(HigherDegree<Field>(), {1}, random);
  check_circuit(RangeSum<Field>(1), {1}, random);
  check_circuit(RangeSum<Field>(10'000), {9'999}, random);
  check_circuit(SumVec<Field>(3, 100, 4), {0, 100, 37}, random);
  check_circuit(SumVec<Field>(2, 7, 50), {7, 0}, random);  // one chunk, mostly padding
  check_circuit(Histogram<Field>(11, 3), {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0}, random);
  check_circuit(MultihotCountVec<Field>(6, 3, 2), {1, 0, 1, 0, 0, 1}, random);
}

TEST_CASE("bits that satisfy single checks only are not accepted") {
  Random random(2);
  const Histogram<Field64> histogram(4, 2);
  FieldVector<Field64> two_buckets(4);
  two_buckets[1] = two_buckets[2] = 1;
  CHECK_FALSE(accepted<ProofBasis::kLagrange>(histogram, two_buckets, 2, random));
  FieldVector<Field64> no_bucket(4);
  CHECK_FALSE(accepted<ProofBasis::kLagrange>(histogram, no_bucket, 2, random));
  FieldVector<Field64> sums_to_one(4);  // 2 - 1
  sums_to_one[0] = 2;
  sums_to_one[3] = Field64::negate(1);
  CHECK_FALSE(accepted<ProofBasis::kLagrange>(histogram, sums_to_one, 2, random));

  const MultihotCountVec<Field64> multihot(4, 2, 3);
  auto wrong_weight = encoding(multihot, {1, 1, 0, 0});
  wrong_weight[1] = 0;
  CHECK_FALSE(accepted<ProofBasis::kLagrange>(multihot, wrong_weight, 2, random));
}

TEST_CASE("a gadget of higher degree works with several calls") {
  // x (x - 1) (x - 2) on each of n elements.
  struct ThreeValues {
    using Field = Field64;
    using Function = PolyEval<Field64>;
    size_t n;
    ParallelSum<Function> gadget() const { return HigherDegree<Field64>().gadget(); }
    size_t gadget_calls() const { return n; }
    size_t measurement_size() const { return n; }
    size_t joint_rand_size() const { return 0; }
    size_t outputs_size() const { return n; }
    void wires(std::span<const uint64_t> measurement, std::span<const uint64_t>, uint64_t,
               std::span<uint64_t> rows) const {
      std::copy(measurement.begin(), measurement.end(), rows.begin());
    }
    void outputs(std::span<const uint64_t>, std::span<const uint64_t> gadget_outputs,
                 std::span<const uint64_t>, uint64_t, std::span<uint64_t> out) const {
      std::copy(gadget_outputs.begin(), gadget_outputs.end(), out.begin());
    }
  };
  Random random(3);
  for (size_t n = 1; n < 12; ++n) {
    FieldVector<Field64> measurement(n);
    for (size_t i = 0; i < n; ++i) measurement[i] = i % 3;
    CHECK(accepted<ProofBasis::kLagrange>(ThreeValues{n}, measurement, 3, random));
    measurement[n / 2] = 3;
    CHECK_FALSE(accepted<ProofBasis::kLagrange>(ThreeValues{n}, measurement, 3, random));
  }
}

TEST_CASE("a query at one of the calls is refused") {
  Random random(4);
  const Flp<Count<Field64>, ProofBasis::kLagrange> flp{Count<Field64>()};
  FieldVector<Field64> measurement(1), proof(flp.proof_size()), verifier(flp.verifier_size());
  const auto prove_rand = random_elements<Field64>(random, flp.prove_rand_size());
  flp.prove(measurement.all(), prove_rand.all(), {}, proof.all());
  for (const uint64_t t : {uint64_t{1}, Field64::negate(1)})
    CHECK_FALSE(flp.query(measurement.all(), proof.all(), {{t}}, {}, 1, verifier.all()));
  CHECK(flp.query(measurement.all(), proof.all(), {{root_of_unity<Field64>(2)}}, {}, 1,
                  verifier.all()));
  CHECK(flp.decide(verifier.all()));
}

TEST_CASE("bounded integers encode all of their range and nothing beyond") {
  for (const uint64_t max : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{14}, uint64_t{15},
                             uint64_t{16}, uint64_t{100}}) {
    const BoundedInteger integer{max};
    std::vector<uint64_t> bits(integer.bits());
    for (uint64_t value = 0; value <= max; ++value) {
      integer.encode<Field64>(static_cast<int32_t>(value), bits.data());
      for (const uint64_t bit : bits) CHECK(bit <= 1);
      CHECK(integer.decode<Field64>(bits.data()) == value);
    }
    std::fill(bits.begin(), bits.end(), 1);
    CHECK(integer.decode<Field64>(bits.data()) == max);
  }
  const BoundedInteger largest{0x7fffffff};
  std::vector<uint64_t> bits(largest.bits());
  largest.encode<Field64>(0x7fffffff, bits.data());
  CHECK(largest.decode<Field64>(bits.data()) == 0x7fffffff);
}
