#include "store/migrations.hpp"

#include <array>
#include <string>

namespace sotto {
namespace {

// Records lie in the order in which they came, and the index alone is in the order of keys: keys
// are mostly random ids, and rows in their order would rewrite a page of neighbours for each.
constexpr std::array<const char*, 1> kMigrations = {
    R"(CREATE TABLE space (
         id INTEGER PRIMARY KEY,
         name TEXT NOT NULL UNIQUE
       ) STRICT;
       CREATE TABLE record (
         id INTEGER PRIMARY KEY,
         space INTEGER NOT NULL,
         key TEXT NOT NULL,
         bytes BLOB NOT NULL,
         UNIQUE (space, key)
       ) STRICT;)",
};

}  // namespace

std::span<const char* const> store_migrations() { return kMigrations; }

void migrate(Connection& connection, std::span<const char* const> migrations) {
  const auto version = [&] {
    return static_cast<size_t>(connection.integer("PRAGMA user_version"));
  };
  if (version() >= migrations.size()) return;
  WriteTransaction transaction(connection);
  // Read again: another process may have been faster.
  for (size_t next = version(); next < migrations.size(); ++next)
    connection.execute(migrations[next]);
  connection.execute("PRAGMA user_version = " + std::to_string(migrations.size()));
  connection.execute("PRAGMA application_id = " + std::to_string(kStoreApplicationId));
  transaction.commit();
}

}  // namespace sotto
