#include "protocol/aggregation_messages.hpp"

#include "cast.hpp"

using namespace sotto;

namespace {

// Sizes of a VDAF in which every part has a length of its own.
const VdafSizes kSizes{32, 3, {8, 5}, 4, 2, 12};
const TaskId kTask = sha256(from_text("task"));
const JobId kJob{1, 2, 3};

Bytes filled(size_t size, uint8_t value) { return Bytes(size, value); }

PrepareRequest prepare_request() {
  PrepareRequest message{kJob, {}};
  for (uint8_t i = 0; i < 3; ++i)
    message.reports.push_back(
        {{{i}, 1000 + i}, filled(3, i), filled(5 + kHpkeOverhead, i), filled(4, i)});
  return message;
}

PrepareResponse prepare_response() {
  return {kJob,
          {{ErrorCode::kOk, {7, 8}},
           {ErrorCode::kReplay, {}},
           {ErrorCode::kOk, {9, 9}},
           {ErrorCode::kMalformed, {}},
           {ErrorCode::kRejected, {}},
           {ErrorCode::kExpired, {}},
           {ErrorCode::kAuthentication, {}}}};
}

}  // namespace

TEST_CASE("messages between the servers come back, and refuse truncations and extensions") {
  const auto check = [](const auto& message, const auto& decode) {
    const Bytes bytes = encode(kTask, message);
    CHECK(decode(bytes).value() == message);
    torment(bytes, decode);
    // Of another task, another message, another version.
    Bytes changed = bytes;
    changed[2] ^= 1;
    CHECK(code_of(decode(changed)) == ErrorCode::kAuthentication);
    changed = bytes;
    changed[0] = 99;
    CHECK(code_of(decode(changed)) == ErrorCode::kMalformed);
    changed = bytes;
    changed[1] = 2;
    CHECK(code_of(decode(changed)) == ErrorCode::kUnsupported);
  };
  using View = std::span<const uint8_t>;
  check(prepare_request(), [](View b) { return decode_prepare_request(b, kTask, kSizes); });
  check(prepare_response(), [](View b) { return decode_prepare_response(b, kTask, kSizes); });
  check(CommitRequest{kJob, {1, 0, 1}}, [](View b) { return decode_commit_request(b, kTask); });
  check(CommitResponse{kJob, 5, sha256({})},
        [](View b) { return decode_commit_response(b, kTask); });
  check(CollectRequest{5, sha256({})}, [](View b) { return decode_collect_request(b, kTask); });
  check(CollectedShare{Role::kHelper, 5, sha256({}), filled(12 + kHpkeOverhead, 1)},
        [](View b) { return decode_collected_share(b, kTask, kSizes); });
}

TEST_CASE("a message that names more reports than it has, or than may be, is refused") {
  Bytes request = encode(kTask, prepare_request());
  Bytes response = encode(kTask, prepare_response());
  Bytes commit = encode(kTask, CommitRequest{kJob, {1, 0, 1}});
  for (const uint32_t reports : {0U, 2U, 4U, 1025U, 0x7fffffffU, 0xffffffffU}) {
    for (Bytes* bytes : {&request, &response, &commit})
      std::memcpy(bytes->data() + 50, &reports, sizeof reports);
    CHECK(code_of(decode_prepare_request(request, kTask, kSizes)) == ErrorCode::kMalformed);
    CHECK(code_of(decode_prepare_response(response, kTask, kSizes)) == ErrorCode::kMalformed);
    CHECK(code_of(decode_commit_request(commit, kTask)) == ErrorCode::kMalformed);
  }
  const Bytes too_many = encode(kTask, CommitRequest{kJob, Bytes(kMaxJobReports + 1)});
  CHECK(code_of(decode_commit_request(too_many, kTask)) == ErrorCode::kMalformed);
}

TEST_CASE("values that mean nothing are refused") {
  CHECK(code_of(decode_commit_request(encode(kTask, CommitRequest{kJob, {2}}), kTask)) ==
        ErrorCode::kMalformed);
  for (int reason = 0; reason < 256; ++reason) {
    const auto code = static_cast<ErrorCode>(reason);
    const Bytes bytes = encode(kTask, PrepareResponse{kJob, {{code, {1, 2}}}});
    CHECK(decode_prepare_response(bytes, kTask, kSizes).ok() ==
          (code == ErrorCode::kOk || rejection_reason(code) == code));
  }
  const Bytes sealed = filled(12 + kHpkeOverhead, 1);
  for (const Role sender : {Role::kDevice, Role::kCollector, static_cast<Role>(0)}) {
    const Bytes bytes = encode(kTask, CollectedShare{sender, 5, {}, sealed});
    CHECK(code_of(decode_collected_share(bytes, kTask, kSizes)) == ErrorCode::kMalformed);
  }
}

TEST_CASE_FIXTURE(Cast, "an aggregate share opens for its task, sender, count and checksum only") {
  const AggregateShare share{SecretBytes::copy_of(filled(12, 3))};
  CollectedShare good{Role::kHelper, 5, sha256({}), {}};
  REQUIRE(seal_aggregate_share(kTask, good, collector_pair.public_key(), share, entropy).ok());
  CHECK((open_aggregate_share(kTask, good, collector_pair).value().encoded == share.encoded));
  CHECK(code_of(open_aggregate_share(sha256({}), good, collector_pair)) ==
        ErrorCode::kAuthentication);
  CHECK(code_of(open_aggregate_share(kTask, good, helper_pair)) == ErrorCode::kAuthentication);
  CollectedShare bad = good;
  bad.sender = Role::kLeader;
  CHECK(code_of(open_aggregate_share(kTask, bad, collector_pair)) == ErrorCode::kAuthentication);
  bad = good;
  bad.reports = 6;
  CHECK(code_of(open_aggregate_share(kTask, bad, collector_pair)) == ErrorCode::kAuthentication);
  bad = good;
  bad.checksum[0] ^= 1;
  CHECK(code_of(open_aggregate_share(kTask, bad, collector_pair)) == ErrorCode::kAuthentication);
}
