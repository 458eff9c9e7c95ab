#include "store/sqlite_store.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <mutex>
#include <system_error>

#include "store/private_file.hpp"
#include "store/reader_pool.hpp"
#include "store/starts.hpp"
#include "store/store_lock.hpp"
#include "store/tables.hpp"

namespace sotto {
namespace {

// Until here the WAL grows without the writer waiting for those who read an old state.
constexpr int64_t kMostWalBytes = 4 * kWalBytes;

class SqliteStore final : public Store {
 public:
  SqliteStore(std::string path, std::optional<StoreLock> lock, std::unique_ptr<Connection> writer,
              size_t most_record_bytes)
      : path_(std::move(path)),
        most_record_bytes_(most_record_bytes),
        lock_(std::move(lock)),
        writer_(std::move(writer)),
        readers_(path_) {}

  Status commit(std::span<const StoreChange> changes) override;
  Status drop(std::string_view space) override;
  Result<std::optional<Bytes>> get(std::string_view space, std::string_view key) const override;
  Result<std::vector<KeyedRecord>> list(std::string_view space,
                                        std::string_view prefix) const override;
  Result<std::vector<std::string>> keys(std::string_view space,
                                        std::string_view prefix) const override;
  Result<std::vector<std::string>> spaces(std::string_view prefix) const override;

  Status begin_serving();

 private:
  template <class Work>
  Status write(Work work);
  template <class Work>
  auto read(Work work) const;
  void bound_wal();
  void shrink();

