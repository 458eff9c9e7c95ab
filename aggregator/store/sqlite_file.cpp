#include "store/sqlite_file.hpp"

#include <stdexcept>

namespace sotto {
namespace {

bool is_blank(Connection& connection) {
  return connection.integer("PRAGMA application_id") == 0 &&
         connection.integer("PRAGMA user_version") == 0 &&
         connection.integer("SELECT count(*) FROM sqlite_schema") == 0;
}

// Before anything is changed: a file of others stays as it is.
Status recognise(Connection& connection, const std::string& path, const SqliteOptions& options) {
  if (connection.integer("PRAGMA application_id") != kStoreApplicationId)
    return {ErrorCode::kMalformed, "store: " + path + " is no store of Sotto"};
  const int64_t version = connection.integer("PRAGMA user_version");
  const auto newest = static_cast<int64_t>(options.migrations.size());
  if (version < 1)
    return {ErrorCode::kMalformed, "store: " + path + " has no version of its schema"};
  if (version > newest)
    return {ErrorCode::kUnsupported, "store: " + path + " has version " + std::to_string(version) +
                                         " of the schema, this program knows up to " +
                                         std::to_string(newest)};
  return {};
}

void set_for_writing(Connection& connection, const SqliteOptions& options) {
  if (connection.text("PRAGMA journal_mode = WAL") != "wal")
    throw std::runtime_error("the file system does not allow write-ahead logging");
  connection.execute("PRAGMA synchronous = FULL");
  connection.execute("PRAGMA secure_delete = FAST");
  const int64_t page_size = connection.integer("PRAGMA page_size");
  connection.execute("PRAGMA wal_autocheckpoint = " + std::to_string(kWalBytes / page_size));
  connection.execute("PRAGMA journal_size_limit = " + std::to_string(kWalBytes));
  if (options.most_pages > 0)
    connection.execute("PRAGMA max_page_count = " + std::to_string(options.most_pages));
}

// Both can be chosen only while there is no page.
void set_for_making(Connection& connection, const SqliteOptions& options) {
  connection.execute("PRAGMA page_size = " + std::to_string(options.page_size));
  connection.execute("PRAGMA auto_vacuum = INCREMENTAL");
}

// A file may bear our id and lack our tables.
void find_tables(Connection& connection) {
  connection.execute(
      "SELECT id, name FROM space LIMIT 0; SELECT id, space, key, bytes FROM record LIMIT 0");
}

}  // namespace

Result<std::unique_ptr<Connection>> open_store_file(const std::string& path, Opening opening,
                                                    const SqliteOptions& options) {
  std::unique_ptr<Connection> connection;
  const Status status = guarded(ErrorCode::kMalformed, nullptr, [&]() -> Status {
    connection = std::make_unique<Connection>(path, kWriterCacheKib);
    return {};
  });
  SOTTO_CHECK_OK(status);
  const Status ready = guarded(ErrorCode::kMalformed, connection.get(), [&]() -> Status {
    if (opening == Opening::kMake && is_blank(*connection)) {
      set_for_making(*connection, options);
    } else {
      SOTTO_CHECK_OK(recognise(*connection, path, options));
    }
    if (opening == Opening::kAsItIs) return {};
    set_for_writing(*connection, options);
    migrate(*connection, options.migrations);
    find_tables(*connection);
    return {};
  });
  SOTTO_CHECK_OK(ready);
  return connection;
}

Result<bool> is_older_schema(const std::string& path, const SqliteOptions& options) {
  return guarded(ErrorCode::kMalformed, nullptr, [&]() -> Result<bool> {
    Connection connection(path, kReaderCacheKib);
    const int64_t version = connection.integer("PRAGMA user_version");
    return version < static_cast<int64_t>(options.migrations.size());
  });
}

}  // namespace sotto
