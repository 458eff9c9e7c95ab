// What is asked of the tables of a store, in SQL. Everything here throws (connection.hpp).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/connection.hpp"
#include "store/store.hpp"

namespace sotto {

/// Within a transaction of the caller.
void apply_changes(Connection& connection, std::span<const StoreChange> changes);
void drop_space(Connection& connection, std::string_view space);

std::optional<Bytes> find_record(Connection& connection, std::string_view space,
                                 std::string_view key);
std::vector<KeyedRecord> list_records(Connection& connection, std::string_view space,
                                      std::string_view prefix);
std::vector<std::string> list_keys(Connection& connection, std::string_view space,
                                   std::string_view prefix);
std::vector<std::string> list_spaces(Connection& connection, std::string_view prefix);

}  // namespace sotto
