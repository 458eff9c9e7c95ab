#include "vdaf/prio3.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "vdaf/report_run.hpp"

using namespace sotto;

namespace {

const Bytes kContext{'t', 'e', 's', 't'};

struct Case {
  std::string name;
  VdafPointer vdaf;
  std::vector<std::vector<int32_t>> valid;
  std::vector<std::vector<int32_t>> invalid;
};

std::vector<Case> all_instances(size_t aggregators) {
  std::vector<Case> cases;
  cases.push_back({"Count",
                   make_prio3_count(kContext, aggregators).value(),
                   {{0}, {1}},
                   {{2}, {-1}, {}, {0, 1}, {INT32_MAX}, {INT32_MIN}}});
  cases.push_back({"Sum",
                   make_prio3_sum(1000, kContext, aggregators).value(),
                   {{0}, {1}, {511}, {512}, {999}, {1000}},
                   {{1001}, {-1}, {INT32_MIN}, {}}});
  cases.push_back({"SumVec",
                   make_prio3_sum_vec(3, 10, 4, kContext, aggregators).value(),
                   {{0, 10, 5}, {10, 10, 10}},
                   {{0, 11, 0}, {0, 0, -1}, {0, 0}, {0, 0, 0, 0}}});
  cases.push_back({"Histogram",
                   make_prio3_histogram(4, 2, kContext, aggregators).value(),
                   {{1, 0, 0, 0}, {0, 0, 0, 1}},
                   {{0, 0, 0, 0}, {1, 0, 1, 0}, {2, 0, 0, -1}, {2, 0, 0, 0}, {1, 0, 0}}});
  cases.push_back({"MultihotCountVec",
                   make_prio3_multihot_count_vec(5, 2, 3, kContext, aggregators).value(),
                   {{0, 0, 0, 0, 0}, {1, 0, 0, 1, 0}},
                   {{1, 1, 1, 0, 0}, {2, 0, 0, 0, 0}, {1, -1, 1, 0, 0}, {1, 0, 0, 0}}});
  cases.push_back({"Multiproof",
                   make_prio3_sum_vec_with_multiproof(2, 5, 3, 2, kContext, aggregators).value(),
                   {{5, 0}, {3, 4}},
                   {{6, 0}, {0, -1}}});
  cases.push_back({"HigherDegree",
                   make_prio3_higher_degree(kContext, aggregators).value(),
                   {{0}, {1}, {2}},
                   {{3}, {-1}}});
  return cases;
}

}  // namespace

TEST_CASE("Prio3: measurements of any number of aggregators add up") {
  TestEntropy entropy(1);
  for (const size_t aggregators : {size_t{2}, size_t{3}, size_t{5}, size_t{255}}) {
    CAPTURE(aggregators);
    for (const Case& each : all_instances(aggregators)) {
      CAPTURE(each.name);
      auto totals = empty_totals(*each.vdaf);
      std::vector<int64_t> expected(each.vdaf->dimension());
      for (const auto& measurement : each.valid) {
        for (size_t j = 0; j < expected.size(); ++j) expected[j] += measurement[j];
        REQUIRE(add_report(*each.vdaf, measurement, entropy, totals).ok());
      }
      CHECK(each.vdaf->unshard(totals, each.valid.size()).value() == expected);
      std::vector<int64_t> noise(each.vdaf->dimension(), -1'000'000'000'000);
      REQUIRE(each.vdaf->add_integers(totals[1], noise).ok());
      for (int64_t& value : expected) value -= 1'000'000'000'000;
      CHECK(each.vdaf->unshard(totals, each.valid.size()).value() == expected);
    }
  }
}

TEST_CASE("Prio3: measurements out of range are refused on the device") {
  TestEntropy entropy(2);
  for (const Case& each : all_instances(2)) {
    CAPTURE(each.name);
    for (const auto& measurement : each.invalid)
      CHECK(each.vdaf->shard(measurement, {}, entropy).error().code == ErrorCode::kInvalidArgument);
  }
}

