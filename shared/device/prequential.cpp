#include "device/prequential.hpp"

#include <cmath>
#include <numbers>
#include <utility>

namespace sotto {
namespace {

constexpr uint8_t kFormat = 1;
constexpr uint32_t kHitList = 10;
constexpr uint32_t kNdcgList = 100;

}  // namespace

void Prequential::add(const Placement& placement) {
  if (placements_.size() == kReach) placements_.erase(placements_.begin());
  placements_.push_back(placement);
}

PrequentialMeans Prequential::means(int64_t since_ms) const {
  PrequentialMeans means;
  for (const Placement& placement : placements_) {
    if (placement.time_ms < since_ms) continue;
    ++means.n;
    if (placement.rank < kHitList) means.hit_rate_10 += 1;
    if (placement.rank < kNdcgList)
      means.ndcg_100 += std::numbers::ln2 / std::log(2.0 + placement.rank);
    means.reciprocal += 1 / (1.0 + placement.rank);
  }
  if (means.n == 0) return means;
  means.hit_rate_10 /= means.n;
  means.ndcg_100 /= means.n;
  means.reciprocal /= means.n;
  return means;
}

std::vector<float> Prequential::coordinates(int64_t since_ms) const {
  static_assert(kPrequentialMetrics == 4);
  const PrequentialMeans m = means(since_ms);
  if (m.n == 0) return std::vector<float>(kPrequentialMetrics, 0);
  return {1, static_cast<float>(m.hit_rate_10), static_cast<float>(m.ndcg_100),
          static_cast<float>(m.reciprocal)};
}

KeyedRecord Prequential::record() const {
  ByteWriter out;
  out.put<uint8_t>(kFormat);
  out.put<uint16_t>(static_cast<uint16_t>(placements_.size()));
  for (const Placement& placement : placements_) {
    out.put<int64_t>(placement.time_ms);
    out.put<uint32_t>(placement.rank);
    out.put<uint32_t>(placement.candidates);
  }
  return {kKey, std::move(out).bytes()};
}

Result<Prequential> Prequential::read(std::span<const uint8_t> record) {
  ByteReader in(record);
  SOTTO_TRY(const auto format, in.get<uint8_t>("prequential"));
  if (format != kFormat) return Error{ErrorCode::kUnsupported, "prequential: unknown format"};
  SOTTO_TRY(const auto n, in.get<uint16_t>("prequential"));
  if (n > kReach) return Error{ErrorCode::kMalformed, "prequential: too many placements"};
  Prequential prequential;
  for (uint16_t j = 0; j < n; ++j) {
    Placement placement;
    SOTTO_TRY(placement.time_ms, in.get<int64_t>("prequential"));
    SOTTO_TRY(placement.rank, in.get<uint32_t>("prequential"));
    SOTTO_TRY(placement.candidates, in.get<uint32_t>("prequential"));
    if (placement.rank >= placement.candidates)
      return Error{ErrorCode::kMalformed, "prequential: a rank beyond the candidates"};
    prequential.placements_.push_back(placement);
  }
  SOTTO_CHECK_OK(in.finish("prequential"));
  return prequential;
}

}  // namespace sotto
