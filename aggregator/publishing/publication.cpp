#include <algorithm>
#include <array>
#include <cmath>

#include "base/bytes.hpp"
#include "catalog/item_index.hpp"
#include "publishing/publisher.hpp"
#include "publishing/stored.hpp"

namespace sotto {
namespace {

constexpr StoredKind kPublication{"sotto publication", 1, "publication"};
constexpr uint64_t kMaxWhy = 32;
constexpr uint64_t kMaxManifest = 4096;

Error malformed(const char* field) {
  return {ErrorCode::kMalformed, std::string("publication: ") + field};
}

Result<double> get_finite(ByteReader& in, const char* what) {
  SOTTO_TRY(const auto value, in.get<double>(what));
  if (!std::isfinite(value)) return malformed("a number is not finite");
  return value;
}

Status get_metrics(ByteReader& in, std::optional<PrequentialRelease>& metrics) {
  SOTTO_TRY(const auto present, in.get<uint8_t>("publication: metrics"));
  if (present > 1) return malformed("metrics");
  if (present == 0) return {};
  metrics.emplace();
  for (double* value :
       {&metrics->devices, &metrics->hit_rate_10, &metrics->ndcg_100, &metrics->reciprocal}) {
    SOTTO_TRY(*value, get_finite(in, "publication: metrics"));
  }
  return {};
}

Status get_movers(ByteReader& in, std::vector<std::pair<std::string, double>>& movers) {
  SOTTO_TRY(const auto n, in.get<uint8_t>("publication: movers"));
  for (uint8_t j = 0; j < n; ++j) {
    SOTTO_TRY(auto id, in.get_string(ItemIndex::kMaxIdLength, "publication: mover"));
    SOTTO_TRY(const double move, get_finite(in, "publication: mover"));
    movers.emplace_back(std::move(id), move);
  }
  return {};
}

Status check(const Publication& publication) {
  if (publication.sequence < 1) return malformed("sequence");
  if (publication.parent >= publication.sequence) return malformed("parent");
  if (publication.source >= publication.sequence) return malformed("source");
  if (publication.why.empty()) return malformed("why");
  if (publication.rho < 0 || publication.drift < 0) return malformed("a number is negative");
  return {};
}

}  // namespace

Bytes encode_publication(const Publication& publication) {
  ByteWriter out;
  begin_record(out, kPublication);
  for (const uint64_t number :
       {publication.sequence, publication.parent, publication.source, publication.releases})
    out.put<uint64_t>(number);
  out.put_string(publication.why);
  out.put<double>(publication.rho);
  out.put<uint64_t>(publication.reports);
  out.put<uint8_t>(publication.metrics ? 1 : 0);
  if (const auto& metrics = publication.metrics)
    for (const double value :
         {metrics->devices, metrics->hit_rate_10, metrics->ndcg_100, metrics->reciprocal})
      out.put<double>(value);
  out.put<double>(publication.drift);
  const size_t n_movers = std::min<size_t>(publication.movers.size(), UINT8_MAX);
  out.put<uint8_t>(static_cast<uint8_t>(n_movers));
  for (size_t j = 0; j < n_movers; ++j) {
    out.put_string(publication.movers[j].first);
    out.put<double>(publication.movers[j].second);
  }
  out.put_array(std::span<const uint8_t>(publication.manifest));
  return std::move(out).bytes();
}

Result<Publication> decode_publication(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(begin_record(in, kPublication));
  Publication publication;
  for (uint64_t* number :
       {&publication.sequence, &publication.parent, &publication.source, &publication.releases}) {
    SOTTO_TRY(*number, in.get<uint64_t>("publication: lineage"));
  }
  SOTTO_TRY(publication.why, in.get_string(kMaxWhy, "publication: why"));
  SOTTO_TRY(publication.rho, get_finite(in, "publication: rho"));
  SOTTO_TRY(publication.reports, in.get<uint64_t>("publication: reports"));
  SOTTO_CHECK_OK(get_metrics(in, publication.metrics));
  SOTTO_TRY(publication.drift, get_finite(in, "publication: drift"));
  SOTTO_CHECK_OK(get_movers(in, publication.movers));
  SOTTO_TRY(publication.manifest, in.get_array<uint8_t>(kMaxManifest, "publication: manifest"));
  SOTTO_CHECK_OK(in.finish("publication"));
  SOTTO_CHECK_OK(check(publication));
  return publication;
}

}  // namespace sotto
