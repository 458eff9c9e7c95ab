#include "server/publication_json.hpp"

#include <boost/json.hpp>
#include <utility>

#include "privacy/accountant.hpp"

namespace sotto {

boost::json::object to_json(const Publication& publication) {
  boost::json::object object{
      {"sequence", publication.sequence}, {"parent", publication.parent},
      {"source", publication.source},     {"why", publication.why},
      {"releases", publication.releases}, {"reports", publication.reports},
      {"rho", publication.rho},           {"epsilon_at_1e-6", zcdp_epsilon(publication.rho, 1e-6)},
      {"drift", publication.drift}};
  if (const auto& metrics = publication.metrics)
    object["parent_metrics"] = {{"devices", metrics->devices},
                                {"hit_rate_10", metrics->hit_rate_10},
                                {"ndcg_100", metrics->ndcg_100},
                                {"reciprocal", metrics->reciprocal}};
  boost::json::array movers;
  for (const auto& [item, moved] : publication.movers)
    movers.push_back({{"item", item}, {"moved", moved}});
  object["movers"] = std::move(movers);
  return object;
}

}  // namespace sotto
