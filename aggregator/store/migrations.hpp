// The schema of a store, as the numbered steps that made it; docs/store.md tells the tables.
#pragma once

#include <cstdint>
#include <span>

#include "store/connection.hpp"

namespace sotto {

/// In the header of the file (PRAGMA application_id): "SOTO".
constexpr int64_t kStoreApplicationId = 0x534F544F;

/// The step to version i + 1 (PRAGMA user_version) is element i. Steps that were released are
/// never changed: a new one is appended.
std::span<const char* const> store_migrations();

/// Carries out the steps that the file lacks, in one transaction. Throws.
void migrate(Connection& connection, std::span<const char* const> migrations);

}  // namespace sotto
