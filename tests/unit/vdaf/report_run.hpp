// One report through all phases of an instance, with and without somebody changing bytes.
#pragma once

#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/entropy.hpp"
#include "base/random.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Full counts with ./run test --long, fewer otherwise.
inline size_t full_or(size_t full, size_t otherwise) {
  return std::getenv("SOTTO_TEST_LONG") != nullptr ? full : otherwise;
}

inline Bytes verify_key_of(const Vdaf& vdaf, uint8_t byte = 9) {
  return Bytes(vdaf.sizes().verify_key, byte);
}

/// A copy that may be changed and used several times.
struct ReportBytes {
  Nonce nonce{};
  Bytes public_share;
  std::vector<Bytes> input_shares;
};

inline Result<ReportBytes> make_report(const Vdaf& vdaf, std::span<const int32_t> measurement,
                                       EntropySource& entropy) {
  ReportBytes report;
  entropy.fill(report.nonce);
  SOTTO_TRY(const Shards shards, vdaf.shard(measurement, report.nonce, entropy));
  report.public_share = shards.public_share;
  for (const SecretBytes& share : shards.input_shares)
    report.input_shares.emplace_back(share.reveal().begin(), share.reveal().end());
  return report;
}

/// What may be changed on the way from one aggregator to the others.
struct Meddling {
  std::function<void(size_t aggregator, Bytes& prepare_share)> prepare_share;
  std::function<void(Bytes& message)> message;
};

/// All out shares; the first error when any aggregator refuses.
inline Result<std::vector<OutShare>> prepare_report(const Vdaf& vdaf, const ReportBytes& report,
                                                    std::span<const uint8_t> verify_key,
                                                    const Meddling& meddling = {}) {
  std::vector<PrepareState> states;
  std::vector<Bytes> prepare_shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    SOTTO_TRY(Prepared prepared, vdaf.prepare_init(verify_key, i, report.nonce, report.public_share,
                                                   SecretBytes::copy_of(report.input_shares[i])));
    if (meddling.prepare_share) meddling.prepare_share(i, prepared.prepare_share);
    states.push_back(std::move(prepared.state));
    prepare_shares.push_back(std::move(prepared.prepare_share));
  }
  SOTTO_TRY(Bytes message, vdaf.prepare_message(prepare_shares));
  if (meddling.message) meddling.message(message);
  std::vector<OutShare> out_shares;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    SOTTO_TRY(OutShare out_share, vdaf.prepare_next(std::move(states[i]), message));
    out_shares.push_back(std::move(out_share));
  }
  return out_shares;
}

/// Shards, prepares and adds one measurement to the aggregators' shares.
inline Status add_report(const Vdaf& vdaf, std::span<const int32_t> measurement,
                         EntropySource& entropy, std::vector<AggregateShare>& totals) {
  SOTTO_TRY(const ReportBytes report, make_report(vdaf, measurement, entropy));
  SOTTO_TRY(const auto out_shares, prepare_report(vdaf, report, verify_key_of(vdaf)));
  for (size_t i = 0; i < totals.size(); ++i)
    SOTTO_CHECK_OK(vdaf.aggregate(totals[i], out_shares[i]));
  return {};
}

inline std::vector<AggregateShare> empty_totals(const Vdaf& vdaf) {
  std::vector<AggregateShare> totals;
  for (size_t i = 0; i < vdaf.aggregators(); ++i) totals.push_back(vdaf.aggregate_init());
  return totals;
}

/// Changes single bytes of everything that is sent, `sample` of each message or all where there are
/// no more. Returns how many changed reports were accepted, which
/// must be none: an honest encoding has no byte that means nothing.
inline size_t accepted_mutations(const Vdaf& vdaf, const ReportBytes& report, size_t sample,
                                 Random& random) {
  const Bytes key = verify_key_of(vdaf);
  size_t accepted = 0;
  const auto flip = [&](uint8_t& byte) {
    byte = static_cast<uint8_t>(byte ^ (1 + random.below(255)));
  };
  // Runs `attempt(position)` for the positions that are tried of a message of that size.
  const auto for_positions = [&](size_t size, auto attempt) {
    if (sample >= size) {
      for (size_t at = 0; at < size; ++at) accepted += attempt(at) ? 1 : 0;
    } else {
      for (size_t i = 0; i < sample; ++i)
        accepted += attempt(static_cast<size_t>(random.below(size))) ? 1 : 0;
    }
  };
  for_positions(report.public_share.size(), [&](size_t at) {
    ReportBytes changed = report;
    flip(changed.public_share[at]);
    return prepare_report(vdaf, changed, key).ok();
  });
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    for_positions(report.input_shares[i].size(), [&](size_t at) {
      ReportBytes changed = report;
      flip(changed.input_shares[i][at]);
      return prepare_report(vdaf, changed, key).ok();
    });
    for_positions(vdaf.sizes().prepare_share, [&](size_t at) {
      const Meddling meddling{[&](size_t aggregator, Bytes& prepare_share) {
                                if (aggregator == i) flip(prepare_share[at]);
                              },
                              {}};
      return prepare_report(vdaf, report, key, meddling).ok();
    });
  }
  for_positions(vdaf.sizes().prepare_message, [&](size_t at) {
    const Meddling meddling{{}, [&](Bytes& message) { flip(message[at]); }};
    return prepare_report(vdaf, report, key, meddling).ok();
  });
  for_positions(report.nonce.size(), [&](size_t at) {
    ReportBytes changed = report;
    flip(changed.nonce[at]);
    return vdaf.sizes().prepare_message > 0 && prepare_report(vdaf, changed, key).ok();
  });
  return accepted;
}

