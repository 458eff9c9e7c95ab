#include "protocol/report.hpp"

#include "cast.hpp"

using namespace sotto;

namespace {

struct Fixture : Running {
  std::unique_ptr<const Vdaf> vdaf = make_vdaf(task()).value();
  const TaskId& id = visitor.id();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a report has the length that its task gives it, and comes back") {
  const Bytes bytes = report();
  CHECK(bytes.size() == 34 + 24 + (4 * 8 + 48) + (32 + 48));
  CHECK(bytes.size() == report_size(vdaf->sizes()));
  const Report decoded = decode_report(bytes, id, vdaf->sizes()).value();
  CHECK(decoded.metadata.time_ms == kStart + 10 * kMinute);
  CHECK(encode_report(id, decoded) == bytes);
}

TEST_CASE_FIXTURE(Fixture, "its every truncation and extension is refused") {
  torment(report(),
          [&](std::span<const uint8_t> b) { return decode_report(b, id, vdaf->sizes()); });
}

TEST_CASE_FIXTURE(Fixture, "a report of another task, message or version is refused") {
  const Bytes bytes = report();
  TaskId other = id;
  other[31] ^= 1;
  CHECK(code_of(decode_report(bytes, other, vdaf->sizes())) == ErrorCode::kAuthentication);
  Bytes changed = bytes;
  changed[0] = 2;
  CHECK(code_of(decode_report(changed, id, vdaf->sizes())) == ErrorCode::kMalformed);
  changed = bytes;
  changed[1] = 2;
  CHECK(code_of(decode_report(changed, id, vdaf->sizes())) == ErrorCode::kUnsupported);
}

TEST_CASE_FIXTURE(Fixture, "a report's time is within the window and rounded down") {
  CHECK(check_report_time(task(), kStart).ok());
  CHECK(check_report_time(task(), kEnd - kMinute).ok());
  CHECK(code_of(check_report_time(task(), kEnd)) == ErrorCode::kExpired);
  CHECK(code_of(check_report_time(task(), kStart - kMinute)) == ErrorCode::kExpired);
  CHECK(code_of(check_report_time(task(), kStart + 1)) == ErrorCode::kMalformed);
  CHECK(code_of(check_report_time(task(), INT64_MIN)) == ErrorCode::kExpired);
  CHECK(code_of(check_report_time(task(), INT64_MAX)) == ErrorCode::kExpired);
}

TEST_CASE_FIXTURE(Fixture,
                  "a share opens for its task, report, time, public share and server only") {
  const SecretBytes share = SecretBytes::copy_of(Bytes(32, 9));
  const ReportMetadata metadata{{1, 2, 3}, kStart};
  const Bytes public_share{5, 6};
  const Bytes sealed = seal_input_share(id, metadata, public_share, Role::kHelper,
                                        helper_pair.public_key(), share, entropy)
                           .value();
  CHECK((open_input_share(id, metadata, public_share, Role::kHelper, helper_pair, sealed).value() ==
         share));
  TaskId other_id = id;
  other_id[0] ^= 1;
  CHECK_FALSE(
      open_input_share(other_id, metadata, public_share, Role::kHelper, helper_pair, sealed).ok());
  ReportMetadata other = metadata;
  other.id[15] = 1;
  CHECK_FALSE(open_input_share(id, other, public_share, Role::kHelper, helper_pair, sealed).ok());
  other = metadata;
  other.time_ms += kMinute;
  CHECK_FALSE(open_input_share(id, other, public_share, Role::kHelper, helper_pair, sealed).ok());
  CHECK_FALSE(open_input_share(id, metadata, Bytes{5}, Role::kHelper, helper_pair, sealed).ok());
  CHECK_FALSE(
      open_input_share(id, metadata, public_share, Role::kLeader, helper_pair, sealed).ok());
  CHECK_FALSE(
      open_input_share(id, metadata, public_share, Role::kHelper, leader_pair, sealed).ok());
}
