// One connection to an SQLite file, with its cached statements. What is in here throws
// SQLite::Exception; `guarded` is where that ends, so that nothing escapes the room.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <exception>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// Other processes are operators' commands and the migration of a schema: all of them short.
constexpr int kBusyTimeoutMs = 10'000;

/// Thread safety: one thread at a time.
class Connection {
 public:
  /// Reads and writes, where the file's mode allows it; never makes a file.
  /// cache_kib: the most that it keeps of the file in memory. Waits for other processes for
  /// kBusyTimeoutMs.
  Connection(const std::string& path, int cache_kib);

  SQLite::Database& database() { return database_; }
  /// sql: a literal; prepared once.
  SQLite::Statement& statement(const char* sql);
  void execute(const std::string& sql);
  /// The first column of the first row.
  int64_t integer(const char* sql);
  std::string text(const char* sql);

 private:
  SQLite::Database database_;
  std::map<std::string_view, SQLite::Statement> statements_;
};

/// One use of a cached statement. Columns count from 0, parameters from 1, as in SQLite.
class Query {
 public:
  Query(Connection& connection, const char* sql) : statement_(connection.statement(sql)) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(int parameter, int64_t value);
  Query& bind(int parameter, std::string_view text);
  /// Not copied: `bytes` must live as long as this.
  Query& bind(int parameter, std::span<const uint8_t> bytes);
  /// Whether there is a (further) row.
  bool step() { return statement_.executeStep(); }

  int64_t integer(int column) const;
  std::string text(int column) const;
  Bytes bytes(int column) const;

 private:
  SQLite::Statement& statement_;
};

/// Begins at once as a writer, so that it never fails half way for want of the lock; rolled back at
/// the end of its scope unless committed.
class WriteTransaction {
 public:
  explicit WriteTransaction(Connection& connection);
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;
  void commit();

 private:
  Connection& connection_;
};

/// damaged: the code when the file is no database, or a broken one, or has not our tables.
/// connection: may be null; knows the system's reason.
Error store_error(const std::exception& failure, ErrorCode damaged, Connection* connection);

/// Runs work(), which returns a Status or Result, and turns what it throws into an Error.
template <class Work>
auto guarded(ErrorCode damaged, Connection* connection, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& failure) {
    return store_error(failure, damaged, connection);
  }
}

}  // namespace sotto
