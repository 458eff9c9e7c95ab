#include <cfloat>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>

#include "vdaf/pine.hpp"
#include "vdaf/vector_run.hpp"
#include "vdaf/vectors.hpp"

using namespace sotto;

namespace {

std::optional<PineInstance> instance_named(const std::string& name) {
  if (name == "Pine32HmacSha256Aes128") return PineInstance::kPine32HmacSha256Aes128;
  if (name == "Pine40HmacSha256Aes128") return PineInstance::kPine40HmacSha256Aes128;
  if (name == "Pine64HmacSha256Aes128") return PineInstance::kPine64HmacSha256Aes128;
  if (name == "Pine64") return PineInstance::kPine64;
  if (name == "Pine128") return PineInstance::kPine128;
  return std::nullopt;
}

PineParameters parameters_of(const Json& vector) {
  const auto size = [&](const char* key) { return static_cast<size_t>(vector[key].u64()); };
  PineParameters parameters;
  parameters.dimension = size("dimension");
  parameters.norm_bound = vector["l2_norm_bound"].u64();
  parameters.chunk_length = size("chunk_length");
  parameters.norm_equality_chunk_length = size("chunk_length_norm_equality");
  parameters.proofs = size("proofs");
  parameters.norm_equality_proofs = size("proofs_norm_equality");
  parameters.wraparound_checks = size("num_wr_checks");
  parameters.wraparound_successes = size("num_wr_successes");
  parameters.alpha = vector["alpha"].real();
  parameters.aggregators = size("shares");
  return parameters;
}

// The draft's fixed point: half to even; no NaN, infinity or subnormal.
std::optional<int32_t> encode_float(double x, int fractional_bits) {
  if (!std::isfinite(x) || (x != 0 && std::fabs(x) < DBL_MIN)) return std::nullopt;
  return static_cast<int32_t>(std::nearbyint(std::ldexp(x, fractional_bits)));
}

std::vector<int32_t> measurement_of(const Json& floats, int fractional_bits) {
  std::vector<int32_t> measurement;
  for (const Json& x : floats.elements())
    measurement.push_back(encode_float(x.real(), fractional_bits).value());
  return measurement;
}

Bytes joined(const Json& elements) {
  Bytes bytes;
  for (const Json& element : elements.elements()) {
    const Bytes encoded = hex_of(element);
    bytes.insert(bytes.end(), encoded.begin(), encoded.end());
  }
  return bytes;
}

// One report through all phases. Returns what each aggregator adds up.
std::vector<OutShare> replay(const Vdaf& vdaf, const Bytes& verify_key, const Json& report,
                             int fractional_bits) {
  const Nonce nonce = nonce_of(report["nonce"]);
  FixedEntropy rand(hex_of(report["rand"]));
  Shards shards =
      vdaf.shard(measurement_of(report["measurement"], fractional_bits), nonce, rand).value();
  CHECK(rand.used_up());
  CHECK(shards.public_share == hex_of(report["public_share"]));
  REQUIRE(shards.input_shares.size() == report["input_shares"].size());

  std::vector<PrepareState> states;
  std::vector<Bytes> prepare_shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    CHECK(bytes_of(shards.input_shares[i]) == hex_of(report["input_shares"][i]));
    auto prepared = vdaf.prepare_init(verify_key, i, nonce, shards.public_share,
                                      std::move(shards.input_shares[i]));
    REQUIRE(prepared.ok());
    CHECK(prepared->prepare_share == hex_of(report["prep_shares"][0][i]));
    states.push_back(std::move(prepared->state));
    prepare_shares.push_back(std::move(prepared->prepare_share));
  }
  const auto message = vdaf.prepare_message(prepare_shares);
  REQUIRE(message.ok());
  CHECK(*message == hex_of(report["prep_messages"][0]));
  std::vector<OutShare> out_shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    auto out_share = vdaf.prepare_next(std::move(states[i]), *message);
    REQUIRE(out_share.ok());
    CHECK(dense(vdaf, *out_share) == joined(report["out_shares"][i]));
    out_shares.push_back(std::move(out_share).value());
  }
  return out_shares;
}

void replay_file(const Vdaf& vdaf, const Json& vector) {
  const auto fractional_bits = static_cast<int>(vector["num_frac_bits"].u64());
  std::vector<AggregateShare> totals;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) totals.push_back(vdaf.aggregate_init());
  for (const Json& report : vector["prep"].elements()) {
    const auto out_shares = replay(vdaf, hex_of(vector["verify_key"]), report, fractional_bits);
    for (size_t i = 0; i < totals.size(); ++i)
      REQUIRE(vdaf.aggregate(totals[i], out_shares[i]).ok());
  }
  for (size_t i = 0; i < totals.size(); ++i)
    CHECK(bytes_of(totals[i].encoded) == hex_of(vector["agg_shares"][i]));
  const auto sum = vdaf.unshard(totals, vector["prep"].size());
  REQUIRE(sum.ok());
  REQUIRE(sum->size() == vector["agg_result"].size());
  for (size_t j = 0; j < sum->size(); ++j)
    CHECK(std::ldexp(static_cast<double>((*sum)[j]), -fractional_bits) ==
          vector["agg_result"][j].real());
}

}  // namespace

TEST_CASE("PINE: every published vector holds") {
  if (!vectors_root().has_value()) std::printf("skipped: no vectors of PINE\n");
  for (const std::string& file : vector_files("pine", "Pine")) {
    CAPTURE(file);
    const auto instance = instance_named(file.substr(0, file.find('_')));
    REQUIRE(instance.has_value());
    const auto vector = read_vectors("pine/" + file);
    REQUIRE(vector.has_value());
    const auto vdaf = make_pine(*instance, parameters_of(*vector));
    REQUIRE(vdaf.ok());
    replay_file(**vdaf, *vector);
  }
}

TEST_CASE("the drafts' fixed point rounds halves to even and refuses what is no number") {
  CHECK(encode_float(0.5, 0) == 0);
  CHECK(encode_float(1.5, 0) == 2);
  CHECK(encode_float(2.5, 0) == 2);
  CHECK(encode_float(-0.5, 0) == 0);
  CHECK(encode_float(-1.5, 0) == -2);
  CHECK(encode_float(1.0, 7) == 128);
  CHECK(encode_float(0.0, 7) == 0);
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, DBL_MIN / 2, -DBL_MIN / 2})
    CHECK_FALSE(encode_float(bad, 7).has_value());
}