  const std::string path_;
  const size_t most_record_bytes_;
  std::optional<StoreLock> lock_;  // given back last
  std::mutex writer_mutex_;
  std::unique_ptr<Connection> writer_;
  int64_t wal_bytes_to_wait_at_ = kMostWalBytes;
  mutable ReaderPool readers_;
};

template <class Work>
Status SqliteStore::write(Work work) {
  const std::lock_guard lock(writer_mutex_);
  SOTTO_CHECK_OK(guarded(ErrorCode::kIo, writer_.get(), [&]() -> Status {
    WriteTransaction transaction(*writer_);
    work(*writer_);
    transaction.commit();
    return {};
  }));
  bound_wal();
  return {};
}

template <class Work>
auto SqliteStore::read(Work work) const {
  using Value = decltype(work(std::declval<Connection&>()));
  return guarded(ErrorCode::kIo, nullptr, [&]() -> Result<Value> {
    ReaderPool::Lease lease = readers_.take();
    return work(lease.connection());
  });
}

// SQLite copies the WAL into the file by itself, but begins it anew only when nobody reads from it
// at that moment; with readers all the time that might never be.
void SqliteStore::bound_wal() {
  std::error_code ignored;
  const auto size = std::filesystem::file_size(path_ + "-wal", ignored);
  if (ignored) return;
  if (static_cast<int64_t>(size) < kMostWalBytes) wal_bytes_to_wait_at_ = kMostWalBytes;
  if (static_cast<int64_t>(size) < wal_bytes_to_wait_at_) return;
  constexpr int kWaitMs = 100;
  SQLite::Database& database = writer_->database();
  const Status begun = guarded(ErrorCode::kIo, nullptr, [&]() -> Status {
    sqlite3_busy_timeout(database.getHandle(), kWaitMs);
    const bool busy = writer_->integer("PRAGMA wal_checkpoint(TRUNCATE)") != 0;
    return busy ? Status(ErrorCode::kIo, "store: somebody reads an old state") : Status();
  });
  sqlite3_busy_timeout(database.getHandle(), kBusyTimeoutMs);
  // A backup may read for minutes: it is waited for once in a while, not at every commit.
  wal_bytes_to_wait_at_ = begun.ok() ? kMostWalBytes : static_cast<int64_t>(size) + kMostWalBytes;
}

Status SqliteStore::commit(std::span<const StoreChange> changes) {
  for (const auto& [space, record] : changes) {
    if (!record.bytes || record.bytes->size() <= most_record_bytes_) continue;
    return {ErrorCode::kInvalidArgument, "store: record " + record.key + " of " + space + " has " +
                                             std::to_string(record.bytes->size()) +
                                             " bytes, at most " +
                                             std::to_string(most_record_bytes_) + " are possible"};
  }
  if (changes.empty()) return {};
  return write([&](Connection& connection) { apply_changes(connection, changes); });
}

Status SqliteStore::drop(std::string_view space) {
  return write([&](Connection& connection) { drop_space(connection, space); });
}

Result<std::optional<Bytes>> SqliteStore::get(std::string_view space, std::string_view key) const {
  return read([&](Connection& connection) { return find_record(connection, space, key); });
}

Result<std::vector<KeyedRecord>> SqliteStore::list(std::string_view space,
                                                   std::string_view prefix) const {
  return read([&](Connection& connection) { return list_records(connection, space, prefix); });
}

Result<std::vector<std::string>> SqliteStore::keys(std::string_view space,
                                                   std::string_view prefix) const {
  return read([&](Connection& connection) { return list_keys(connection, space, prefix); });
}

Result<std::vector<std::string>> SqliteStore::spaces(std::string_view prefix) const {
  return read([&](Connection& connection) { return list_spaces(connection, prefix); });
}

// The file gives its free pages back to the disk when they are more than a quarter. Where that
// fails, for want of room in the WAL say, it stays as large.
void SqliteStore::shrink() {
  const Status ignored = guarded(ErrorCode::kIo, nullptr, [&]() -> Status {
    const int64_t free = writer_->integer("PRAGMA freelist_count");
    if (4 * free > writer_->integer("PRAGMA page_count"))
      writer_->execute("PRAGMA incremental_vacuum");
    return {};
  });
  static_cast<void>(ignored);
}

Status SqliteStore::begin_serving() {
  SOTTO_CHECK_OK(count_start(*this, *lock_));
  shrink();
  return {};
}

Status find_file(const std::string& path, bool create) {
  std::error_code failure;
  const bool exists = std::filesystem::exists(path, failure);
  if (failure) return system_error(path, failure.value());
  if (!exists && !create) return {ErrorCode::kNotFound, "store: " + path + " does not exist"};
  return {};
}

// One that is there already may be what a crash has left empty: opening it tells.
Status make_file(const std::string& path) {
  Status made = create_private_file(path);
  if (made.ok() || made.error().code == ErrorCode::kInvalidArgument) return {};
  return made;
}

// Nobody but the one who serves a store may change its schema, nor whoever comes while it is
// served: the server would find tables that it does not know.
Result<std::optional<StoreLock>> lock_for(const std::string& path, StoreAccess access,
                                          const SqliteOptions& options) {
  if (access == StoreAccess::kShare) {
    std::error_code failure;
    if (std::filesystem::exists(path, failure)) {
      SOTTO_TRY(const bool older, is_older_schema(path, options));
      if (!older) return std::optional<StoreLock>();
    }
  }
  SOTTO_TRY(auto lock, StoreLock::take(path));
  return std::optional(std::move(lock));
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access,
                                                 bool create, const SqliteOptions& options) {
  SOTTO_TRY(const std::string resolved, resolve_path(path));
  SOTTO_CHECK_OK(find_file(resolved, create));
  SOTTO_TRY(auto lock, lock_for(resolved, access, options));
  if (create) SOTTO_CHECK_OK(make_file(resolved));
  // Before SQLite makes its files beside it, in the same mode.
  if (access == StoreAccess::kServe) SOTTO_CHECK_OK(make_private(resolved));
  SOTTO_TRY(auto writer,
            open_store_file(resolved, create ? Opening::kMake : Opening::kUse, options));
  if (access == StoreAccess::kShare) lock.reset();
  auto store = std::make_unique<SqliteStore>(resolved, std::move(lock), std::move(writer),
                                             options.most_record_bytes);
  if (access == StoreAccess::kServe) SOTTO_CHECK_OK(store->begin_serving());
  return std::unique_ptr<Store>(std::move(store));
}

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access,
                                                 bool create) {
  return open_sqlite_store(path, access, create, SqliteOptions());
}

}  // namespace sotto
