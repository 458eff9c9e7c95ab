// The decoders of everything that devices and servers send each other, and of task files: whatever
// they take, they take in one form only. The first byte of an input says which decoder.
#include <algorithm>
#include <array>

#include "protocol/aggregation_messages.hpp"
#include "protocol/task.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

// Sizes of a VDAF in which every part has a length of its own.
const VdafSizes& sizes() {
  static const VdafSizes kSizes{32, 3, {8, 5}, 4, 2, 12};
  return kSizes;
}
constexpr TaskId kTask{1, 2, 3};
constexpr uint8_t kDecoders = 8;

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

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  const Bytes helper_share(5 + kHpkeOverhead, 4);
  const ReportToPrepare report{{{9}, 60'000}, Bytes(3, 1), helper_share, Bytes(4, 2)};
  const std::array<Bytes, kDecoders> messages{
      encode_task(task()).value(),
      encode_report(kTask, {{{9}, 60'000}, Bytes(3, 1), Bytes(8 + kHpkeOverhead, 3), helper_share}),
      encode(kTask, PrepareRequest{{7}, {report, report}}),
      encode(kTask, PrepareResponse{{7}, {{ErrorCode::kOk, {1, 2}}, {ErrorCode::kReplay, {}}}}),
      encode(kTask, CommitRequest{{7}, {1, 0}}),
      encode(kTask, CommitResponse{{7}, 1, {5}}),
      encode(kTask, CollectRequest{1, {5}}),
      encode(kTask, CollectedShare{Role::kHelper, 1, {5}, Bytes(12 + kHpkeOverhead, 6)})};
  std::vector<Bytes> seeds;
  for (uint8_t decoder = 0; decoder < kDecoders; ++decoder) {
    Bytes seed{decoder};
    seed.insert(seed.end(), messages[decoder].begin(), messages[decoder].end());
    must(seed.size() > 1, "seeds are not empty");
    seeds.push_back(seed);
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) try_decoder(data[0] % kDecoders, {data + 1, size - 1});
  return 0;
}
