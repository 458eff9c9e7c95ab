#include "protocol/task.hpp"

#include <cmath>
#include <functional>
#include <limits>

#include "cast.hpp"

using namespace sotto;

TEST_CASE_FIXTURE(Cast, "a task comes back from its canonical form") {
  for (const NoiseBy noise_by : {NoiseBy::kLeader, NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    Task original = task();
    original.noise_by = noise_by;
    original.kind = TaskKind::kExperiment;
    const Bytes bytes = encode_task(original).value();
    const Task decoded = decode_task(bytes).value();
    CHECK(decoded == original);
    CHECK(encode_task(decoded).value() == bytes);
    CHECK(decoded.model_sequence == 42);
    CHECK(decoded.layout_parameters == Bytes{1, 2, 3});
  }
  const Bytes bytes = encode_task(task()).value();
  CHECK(Bytes(bytes.begin(), bytes.begin() + 11) == from_text("sotto task\x01"));
}

TEST_CASE_FIXTURE(Cast, "a task's every truncation and extension is refused") {
  torment(encode_task(task()).value(), [](std::span<const uint8_t> b) { return decode_task(b); });
}

TEST_CASE_FIXTURE(Cast, "a changed byte that decodes is another task") {
  const Bytes bytes = encode_task(task()).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; value += 51) {
      Bytes changed = bytes;
      changed[i] = static_cast<uint8_t>(value);
      const auto decoded = decode_task(changed);
      if (decoded.ok()) CHECK(encode_task(*decoded).value() == changed);
    }
  }
  Bytes newer = bytes;
  newer[10] = 2;
  CHECK(code_of(decode_task(newer)) == ErrorCode::kUnsupported);
}

TEST_CASE_FIXTURE(Cast, "tasks out of range are neither written nor read") {
  using Change = std::function<void(Task&)>;
  const std::vector<Change> changes{
      [](Task& t) { t.site.clear(); },
      [](Task& t) { t.site = std::string(254, 'a'); },
      [](Task& t) { t.site = "a b"; },
      [](Task& t) { t.kind = static_cast<TaskKind>(0); },
      [](Task& t) { t.layout.clear(); },
      [](Task& t) { t.layout = "Counts"; },
      [](Task& t) { t.layout = std::string(33, 'a'); },
      [](Task& t) { t.layout_parameters.resize(Task::kMaxLayoutParameters + 1); },
      [](Task& t) { t.dimension = 0; },
      [](Task& t) { t.dimension = (1U << 26) + 1; },
      [](Task& t) { t.vdaf_parameters = {0}; },
      [](Task& t) { t.grid.bound = 0; },
      [](Task& t) { t.grid.bound = -5; },
      [](Task& t) { t.grid.clip = 0; },
      [](Task& t) { t.grid.clip = std::numeric_limits<double>::quiet_NaN(); },
      [](Task& t) { t.grid.clip = std::numeric_limits<double>::infinity(); },
      [](Task& t) { t.sigma = DiscreteGaussian::kMaxSigma + 1; },
      [](Task& t) { t.noise_by = static_cast<NoiseBy>(4); },
      [](Task& t) { t.min_batch = 0; },
      [](Task& t) { t.min_batch = t.max_batch + 1; },
      [](Task& t) { t.max_batch = std::numeric_limits<uint64_t>::max(); },
      [](Task& t) { t.window_start_ms = -kMinute; },
      [](Task& t) { t.window_end_ms = t.window_start_ms; },
      [](Task& t) { t.window_start_ms += 1; },
      [](Task& t) { t.window_end_ms += 1; },
      [](Task& t) { t.window_end_ms = std::numeric_limits<int64_t>::max(); },
      [](Task& t) { t.time_precision_ms = 0; },
      [](Task& t) { t.time_precision_ms = -kMinute; },
      [](Task& t) { t.time_precision_ms = 7; },
  };
  for (size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Task wrong = task();
    changes[i](wrong);
    CHECK(code_of(encode_task(wrong)) == ErrorCode::kInvalidArgument);
  }
  Task unknown = task();
  unknown.vdaf = static_cast<VdafId>(0x12345678);
  CHECK(code_of(encode_task(unknown)) == ErrorCode::kUnsupported);
}

