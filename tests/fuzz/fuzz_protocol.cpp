// The decoders of everything that devices and servers send each other, of task files, and of what
// servers store: whatever they take, they take in one form only. The first byte of an input says
// which decoder. Records are put into their frame here, or nothing would get past its digest.
#include <algorithm>
#include <array>

#include "protocol/aggregation_messages.hpp"
#include "protocol/helper_records.hpp"
#include "protocol/leader_records.hpp"
#include "protocol/task.hpp"
#include "target.hpp"
#include "vdaf/sum.hpp"

using namespace sotto;

namespace {

// Sizes of a VDAF in which every part has a length of its own.
const VdafSizes& sizes() {
  static const VdafSizes kSizes{32, 3, {8, 5}, 4, 2, 12};
  return kSizes;
}
constexpr TaskId kTask{1, 2, 3};
constexpr uint8_t kMessages = 8;
constexpr uint8_t kRecords = 6;
constexpr RecordId kId{7};

const Vdaf& vdaf() {
  static const Sum kSum = Sum::create(3).value();
  return kSum;
}
RecordOwner leader() { return leader_records(kTask, vdaf()); }
RecordOwner helper() { return helper_records(kTask, vdaf()); }

Task task() {
  Task task;
  task.site = "shop.example";
  task.layout = "counts";
  task.layout_parameters = {1, 2, 3};
  task.dimension = 8;
  task.sigma = 1 << 15;
  task.min_batch = 100;
  task.max_batch = 1000;
  task.window_end_ms = 3'600'000;
  task.time_precision_ms = 60'000;
  return task;
}

template <class Message, class Encode>
void try_decoded(const Result<Message>& message, std::span<const uint8_t> bytes,
                 const Encode& encode_again) {
  if (!message.ok()) return;
  const Bytes again = encode_again(*message);
  must(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()), "one form only");
}

void try_decoder(uint8_t decoder, std::span<const uint8_t> bytes) {
  const auto again = [](const auto& message) { return encode(kTask, message); };
  switch (decoder) {
    case 0:
      return try_decoded(decode_task(bytes), bytes, [](const Task& decoded) {
        const auto encoded = encode_task(decoded);
        must(encoded.ok(), "a task that is read can be written");
        return *encoded;
      });
    case 1:
      return try_decoded(decode_report(bytes, kTask, sizes()), bytes,
                         [](const Report& report) { return encode_report(kTask, report); });
    case 2: return try_decoded(decode_prepare_request(bytes, kTask, sizes()), bytes, again);
    case 3: return try_decoded(decode_prepare_response(bytes, kTask, sizes()), bytes, again);
    case 4: return try_decoded(decode_commit_request(bytes, kTask), bytes, again);
    case 5: return try_decoded(decode_commit_response(bytes, kTask), bytes, again);
    case 6: return try_decoded(decode_collect_request(bytes, kTask), bytes, again);
    default: return try_decoded(decode_collected_share(bytes, kTask, sizes()), bytes, again);
  }
}

// What is read from a record, framed under `key`, is written as the same record again.
template <class Decode, class Encode>
void try_record(const RecordOwner& owner, std::string key, std::span<const uint8_t> bytes,
                const Decode& decode, const Encode& encode_again) {
  ByteWriter out = begin_record(owner, bytes.size());
  out.put_bytes(bytes);
  const KeyedRecord record = end_record(std::move(key), std::move(out));
  const auto decoded = decode(*record.bytes);
  if (decoded.ok()) must(encode_again(*decoded) == record, "one form only");
}

void try_record(uint8_t kind, std::span<const uint8_t> bytes) {
  switch (kind) {
    case 0:
      return try_record(
          leader(), record_key(kKnownPrefix, kId), bytes,
          [](const Bytes& b) { return decode_known(leader(), kId, b); },
          [](const KnownReport& known) { return known_record(leader(), kId, known); });
    case 1:
      return try_record(
          leader(), record_key(kJobPrefix, kId), bytes,
          [](const Bytes& b) { return decode_leader_job(leader(), kId, b); },
          [](const LeaderJob& job) { return job_record(leader(), kId, job); });
    case 2:
      return try_record(
          leader(), std::string(kBatchKey), bytes,
          [](const Bytes& b) { return decode_batch_record(leader(), b); },
          [](const Batch& batch) { return batch_record(leader(), batch); });
    case 3:
      return try_record(
          leader(), std::string(kStateKey), bytes,
          [](const Bytes& b) { return decode_leader_state(leader(), b); },
          [](const LeaderState& state) { return state_record(leader(), state); });
    case 4:
      return try_record(
          helper(), record_key(kJobPrefix, kId), bytes,
          [](const Bytes& b) { return decode_helper_job(helper(), kId, b); },
          [](const HelperJob& job) { return job_record(helper(), kId, job); });
    default:
      return try_record(
          helper(), std::string(kStateKey), bytes,
          [](const Bytes& b) { return decode_helper_state(helper(), b); },
          [](const HelperState& state) { return state_record(helper(), state); });
  }
}

