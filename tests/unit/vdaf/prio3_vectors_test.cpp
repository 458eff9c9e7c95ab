#include <cstdio>
#include <map>
#include <utility>

#include "vdaf/prio3.hpp"
#include "vdaf/vector_run.hpp"
#include "vdaf/vectors.hpp"

using namespace sotto;

namespace {

// The instance that a vector is for, from its name and the parameters in it.
VdafPointer instance_of(const std::string& name, const Json& vector) {
  const Bytes context = hex_of(vector["ctx"]);
  const size_t shares = vector["shares"].u64();
  const auto size = [&](const char* key) { return static_cast<size_t>(vector[key].u64()); };
  const auto integer = [&](const char* key) { return static_cast<uint32_t>(vector[key].u64()); };
  if (name == "Prio3Count") return make_prio3_count(context, shares).value();
  if (name == "Prio3Sum")
    return make_prio3_sum(integer("max_measurement"), context, shares).value();
  if (name == "Prio3SumVec")
    return make_prio3_sum_vec(size("length"), integer("max_measurement"), size("chunk_length"),
                              context, shares)
        .value();
  if (name == "Prio3SumVecWithMultiproof")
    return make_prio3_sum_vec_with_multiproof(size("length"), integer("max_measurement"),
                                              size("chunk_length"), 3, context, shares)
        .value();
  if (name == "Prio3Histogram")
    return make_prio3_histogram(size("length"), size("chunk_length"), context, shares).value();
  if (name == "Prio3MultihotCountVec")
    return make_prio3_multihot_count_vec(size("length"), integer("max_weight"),
                                         size("chunk_length"), context, shares)
        .value();
  if (name == "Prio3HigherDegree") return make_prio3_higher_degree(context, shares).value();
  FAIL("a vector of an unknown instance: " << name);
  return nullptr;
}

std::vector<int64_t> integers_of(const Json& json) {
  if (json.kind() == Json::Kind::kNumber) return {json.i64()};
  std::vector<int64_t> integers;
  for (const Json& element : json.elements())
    integers.push_back(element.kind() == Json::Kind::kBool ? int64_t{element.boolean()}
                                                           : element.i64());
  return integers;
}

// The draft's measurement as ours: a histogram's index becomes its one-hot vector.
std::vector<int32_t> measurement_of(const Vdaf& vdaf, const Json& json) {
  const std::vector<int64_t> integers = integers_of(json);
  std::vector<int32_t> measurement(integers.begin(), integers.end());
  if (vdaf.id() == VdafId::kPrio3Histogram) {
    measurement.assign(vdaf.dimension(), 0);
    measurement[static_cast<size_t>(integers[0])] = 1;
  }
  return measurement;
}

// Follows a vector's operations.
class Replay {
 public:
  Replay(const Vdaf& vdaf, const Json& vector)
      : vdaf_(vdaf), vector_(vector), verify_key_(hex_of(vector["verify_key"])) {}

  void run() {
    for (const Json& operation : vector_["operations"].elements()) {
      const std::string& kind = operation["operation"].text();
      CAPTURE(kind);
      const bool success = operation["success"].boolean();
      const Json* report = operation.find("report_index");
      if (report != nullptr) report_ = static_cast<size_t>(report->u64());
      const Json* aggregator = operation.find("aggregator_id");
      if (aggregator != nullptr) aggregator_ = static_cast<size_t>(aggregator->u64());
      bool ok = false;
      if (kind == "shard")
        ok = shard();
      else if (kind == "verify_init")
        ok = prepare_init();
      else if (kind == "verifier_shares_to_message")
        ok = prepare_message(success);
      else if (kind == "verify_next")
        ok = prepare_next();
      else if (kind == "aggregate")
        ok = aggregate();
      else if (kind == "unshard")
        ok = unshard();
      else
        FAIL("unknown operation");
      CHECK(ok == success);
    }
  }

 private:
  const Json& report() const { return vector_["reports"][report_]; }

  bool shard() {
    FixedEntropy rand(hex_of(report()["rand"]));
    const auto measurement = measurement_of(vdaf_, report()["measurement"]);
    const auto shards = vdaf_.shard(measurement, nonce_of(report()["nonce"]), rand);
    if (!shards.ok()) return false;
    CHECK(rand.used_up());
    CHECK(shards->public_share == hex_of(report()["public_share"]));
    REQUIRE(shards->input_shares.size() == report()["input_shares"].size());
    for (size_t i = 0; i < shards->input_shares.size(); ++i)
      CHECK(bytes_of(shards->input_shares[i]) == hex_of(report()["input_shares"][i]));
    return true;
  }
  bool prepare_init() {
    auto prepared = vdaf_.prepare_init(
        verify_key_, aggregator_, nonce_of(report()["nonce"]), hex_of(report()["public_share"]),
        SecretBytes::copy_of(hex_of(report()["input_shares"][aggregator_])));
    if (!prepared.ok()) return false;
    CHECK(prepared->prepare_share == hex_of(report()["verifier_shares"][0][aggregator_]));
    states_[{report_, aggregator_}] = std::move(prepared->state);
    return true;
  }
  bool prepare_message(bool expected) {
    std::vector<Bytes> shares;
    for (const Json& share : report()["verifier_shares"][0].elements())
      shares.push_back(hex_of(share));
    const auto message = vdaf_.prepare_message(shares);
    if (!message.ok()) {
      CHECK(message.error().code == ErrorCode::kRejected);
      return false;
    }
    if (expected) CHECK(*message == hex_of(report()["verifier_messages"][0]));
    return true;
  }
  bool prepare_next() {
    const auto out_share = vdaf_.prepare_next(std::move(states_[{report_, aggregator_}]),
                                              hex_of(report()["verifier_messages"][0]));
    if (!out_share.ok()) {
      CHECK(out_share.error().code == ErrorCode::kRejected);
      return false;
    }
    CHECK(dense(vdaf_, *out_share) == hex_of(report()["out_shares"][aggregator_]));
    return true;
  }
  bool aggregate() {
    AggregateShare total = vdaf_.aggregate_init();
    for (const Json& each : vector_["reports"].elements()) {
      const OutShare out_share{aggregator_,
                               SecretBytes::copy_of(hex_of(each["out_shares"][aggregator_]))};
      if (!vdaf_.aggregate(total, out_share).ok()) return false;
    }
    CHECK(bytes_of(total.encoded) == hex_of(vector_["agg_shares"][aggregator_]));
    return true;
  }
  bool unshard() {
    std::vector<AggregateShare> shares;
    for (const Json& share : vector_["agg_shares"].elements())
      shares.push_back({SecretBytes::copy_of(hex_of(share))});
    const auto result = vdaf_.unshard(shares, vector_["reports"].size());
    if (!result.ok()) return false;
    CHECK(*result == integers_of(vector_["agg_result"]));
    return true;
  }

  const Vdaf& vdaf_;
  const Json& vector_;
  Bytes verify_key_;
  size_t report_ = 0;
  size_t aggregator_ = 0;
  std::map<std::pair<size_t, size_t>, PrepareState> states_;
};

}  // namespace

TEST_CASE("Prio3: every published vector holds, and what must fail fails") {
  if (!vectors_root().has_value()) std::printf("skipped: no vectors of Prio3\n");
  for (const std::string& file : vector_files("vdaf", "Prio3")) {
    CAPTURE(file);
    const auto vector = read_vectors("vdaf/" + file);
    REQUIRE(vector.has_value());
    const VdafPointer vdaf = instance_of(file.substr(0, file.find('_')), *vector);
    Replay(*vdaf, *vector).run();
  }
}
