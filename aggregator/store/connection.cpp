#include "store/connection.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <cerrno>
#include <new>

namespace sotto {
namespace {

bool disk_is_full(int code, Connection* connection) {
  if (code == SQLITE_FULL) return true;
  // SQLite itself knows it of write() only; fsync() and the index of the WAL can find it out too.
  if (code != SQLITE_IOERR || connection == nullptr) return false;
  const int number = sqlite3_system_errno(connection->database().getHandle());
  return number == ENOSPC || number == EDQUOT;
}

bool is_damage(int code) {
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT ||
         code == SQLITE_MISMATCH || code == SQLITE_ERROR;  // no such table or column
}

}  // namespace

Connection::Connection(const std::string& path, int cache_kib)
    : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX, kBusyTimeoutMs) {
  // Negative: KiB. A file is not mapped, since a damaged one would end the process by a signal.
  execute("PRAGMA cache_size = " + std::to_string(-cache_kib));
  execute("PRAGMA mmap_size = 0");
  execute("PRAGMA temp_store = MEMORY");
  execute("PRAGMA trusted_schema = OFF");
  execute("PRAGMA cell_size_check = ON");
}

SQLite::Statement& Connection::statement(const char* sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  return statements_.try_emplace(sql, database_, sql).first->second;
}

void Connection::execute(const std::string& sql) { database_.exec(sql); }

int64_t Connection::integer(const char* sql) { return database_.execAndGet(sql).getInt64(); }

std::string Connection::text(const char* sql) { return database_.execAndGet(sql).getString(); }

Query::~Query() {
  statement_.tryReset();
  statement_.clearBindings();
}

Query& Query::bind(int parameter, int64_t value) {
  statement_.bind(parameter, value);
  return *this;
}

Query& Query::bind(int parameter, std::string_view text) {
  statement_.bind(parameter, std::string(text));
  return *this;
}

Query& Query::bind(int parameter, std::span<const uint8_t> bytes) {
  // A null pointer would be NULL, not the empty bytes.
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  statement_.bindNoCopy(parameter, data, static_cast<int>(bytes.size()));
  return *this;
}

int64_t Query::integer(int column) const { return statement_.getColumn(column).getInt64(); }

std::string Query::text(int column) const { return statement_.getColumn(column).getString(); }

Bytes Query::bytes(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto* data = static_cast<const uint8_t*>(value.getBlob());
  return data == nullptr ? Bytes() : Bytes(data, data + value.getBytes());
}

WriteTransaction::WriteTransaction(Connection& connection) : connection_(connection) {
  Query(connection_, "BEGIN IMMEDIATE").step();
}

WriteTransaction::~WriteTransaction() {
  // SQLite may have rolled back by itself, as it does when the disk is full.
  if (sqlite3_get_autocommit(connection_.database().getHandle()) == 0)
    connection_.database().tryExec("ROLLBACK");
}

void WriteTransaction::commit() { Query(connection_, "COMMIT").step(); }

Error store_error(const std::exception& failure, ErrorCode damaged, Connection* connection) {
  if (dynamic_cast<const std::bad_alloc*>(&failure) != nullptr)
    return {ErrorCode::kOutOfMemory, "store: out of memory"};
  const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&failure);
  if (sqlite == nullptr) return {ErrorCode::kIo, std::string("store: ") + failure.what()};
  const int code = sqlite->getErrorCode() & 0xff;
  if (disk_is_full(code, connection)) return {ErrorCode::kIo, "store: the disk is full"};
  if (code == SQLITE_NOMEM) return {ErrorCode::kOutOfMemory, "store: out of memory"};
  if (is_damage(code))
    return {damaged, std::string("store: the file is damaged or no store: ") + failure.what()};
  if (code == SQLITE_BUSY)
    return {ErrorCode::kIo, "store: busy: another program has been writing for too long"};
  return {ErrorCode::kIo, std::string("store: ") + failure.what()};
}

}  // namespace sotto