/// Every wrong length of every message is refused, and a wrong number of them. Returns the first
/// that is not, or an empty text.
inline std::string accepted_wrong_length(const Vdaf& vdaf, const ReportBytes& report) {
  const Bytes key = verify_key_of(vdaf);
  const auto lengths = [](size_t right) {
    std::vector<size_t> wrong{0, 1, right / 2, right + 1, right + 32, 2 * right + 1};
    if (right > 0) wrong.push_back(right - 1);
    std::erase(wrong, right);
    return wrong;
  };
  const auto refused = [](const auto& result, ErrorCode code) {
    return !result.ok() && result.error().code == code;
  };
  const auto share = [&](size_t i) { return SecretBytes::copy_of(report.input_shares[i]); };
  for (size_t i = 0; i < vdaf.aggregators(); ++i) {
    for (const size_t n : lengths(vdaf.sizes().input_shares[i]))
      if (!refused(vdaf.prepare_init(key, i, report.nonce, report.public_share, SecretBytes(n)),
                   ErrorCode::kMalformed))
        return "input share";
    for (const size_t n : lengths(vdaf.sizes().public_share))
      if (!refused(vdaf.prepare_init(key, i, report.nonce, Bytes(n), share(i)),
                   ErrorCode::kMalformed))
        return "public share";
    for (const size_t n : lengths(vdaf.sizes().verify_key))
      if (!refused(vdaf.prepare_init(Bytes(n), i, report.nonce, report.public_share, share(i)),
                   ErrorCode::kInvalidArgument))
        return "verify key";
  }
  if (!refused(
          vdaf.prepare_init(key, vdaf.aggregators(), report.nonce, report.public_share, share(0)),
          ErrorCode::kInvalidArgument))
    return "aggregator";

  std::vector<Bytes> shares(vdaf.aggregators(), Bytes(vdaf.sizes().prepare_share));
  for (const size_t n : lengths(vdaf.sizes().prepare_share)) {
    auto changed = shares;
    changed.back().resize(n);
    if (!refused(vdaf.prepare_message(changed), ErrorCode::kMalformed)) return "prepare share";
  }
  shares.pop_back();
  if (!refused(vdaf.prepare_message(shares), ErrorCode::kInvalidArgument))
    return "number of prepare shares";

  for (const size_t n : lengths(vdaf.sizes().prepare_message)) {
    auto prepared = vdaf.prepare_init(key, 0, report.nonce, report.public_share, share(0)).value();
    if (!refused(vdaf.prepare_next(std::move(prepared.state), Bytes(n)), ErrorCode::kMalformed))
      return "prepare message";
  }
  if (!refused(vdaf.prepare_next({0, SecretBytes(3)}, Bytes(vdaf.sizes().prepare_message)),
               ErrorCode::kInvalidArgument))
    return "state";

  AggregateShare total = vdaf.aggregate_init();
  if (!refused(vdaf.aggregate(total, {0, SecretBytes(3)}), ErrorCode::kInvalidArgument))
    return "out share";
  for (const size_t n : lengths(vdaf.sizes().aggregate_share)) {
    AggregateShare wrong{SecretBytes(n)};
    if (!refused(vdaf.merge(total, wrong), ErrorCode::kMalformed) ||
        !refused(vdaf.merge(wrong, total), ErrorCode::kMalformed))
      return "aggregate share";
    auto totals = empty_totals(vdaf);
    totals[0] = {SecretBytes(n)};
    if (!refused(vdaf.unshard(totals, 1), ErrorCode::kMalformed)) return "share to unshard";
  }
  auto totals = empty_totals(vdaf);
  totals.pop_back();
  if (!refused(vdaf.unshard(totals, 1), ErrorCode::kInvalidArgument)) return "number of shares";
  if (!refused(vdaf.add_integers(total, std::vector<int64_t>(vdaf.dimension() + 1)),
               ErrorCode::kInvalidArgument))
    return "number of integers";
  return "";
}

}  // namespace sotto
