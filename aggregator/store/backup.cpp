#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "store/private_file.hpp"
#include "store/sqlite_file.hpp"
#include "store/starts.hpp"
#include "store/store.hpp"
#include "store/store_lock.hpp"
#include "store/tables.hpp"

namespace sotto {
namespace {

using Progress = std::function<void(double)>;

constexpr int64_t kStepBytes = int64_t{16} << 20;

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
}

// SQLite's file and those that it may leave beside it.
void remove_store_files(const std::string& path) {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + suffix, ignored);
}

/// A new file beside `path` that takes its name when it is complete, and vanishes if it never is.
class PartFile {
 public:
  explicit PartFile(const std::string& path) : target_(path), path_(path + ".part") {
    remove_store_files(path_);  // of an earlier attempt that was killed
  }
  ~PartFile() {
    if (!kept_) remove_store_files(path_);
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  const std::string& path() const { return path_; }
  Status keep() {
    SOTTO_CHECK_OK(sync_file(path_));
    std::error_code failure;
    std::filesystem::rename(path_, target_, failure);
    if (failure) return system_error(target_, failure.value());
    kept_ = true;
    return sync_folder(target_);
  }

 private:
  const std::string target_, path_;
  bool kept_ = false;
};

/// Keeps the name of a backup from others while it is made.
class ClaimedName {
 public:
  static Status claim(const std::string& path) { return create_private_file(path); }
  explicit ClaimedName(const std::string& path) : path_(path) {}
  ~ClaimedName() {
    std::error_code ignored;
    if (!used_) std::filesystem::remove(path_, ignored);
  }
  ClaimedName(const ClaimedName&) = delete;
  ClaimedName& operator=(const ClaimedName&) = delete;
  void use() { used_ = true; }

 private:
  const std::string path_;
  bool used_ = false;
};

void copy_pages(Connection& source, Connection& target, const Progress& progress) {
  target.execute("PRAGMA journal_mode = OFF");  // a copy that fails is deleted
  target.execute("PRAGMA synchronous = OFF");   // and synchronised when it is complete
  // One read transaction over all steps: else every commit of the server would begin the copy anew.
  source.execute("BEGIN");
  const int64_t page_size = source.integer("PRAGMA page_size");
  source.integer("SELECT count(*) FROM sqlite_schema");
  SQLite::Backup backup(target.database(), source.database());
  int code = SQLITE_OK;
  while (code != SQLITE_DONE) {
    code = backup.executeStep(static_cast<int>(kStepBytes / page_size));
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
      throw std::runtime_error("the copy cannot be written: its file is in use");
    const double total = std::max(1, backup.getTotalPageCount());
    if (progress) progress(1 - backup.getRemainingPageCount() / total);
  }
}

Status copy_store(const std::string& from, const std::string& to, const Progress& progress) {
  SOTTO_CHECK_OK(create_private_file(to));
  SOTTO_TRY(const auto source, open_store_file(from, Opening::kAsItIs, SqliteOptions()));
  return guarded(ErrorCode::kMalformed, nullptr, [&]() -> Status {
    Connection target(to, kReaderCacheKib);
    copy_pages(*source, target, progress);
    return {};
  });
}

// Checks a copy, marks it, and makes it one plain file that can be read from anywhere.
Status finish_copy(const std::string& from, const std::string& copy) {
  SOTTO_TRY(const auto connection, open_store_file(copy, Opening::kUse, SqliteOptions()));
  return guarded(ErrorCode::kMalformed, connection.get(), [&]() -> Status {
    const std::string found = connection->text("PRAGMA quick_check(1)");
    if (found != "ok") return {ErrorCode::kMalformed, "store: " + from + " is damaged: " + found};
    WriteTransaction transaction(*connection);
    apply_changes(*connection, std::vector<StoreChange>{restored_mark()});
    transaction.commit();
    if (connection->text("PRAGMA journal_mode = DELETE") != "delete")
      return {ErrorCode::kIo, "store: " + copy + " is in use"};
    return {};
  });
}

// What is committed in the WAL of the old file goes into it, so that until the very rename the old
// store is whole. One that is too damaged for that cannot be read anyhow.
void close_wal(const std::string& path) {
  {
    const auto old = open_store_file(path, Opening::kAsItIs, SqliteOptions());
    if (old.ok())
      static_cast<void>(guarded(ErrorCode::kIo, nullptr, [&]() -> Status {
        (*old)->execute("PRAGMA wal_checkpoint(TRUNCATE)");
        return {};
      }));
  }
  std::error_code ignored;
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path + suffix, ignored);
}

}  // namespace

Status backup_store(const std::string& from, const std::string& to, const Progress& progress) {
  SOTTO_TRY(const std::string source, resolve_path(from));
  SOTTO_TRY(const std::string target, resolve_path(to));
  if (!exists(source)) return {ErrorCode::kNotFound, "store: " + source + " does not exist"};
  SOTTO_CHECK_OK(ClaimedName::claim(target));
  ClaimedName name(target);
  PartFile part(target);
  SOTTO_CHECK_OK(copy_store(source, part.path(), progress));
  SOTTO_CHECK_OK(finish_copy(source, part.path()));
  SOTTO_CHECK_OK(part.keep());
  name.use();
  return {};
}

Status restore_store(const std::string& backup, const std::string& to, bool overwrite) {
  SOTTO_TRY(const std::string source, resolve_path(backup));
  SOTTO_TRY(const std::string target, resolve_path(to));
  if (!exists(source)) return {ErrorCode::kNotFound, "store: " + source + " does not exist"};
  if (source == target)
    return {ErrorCode::kInvalidArgument, "store: the backup and the store are the same file"};
  SOTTO_TRY(const auto lock, StoreLock::take(target));
  if (exists(target) && !overwrite)
    return {ErrorCode::kInvalidArgument, "store: " + target + " exists already"};
  PartFile part(target);
  SOTTO_CHECK_OK(copy_store(source, part.path(), {}));
  SOTTO_CHECK_OK(finish_copy(source, part.path()));
  if (exists(target)) close_wal(target);
  return part.keep();
}

}  // namespace sotto