// Both servers' records, in the order of try_record; those of a job in both of its phases.
std::vector<std::pair<uint8_t, KeyedRecord>> records() {
  const VdafSizes& sums = vdaf().sizes();
  const Nonce report{9};
  Batch batch = Batch::empty(vdaf());
  batch.count(1, sha256(report));
  const auto collected = [&](Role role) {
    return encode(kTask, CollectedShare{role, batch.reports, batch.checksum,
                                        Bytes(sums.aggregate_share + kHpkeOverhead, 6)});
  };
  const Bytes sealed(sums.input_shares[1] + kHpkeOverhead, 4);
  LeaderJob job;
  job.prepare_request = encode(kTask, PrepareRequest{kId, {{{report, 60'000}, {}, sealed, {}}}});
  LeaderJob answered = {{}, {}, job.prepare_request, encode(kTask, CommitRequest{kId, {1}}), {}};
  answered.batch = Batch{{batch.share.encoded.clone()}, batch.reports, batch.checksum};
  LeaderState state;
  state.phase = TaskPhase::kCollected;
  state.rejected = {{ErrorCode::kMalformed, 2}, {ErrorCode::kRejected, 3}};
  state.batch.count(batch.reports, batch.checksum);
  state.helper_share = collected(Role::kHelper);
  state.collected_share = collected(Role::kLeader);
  HelperJob prepared;
  prepared.ids = {report, Nonce{10}};
  prepared.prepare_response =
      encode(kTask, PrepareResponse{kId, {{ErrorCode::kOk, {}}, {ErrorCode::kReplay, {}}}});
  HelperJob committed = {{}, {}, prepared.prepare_response, {}, prepared.ids, {}};
  committed.commit_response = encode(kTask, CommitResponse{kId, batch.reports, batch.checksum});
  prepared.out_shares.push_back({1, SecretBytes(32)});
  prepared.out_shares.emplace_back();
  HelperState helper_state;
  helper_state.phase = TaskPhase::kCollected;
  helper_state.batch.count(batch.reports, batch.checksum);
  helper_state.collected_share = collected(Role::kHelper);
  std::vector<std::pair<uint8_t, KeyedRecord>> all;
  all.emplace_back(0, known_record(leader(), kId, {3, {5}}));
  all.emplace_back(1, job_record(leader(), kId, job));
  all.emplace_back(1, job_record(leader(), kId, answered));
  all.emplace_back(2, batch_record(leader(), batch));
  all.emplace_back(3, state_record(leader(), state));
  all.emplace_back(3, state_record(leader(), LeaderState{}));
  all.emplace_back(4, job_record(helper(), kId, prepared));
  all.emplace_back(4, job_record(helper(), kId, committed));
  all.emplace_back(5, state_record(helper(), helper_state));
  return all;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  const Bytes helper_share(5 + kHpkeOverhead, 4);
  const ReportToPrepare report{{{9}, 60'000}, Bytes(3, 1), helper_share, Bytes(4, 2)};
  const std::array<Bytes, kMessages> messages{
      encode_task(task()).value(),
      encode_report(kTask, {{{9}, 60'000}, Bytes(3, 1), Bytes(8 + kHpkeOverhead, 3), helper_share}),
      encode(kTask, PrepareRequest{{7}, {report, report}}),
      encode(kTask, PrepareResponse{{7}, {{ErrorCode::kOk, {1, 2}}, {ErrorCode::kReplay, {}}}}),
      encode(kTask, CommitRequest{{7}, {1, 0}}),
      encode(kTask, CommitResponse{{7}, 1, {5}}),
      encode(kTask, CollectRequest{1, {5}}),
      encode(kTask, CollectedShare{Role::kHelper, 1, {5}, Bytes(12 + kHpkeOverhead, 6)})};
  std::vector<Bytes> seeds;
  for (uint8_t decoder = 0; decoder < kMessages; ++decoder) {
    Bytes seed{decoder};
    seed.insert(seed.end(), messages[decoder].begin(), messages[decoder].end());
    must(seed.size() > 1, "seeds are not empty");
    seeds.push_back(seed);
  }
  for (const auto& [kind, record] : records()) {
    const auto framed = std::span(*record.bytes).subspan(kMessageHeader);
    const auto bytes = framed.first(framed.size() - sizeof(Digest));
    Bytes seed{static_cast<uint8_t>(kMessages + kind)};
    seed.insert(seed.end(), bytes.begin(), bytes.end());
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto decoder = static_cast<uint8_t>(data[0] % (kMessages + kRecords));
  const std::span<const uint8_t> bytes(data + 1, size - 1);
  if (decoder < kMessages)
    try_decoder(decoder, bytes);
  else
    try_record(static_cast<uint8_t>(decoder - kMessages), bytes);
  return 0;
}