TEST_CASE("Prio3: no byte of what is sent can be changed") {
  TestEntropy entropy(3);
  Random random(3);
  for (const size_t aggregators : {size_t{2}, size_t{3}}) {
    for (const Case& each : all_instances(aggregators)) {
      CAPTURE(each.name);
      const auto report = make_report(*each.vdaf, each.valid.back(), entropy);
      REQUIRE(report.ok());
      REQUIRE(prepare_report(*each.vdaf, *report, verify_key_of(*each.vdaf)).ok());
      CHECK(accepted_mutations(*each.vdaf, *report, full_or(100'000, 40), random) == 0);
    }
  }
}

TEST_CASE("Prio3: any wrong length is refused") {
  TestEntropy entropy(4);
  for (const Case& each : all_instances(3)) {
    CAPTURE(each.name);
    const auto report = make_report(*each.vdaf, each.valid[0], entropy);
    REQUIRE(report.ok());
    CHECK(accepted_wrong_length(*each.vdaf, *report) == "");
  }
}

TEST_CASE("Prio3: a report of another context is refused") {
  TestEntropy entropy(5);
  auto here = all_instances(2);
  const auto there = make_prio3_histogram(4, 2, Bytes{'o'}, 2).value();
  const auto report = make_report(*there, here[3].valid[0], entropy);
  REQUIRE(report.ok());
  CHECK(prepare_report(*there, *report, verify_key_of(*there)).ok());
  CHECK(prepare_report(*here[3].vdaf, *report, verify_key_of(*there)).error().code ==
        ErrorCode::kRejected);
}

TEST_CASE("Prio3: what is no field element is refused in every share") {
  TestEntropy entropy(6);
  for (const Case& each : all_instances(2)) {
    CAPTURE(each.name);
    const Vdaf& vdaf = *each.vdaf;
    const auto report = make_report(vdaf, each.valid[0], entropy);
    REQUIRE(report.ok());
    const auto all_ones = [](size_t size) {
      SecretBytes bytes(size);
      for (uint8_t& byte : bytes.reveal_mutable()) byte = 0xff;
      return bytes;
    };
    CHECK(vdaf.prepare_init(verify_key_of(vdaf), 0, report->nonce, report->public_share,
                            all_ones(vdaf.sizes().input_shares[0]))
              .error()
              .code == ErrorCode::kMalformed);
    CHECK(vdaf.prepare_message(std::vector<Bytes>(2, Bytes(vdaf.sizes().prepare_share, 0xff)))
              .error()
              .code == ErrorCode::kMalformed);
    AggregateShare bad{all_ones(vdaf.sizes().aggregate_share)};
    AggregateShare good = vdaf.aggregate_init();
    CHECK(vdaf.merge(good, bad).error().code == ErrorCode::kMalformed);
    CHECK(vdaf.add_integers(bad, std::vector<int64_t>(vdaf.dimension())).error().code ==
          ErrorCode::kMalformed);
  }
}

TEST_CASE("Prio3: sums that no measurements have are refused") {
  const auto vdaf = make_prio3_histogram(2, 1, kContext, 2).value();
  auto totals = empty_totals(*vdaf);
  totals[0].encoded.reveal_mutable()[10] = 1;  // 2^80
  CHECK(vdaf->unshard(totals, 1).error().code == ErrorCode::kMalformed);
}

TEST_CASE("Prio3: parameters out of range are refused") {
  const auto refused = [](const Result<VdafPointer>& made) {
    return !made.ok() && made.error().code == ErrorCode::kInvalidArgument;
  };
  for (const size_t aggregators : {size_t{0}, size_t{1}, size_t{256}}) {
    CHECK(refused(make_prio3_count(kContext, aggregators)));
    CHECK(refused(make_prio3_histogram(4, 2, kContext, aggregators)));
  }
  CHECK(make_prio3_count(kContext, 255).ok());
  CHECK(refused(make_prio3_count(Bytes(70'000))));
  for (const uint32_t max : {0U, 0x80000000U, 0xffffffffU}) {
    CHECK(refused(make_prio3_sum(max, kContext)));
    CHECK(refused(make_prio3_sum_vec(2, max, 1, kContext)));
  }
  CHECK(make_prio3_sum(0x7fffffff, kContext).ok());
  for (const size_t bad : {size_t{0}, (size_t{1} << 24) + 1, ~size_t{0}}) {
    CHECK(refused(make_prio3_sum_vec(bad, 1, 1, kContext)));
    CHECK(refused(make_prio3_sum_vec(1, 1, bad, kContext)));
    CHECK(refused(make_prio3_histogram(bad, 1, kContext)));
    CHECK(refused(make_prio3_histogram(1, bad, kContext)));
    CHECK(refused(make_prio3_multihot_count_vec(bad, 1, 1, kContext)));
  }
  CHECK(refused(make_prio3_multihot_count_vec(4, 0, 1, kContext)));
  CHECK(refused(make_prio3_multihot_count_vec(4, 5, 1, kContext)));
  CHECK(refused(make_prio3_sum_vec_with_multiproof(2, 3, 1, 0, kContext)));
  CHECK(refused(make_prio3_sum_vec_with_multiproof(2, 3, 1, 256, kContext)));
}

TEST_CASE("Prio3: the chunk length that is chosen has the shortest proof") {
  const auto proof_size = [](size_t elements, size_t chunk) {
    size_t points = 1;
    while (points < 1 + (elements + chunk - 1) / chunk) points *= 2;
    return 2 * chunk + 2 * (points - 1) + 1;
  };
  for (size_t elements = 1; elements < 400; ++elements) {
    size_t best = ~size_t{0};
    for (size_t chunk = 1; chunk <= elements; ++chunk)
      best = std::min(best, proof_size(elements, chunk));
    CHECK(proof_size(elements, prio3_chunk_length(elements)) == best);
  }
}
