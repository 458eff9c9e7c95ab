// That no branch of share, proof and field code depends on a secret, as compiled: the room's
// sources are built once more, optimised, with a call at the beginning of every basic block
// (-fsanitize-coverage=trace-pc), and different measurements must run through the same blocks.
//
// Randomness is equal, so that rejected words of the XOFs are. What is hashed differs, and with it
// the joint randomness; its words would be rejected once in 2^12 in Field32, and are not here.
// Prints where two runs part: look the address up with addr2line -Cfipe.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/entropy.hpp"
#include "vdaf/pine.hpp"
#include "vdaf/prio3.hpp"

using namespace sotto;

namespace {

bool recording = false;
std::vector<uintptr_t>& trace() {
  static std::vector<uintptr_t> addresses;
  return addresses;
}

}  // namespace

extern "C" void __sanitizer_cov_trace_pc() {
  if (recording) trace().push_back(reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
}

namespace {

// Everything that is done with one measurement, on the device and at both servers.
std::vector<uintptr_t> blocks_of(const Vdaf& vdaf, const std::vector<int32_t>& measurement) {
  TestEntropy entropy(3);
  const Bytes verify_key(vdaf.sizes().verify_key, 1);
  trace().clear();
  recording = true;
  bool ok = true;
  {
    Shards shards = vdaf.shard(measurement, {}, entropy).value();
    std::vector<PrepareState> states;
    std::vector<Bytes> prepare_shares;
    for (size_t i = 0; i < 2; ++i) {
      auto prepared = vdaf.prepare_init(verify_key, i, {}, shards.public_share,
                                        std::move(shards.input_shares[i]));
      ok &= prepared.ok();
      states.push_back(std::move(prepared->state));
      prepare_shares.push_back(std::move(prepared->prepare_share));
    }
    const auto message = vdaf.prepare_message(prepare_shares);
    ok &= message.ok();
    AggregateShare total = vdaf.aggregate_init();
    for (PrepareState& state : states) {
      const auto out_share = vdaf.prepare_next(std::move(state), *message);
      ok &= out_share.ok() && vdaf.aggregate(total, *out_share).ok();
    }
  }
  recording = false;
  if (!ok) trace().clear();
  return trace();
}

bool same_blocks(const char* name, const Result<VdafPointer>& vdaf,
                 const std::vector<std::vector<int32_t>>& measurements) {
  blocks_of(**vdaf, measurements[0]);  // the first run looks at the processor's flags
  const auto first = blocks_of(**vdaf, measurements[0]);
  bool same = !first.empty();
  for (const auto& measurement : measurements) {
    const auto other = blocks_of(**vdaf, measurement);
    if (other == first) continue;
    same = false;
    const auto parted = std::mismatch(first.begin(), first.end(), other.begin(), other.end());
    const auto address = [](auto at, auto end) { return at == end ? uintptr_t{0} : *at; };
    std::printf("%s: after %td blocks %#zx, or %#zx\n", name, parted.first - first.begin(),
                static_cast<size_t>(address(parted.first, first.end())),
                static_cast<size_t>(address(parted.second, other.end())));
  }
  std::printf("%-24s %8zu blocks, %s\n", name, first.size(), same ? "all equal" : "DIFFERENT");
  return same;
}

std::vector<std::vector<int32_t>> gradients(size_t dimension) {
  std::vector<std::vector<int32_t>> all(4, std::vector<int32_t>(dimension));
  for (size_t j = 0; j < dimension; ++j) {
    all[1][j] = static_cast<int32_t>(j * 7919 % 3000) - 1500;
    all[2][j] = -2000;
  }
  all[3][dimension / 2] = 30'000;
  return all;
}

}  // namespace

int main() {
  constexpr struct {
    const char* name;
    PineInstance instance;
  } kPine[] = {{"Pine32HmacSha256Aes128", PineInstance::kPine32HmacSha256Aes128},
               {"Pine40HmacSha256Aes128", PineInstance::kPine40HmacSha256Aes128},
               {"Pine64HmacSha256Aes128", PineInstance::kPine64HmacSha256Aes128},
               {"Pine64", PineInstance::kPine64},
               {"Pine128", PineInstance::kPine128}};
  bool same = true;
  for (const auto& [name, instance] : kPine) {
    const auto parameters = choose_pine_parameters(instance, 200, 30'000).value();
    same &= same_blocks(name, make_pine(instance, parameters), gradients(200));
  }
  const Bytes context{'t'};
  same &= same_blocks("Prio3Count", make_prio3_count(context), {{0}, {1}});
  same &= same_blocks("Prio3Sum", make_prio3_sum(1000, context), {{3}, {998}, {511}, {512}});
  same &= same_blocks("Prio3SumVec", make_prio3_sum_vec(3, 1000, 4, context),
                      {{3, 0, 7}, {998, 512, 511}});
  same &= same_blocks("Prio3Histogram", make_prio3_histogram(5, 2, context),
                      {{0, 0, 0, 0, 1}, {1, 0, 0, 0, 0}});
  same &= same_blocks("Prio3MultihotCountVec", make_prio3_multihot_count_vec(5, 3, 2, context),
                      {{0, 0, 0, 0, 0}, {1, 0, 1, 0, 1}});
  same &= same_blocks("Prio3HigherDegree", make_prio3_higher_degree(context), {{0}, {1}, {2}});
  return same ? 0 : 1;
}
