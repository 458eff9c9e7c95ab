#include "protocol/device_role.hpp"

#include "cast.hpp"

using namespace sotto;

TEST_CASE_FIXTURE(Cast, "a device opens a good task and computes its price itself") {
  const DeviceTask device = this->device(file());
  CHECK(device.price_rho() == 0.5);
  CHECK(device.id() == sha256(file()));
}

TEST_CASE_FIXTURE(Cast, "a device refuses tasks that are unsigned, changed or not its site's") {
  const Bytes good = file();
  for (const size_t from_end : {size_t{1}, size_t{64}, size_t{65}, size_t{128}, size_t{129}}) {
    Bytes bad = good;
    bad[bad.size() - from_end] ^= 1;
    CHECK_FALSE(device_result(bad).ok());
  }
  CHECK_FALSE(device_result(sign_task(publisher, task()).value()).ok());
  CHECK_FALSE(device_result({}).ok());
  pinned.publisher = leader.key();
  CHECK(code_of(device_result(good)) == ErrorCode::kAuthentication);
}

TEST_CASE_FIXTURE(Cast, "a device refuses tasks below its floors, whoever signed them") {
  Task small = task();
  small.min_batch = 2;
  CHECK(code_of(device_result(file(small))) == ErrorCode::kBelowFloor);
  Task quiet = task();
  quiet.sigma = 499;
  CHECK(code_of(device_result(file(quiet))) == ErrorCode::kBelowFloor);
  Task one = task();
  one.noise_by = NoiseBy::kLeader;
  CHECK(code_of(device_result(file(one))) == ErrorCode::kBelowFloor);
  floors = Floors::production();
  CHECK(code_of(device_result(file())) == ErrorCode::kBelowFloor);
}

TEST_CASE_FIXTURE(Cast, "a device takes part in the window only") {
  const Bytes bytes = file();
  CHECK(device_result(bytes, kStart).ok());
  CHECK(device_result(bytes, kEnd - 1).ok());
  for (const int64_t now : {kStart - 1, kEnd, INT64_MIN, INT64_MAX}) {
    CHECK(code_of(device_result(bytes, now)) == ErrorCode::kExpired);
    CHECK(code_of(device(bytes).zero_report(now, entropy)) == ErrorCode::kExpired);
  }
}

TEST_CASE_FIXTURE(Cast, "a device refuses keys of the wrong role, identity, time or name") {
  const Bytes bytes = file();
  const auto open = [&](const SignedKey& leader_is, const SignedKey& helper_is) {
    return code_of(DeviceTask::open(bytes, pinned, floors, encode_signed_key(leader_is),
                                    encode_signed_key(helper_is), kNow));
  };
  CHECK(open(leader_key, helper_key) == ErrorCode::kOk);
  CHECK(open(helper_key, leader_key) == ErrorCode::kAuthentication);
  CHECK(open(leader_key, leader_key) == ErrorCode::kAuthentication);
  // Right identity and role, but not the key that the task names.
  const HpkeKeyPair other = HpkeKeyPair::generate(entropy);
  CHECK(open(key_of(leader, KeyRole::kLeader, other), helper_key) == ErrorCode::kAuthentication);
  // The right key, signed by somebody else.
  CHECK(open(leader_key, key_of(leader, KeyRole::kHelper, helper_pair)) ==
        ErrorCode::kAuthentication);

  // A task that names a key whose time is over.
  const SignedKey old =
      sign_key(helper, KeyRole::kHelper, helper_pair.public_key(), kStart, kNow - 1).value();
  Task late = task();
  late.helper_key = old.id();
  CHECK(code_of(DeviceTask::open(file(late), pinned, floors, encode_signed_key(leader_key),
                                 encode_signed_key(old), kNow)) == ErrorCode::kExpired);
}

TEST_CASE_FIXTURE(Cast, "keys expire for an opened task too") {
  const SignedKey brief =
      sign_key(helper, KeyRole::kHelper, helper_pair.public_key(), kStart, kNow).value();
  Task t = task();
  t.helper_key = brief.id();
  helper_key = brief;
  const DeviceTask device = this->device(file(t));
  CHECK(device.zero_report(kNow, entropy).ok());
  CHECK(code_of(device.zero_report(kNow + 1, entropy)) == ErrorCode::kExpired);
}

TEST_CASE_FIXTURE(Cast, "a device refuses vectors of the wrong dimension or beyond the bound") {
  const DeviceTask device = this->device(file());
  const auto report = [&](const std::vector<int32_t>& vector) {
    return code_of(device.report(vector, kNow, entropy));
  };
  CHECK(report({1000, 0, 0, 0, 0, 0, 0, 0}) == ErrorCode::kOk);
  CHECK(report({600, -800, 0, 0, 0, 0, 0, 0}) == ErrorCode::kOk);
  CHECK(report({600, -800, 0, 0, 0, 0, 0, 1}) == ErrorCode::kInvalidArgument);
  CHECK(report({INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, 0, 0, 0, 0}) ==
        ErrorCode::kInvalidArgument);
  CHECK(report({1, 2, 3}) == ErrorCode::kInvalidArgument);
  CHECK(report({}) == ErrorCode::kInvalidArgument);
  CHECK(report(std::vector<int32_t>(9)) == ErrorCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Cast, "zero reports have the length of all others, and an id of their own") {
  const DeviceTask device = this->device(file());
  const Bytes zero = device.zero_report(kNow, entropy).value();
  const Bytes full =
      device.report(std::vector<int32_t>{1000, 0, 0, 0, 0, 0, 0, 0}, kNow, entropy).value();
  CHECK(zero.size() == full.size());
  CHECK(Bytes(zero.begin() + 34, zero.begin() + 50) != Bytes(full.begin() + 34, full.begin() + 50));
}
