// The malicious visitors of one task: lab/attacker.hpp over a task that was published by others.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "crowd/site_client.hpp"
#include "events/histories.hpp"
#include "lab/attacker.hpp"

namespace sotto {

/// What a crowd's people have done before they come: items by number, and the numbers' ids.
struct CrowdPeople {
  Histories histories;  ///< Oldest first; visitor n has histories[n % size()].
  std::vector<std::string> item_ids;

  std::span<const uint32_t> of(uint32_t visitor) const {
    return histories[visitor % histories.size()];
  }
};

/// Thread safety: immutable; each thread brings its own entropy source.
class Attackers {
 public:
  /// poison.item is chosen here, for boost: the item of median popularity, as the model publishes
  /// it. Errors: those of Attacker::create and decode_layout.
  static Result<std::unique_ptr<const Attackers>> create(Poison poison, const CrowdPeople& people,
                                                         std::shared_ptr<const OpenTask> task,
                                                         const PinnedSite& pinned, int64_t now_ms);

  /// As Attacker::report and, drawing the same, Attacker::wish.
  Result<Bytes> report(uint32_t visitor, int64_t now_ms, EntropySource& entropy) const;
  Result<std::vector<int64_t>> wish(uint32_t visitor, EntropySource& entropy) const;

 private:
  Attackers() = default;
  uint32_t person(uint32_t visitor) const {
    return static_cast<uint32_t>(visitor % histories_.size());
  }

  std::shared_ptr<const OpenTask> task_;
  Histories histories_;  // in rows of the model that the layout knows
  Matrix items_;
  SumJob job_;
  std::optional<Attacker> attacker_;
};

}  // namespace sotto