TEST_CASE_FIXTURE(Cast, "a batch that does not fit into the field is refused, noise included") {
  Task large = task();
  large.grid = {1 << 15, 1};
  large.sigma = 1 << 15;
  large.max_batch = largest_batch(large.grid, std::sqrt(2.0) * (1 << 15));
  CHECK(encode_task(large).ok());
  ++large.max_batch;
  CHECK(code_of(encode_task(large)) == ErrorCode::kInvalidArgument);
  --large.max_batch;
  large.noise_by = NoiseBy::kServersAndDevice;
  CHECK(code_of(encode_task(large)) == ErrorCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Cast, "the price is one server's noise, whoever adds more") {
  Task priced = task();
  for (const NoiseBy noise_by : {NoiseBy::kLeader, NoiseBy::kServers, NoiseBy::kServersAndDevice}) {
    priced.noise_by = noise_by;
    priced.sigma = 2000;
    CHECK(priced.noise_multiplier() == 2.0);
    CHECK(priced.price_rho() == 0.125);
  }
  priced.sigma = 0;
  CHECK(std::isinf(priced.price_rho()));
}

TEST_CASE_FIXTURE(Cast, "devices of the smallest batch add the variance of one server, tightly") {
  Random random(3);
  Task noised = task();
  CHECK(noised.device_sigma() == 0);
  noised.noise_by = NoiseBy::kServersAndDevice;
  for (int i = 0; i < 2000; ++i) {
    noised.sigma = 1 + random.below(DiscreteGaussian::kMaxSigma);
    noised.min_batch = 1 + random.below(1 + random.below(uint64_t{1} << 12));
    const uint64_t sigma = noised.device_sigma();
    CHECK(noised.min_batch * sigma * sigma >= noised.sigma * noised.sigma);
    CHECK(noised.min_batch * (sigma - 1) * (sigma - 1) < noised.sigma * noised.sigma);
  }
}

TEST_CASE_FIXTURE(Cast, "a task file is verified against the pinned identities") {
  const Bytes good = file();
  const VerifiedTask verified = VerifiedTask::open(good, pinned).value();
  CHECK(verified.task() == task());
  CHECK(verified.id() == sha256(good));

  const auto open = [&](std::span<const uint8_t> b) { return VerifiedTask::open(b, pinned); };
  CHECK(torment(good, open) == 0);

  const Identity stranger = Identity::generate(entropy);
  for (IdentityKey PinnedSite::*who : {&PinnedSite::publisher, &PinnedSite::helper}) {
    PinnedSite other = pinned;
    other.*who = stranger.key();
    CHECK(code_of(VerifiedTask::open(good, other)) == ErrorCode::kAuthentication);
  }
  PinnedSite other = pinned;
  other.site = "shop2.example";
  CHECK(code_of(VerifiedTask::open(good, other)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Cast, "signatures of the wrong one, or none, are refused") {
  const Bytes half = sign_task(publisher, task()).value();
  // The publisher alone, the publisher twice, the helper twice, none.
  Bytes bytes = half;
  bytes.resize(half.size() + 64);
  CHECK(code_of(VerifiedTask::open(bytes, pinned)) == ErrorCode::kAuthentication);
  const Bytes twice = countersign_task(publisher, pinned, Floors::none(), half, kNow).value();
  CHECK(code_of(VerifiedTask::open(twice, pinned)) == ErrorCode::kAuthentication);
  PinnedSite helper_only = pinned;
  helper_only.publisher = helper.key();
  const Bytes helpers = sign_task(helper, task()).value();
  const Bytes helper_twice =
      countersign_task(helper, helper_only, Floors::none(), helpers, kNow).value();
  CHECK(code_of(VerifiedTask::open(helper_twice, pinned)) == ErrorCode::kAuthentication);
  Bytes none = encode_task(task()).value();
  none.resize(none.size() + 128);
  CHECK(code_of(VerifiedTask::open(none, pinned)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Cast, "the helper countersigns only what it will serve") {
  const Bytes half = sign_task(publisher, task()).value();
  CHECK(code_of(countersign_task(helper, pinned, floors, half, kNow)) == ErrorCode::kOk);
  CHECK(code_of(countersign_task(helper, pinned, floors, half, kEnd)) == ErrorCode::kExpired);
  CHECK(code_of(countersign_task(helper, pinned, Floors::production(), half, kNow)) ==
        ErrorCode::kBelowFloor);
  const Bytes stranger = sign_task(leader, task()).value();
  CHECK(code_of(countersign_task(helper, pinned, floors, stranger, kNow)) ==
        ErrorCode::kAuthentication);
  torment(half, [&](std::span<const uint8_t> b) {
    return countersign_task(helper, pinned, floors, b, kNow);
  });
}

TEST_CASE_FIXTURE(Cast, "floors refuse small batches, little noise and one noise") {
  Task t = task();
  CHECK(floors.check(t).ok());
  t.min_batch = 2;
  CHECK(code_of(floors.check(t)) == ErrorCode::kBelowFloor);
  t = task();
  t.sigma = 499;
  CHECK(code_of(floors.check(t)) == ErrorCode::kBelowFloor);
  t.sigma = 0;
  CHECK(code_of(floors.check(t)) == ErrorCode::kBelowFloor);
  CHECK(Floors::none().check(t).ok());
  t = task();
  t.noise_by = NoiseBy::kLeader;
  CHECK(code_of(floors.check(t)) == ErrorCode::kBelowFloor);

  t = task();
  t.min_batch = 100;
  t.max_batch = 200;
  CHECK(Floors::production().check(t).ok());
  t.min_batch = 99;
  CHECK(code_of(Floors::production().check(t)) == ErrorCode::kBelowFloor);
  t.min_batch = 100;
  t.sigma = 999;
  CHECK(code_of(Floors::production().check(t)) == ErrorCode::kBelowFloor);
}
