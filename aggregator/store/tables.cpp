#include "store/tables.hpp"

#include <functional>
#include <map>

namespace sotto {
namespace {

constexpr const char* kFindSpace = "SELECT id FROM space WHERE name = ?1";

std::optional<int64_t> find_space(Connection& connection, std::string_view name) {
  Query query(connection, kFindSpace);
  if (!query.bind(1, name).step()) return std::nullopt;
  return query.integer(0);
}

int64_t make_space(Connection& connection, std::string_view name) {
  Query query(connection, "INSERT INTO space (name) VALUES (?1) RETURNING id");
  query.bind(1, name).step();
  const int64_t id = query.integer(0);
  query.step();
  return id;
}

// The ids of one transaction only: between two of them another process may drop a space.
class SpaceIds {
 public:
  explicit SpaceIds(Connection& connection) : connection_(connection) {}

  std::optional<int64_t> find(const std::string& name) {
    const auto known = ids_.find(name);
    if (known != ids_.end()) return known->second;
    const auto id = find_space(connection_, name);
    if (id) ids_.emplace(name, *id);
    return id;
  }
  int64_t find_or_make(const std::string& name) {
    if (const auto id = find(name)) return *id;
    return ids_.emplace(name, make_space(connection_, name)).first->second;
  }

 private:
  Connection& connection_;
  std::map<std::string_view, int64_t> ids_;  // names of the changes, which outlive this
};

void put_record(Connection& connection, int64_t space, const KeyedRecord& record) {
  Query(connection,
        "INSERT INTO record (space, key, bytes) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (space, key) DO UPDATE SET bytes = excluded.bytes")
      .bind(1, space)
      .bind(2, record.key)
      .bind(3, *record.bytes)
      .step();
}

void delete_record(Connection& connection, int64_t space, const std::string& key) {
  Query(connection, "DELETE FROM record WHERE space = ?1 AND key = ?2")
      .bind(1, space)
      .bind(2, key)
      .step();
}

// The least text that is above everything with this prefix; absent when nothing is.
std::optional<std::string> end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<uint8_t>(end.back()) == 0xff) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

// Parameters `first` and `first` + 1 of `x >= ? AND x < ?`, which the index answers, as it would
// not a pattern with wildcards.
void bind_prefix(Query& query, int first, std::string_view prefix) {
  query.bind(first, prefix);
  if (const auto end = end_of_prefix(prefix)) {
    query.bind(first + 1, *end);
  } else {
    query.bind(first + 1, std::span<const uint8_t>());  // in SQLite any blob is above any text
  }
}

template <class Row>
void for_each_record(Connection& connection, const char* sql, std::string_view space,
                     std::string_view prefix, Row row) {
  Query query(connection, sql);
  query.bind(1, space);
  bind_prefix(query, 2, prefix);
  while (query.step()) row(query);
}

}  // namespace

void apply_changes(Connection& connection, std::span<const StoreChange> changes) {
  SpaceIds ids(connection);
  for (const auto& [space, record] : changes) {
    if (record.bytes) {
      put_record(connection, ids.find_or_make(space), record);
    } else if (const auto id = ids.find(space)) {
      delete_record(connection, *id, record.key);
    }
  }
}

void drop_space(Connection& connection, std::string_view space) {
  const auto id = find_space(connection, space);
  if (!id) return;
  Query(connection, "DELETE FROM record WHERE space = ?1").bind(1, *id).step();
  Query(connection, "DELETE FROM space WHERE id = ?1").bind(1, *id).step();
}

std::optional<Bytes> find_record(Connection& connection, std::string_view space,
                                 std::string_view key) {
  Query query(connection,
              "SELECT bytes FROM record "
              "WHERE space = (SELECT id FROM space WHERE name = ?1) AND key = ?2");
  if (!query.bind(1, space).bind(2, key).step()) return std::nullopt;
  return query.bytes(0);
}

std::vector<KeyedRecord> list_records(Connection& connection, std::string_view space,
                                      std::string_view prefix) {
  std::vector<KeyedRecord> records;
  for_each_record(connection,
                  "SELECT key, bytes FROM record WHERE space = (SELECT id FROM space "
                  "WHERE name = ?1) AND key >= ?2 AND key < ?3 ORDER BY key",
                  space, prefix, [&](Query& row) {
                    records.push_back({row.text(0), row.bytes(1)});
                  });
  return records;
}

std::vector<std::string> list_keys(Connection& connection, std::string_view space,
                                   std::string_view prefix) {
  std::vector<std::string> keys;
  for_each_record(connection,
                  "SELECT key FROM record WHERE space = (SELECT id FROM space "
                  "WHERE name = ?1) AND key >= ?2 AND key < ?3 ORDER BY key",
                  space, prefix, [&](Query& row) { keys.push_back(row.text(0)); });
  return keys;
}

std::vector<std::string> list_spaces(Connection& connection, std::string_view prefix) {
  std::vector<std::string> names;
  Query query(connection,
              "SELECT name FROM space WHERE name >= ?1 AND name < ?2 AND EXISTS "
              "(SELECT 1 FROM record WHERE record.space = space.id) ORDER BY name");
  bind_prefix(query, 1, prefix);
  while (query.step()) names.push_back(query.text(0));
  return names;
}

}  // namespace sotto
