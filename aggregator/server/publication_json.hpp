// A publication, as the API and `sotto model list` describe it.
#pragma once

#include <boost/json/object.hpp>

#include "publishing/publisher.hpp"

namespace sotto {

/// {"sequence", "parent", "source", "why", "releases", "reports", "rho", "epsilon_at_1e-6",
/// "drift", "movers": [{"item", "moved"}]}, and "parent_metrics": {"devices", "hit_rate_10",
/// "ndcg_100", "reciprocal"} where they were released.
boost::json::object to_json(const Publication& publication);

}  // namespace sotto
