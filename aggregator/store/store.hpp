// What a server keeps on disk: keyed records in named spaces, changed in transactions.
//
// Everything that a server must not forget is a record: a key (ASCII) and bytes, in a space. What
// records there are and what stands in them is the business of the room that owns the space, and
// documented there:
//   "task/<task id in hex>"   one role's state of one task (protocol/*_role.hpp)
//   "tasks"                   task files, and what became of them (server/)
//   "release", "publication", "file", "form"   what was collected and published (publishing/)
//   "audit", "token", "hpke", "server", "course"   operation and training (server/)
//   "store"                   this room's own: starts and restored (docs/store.md)
// A change is one list of records for any number of spaces: it is durable as a whole when commit
// returns, or nothing of it has happened. That is the whole contract, so that another database can
// stand behind it.
//
// Thread safety: every call from any thread; commits are carried out one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/keyed_record.hpp"
#include "base/result.hpp"

namespace sotto {

/// One record of one space to put or to delete.
struct StoreChange {
  std::string space;
  KeyedRecord record;

  bool operator==(const StoreChange&) const = default;
};

/// The key of a numbered record: 16 lower-case hex digits, so that keys ascend as numbers do.
std::string sequence_key(uint64_t number);

class Store {
 public:
  virtual ~Store() = default;

  /// All or nothing, durable when it returns. Later changes of a key win over earlier ones.
  /// Errors: kIo ("store: the disk is full" when it is), kOutOfMemory; kInvalidArgument for a
  /// record of more than 512 MiB. Then nothing has changed.
  virtual Status commit(std::span<const StoreChange> changes) = 0;
  /// Deletes a space with everything in it. Errors: as commit.
  virtual Status drop(std::string_view space) = 0;

  /// Absent when there is none. Errors (here and below): kIo, kOutOfMemory.
  virtual Result<std::optional<Bytes>> get(std::string_view space, std::string_view key) const = 0;
  /// Records whose key begins with `prefix`, ascending by key (bytewise).
  virtual Result<std::vector<KeyedRecord>> list(std::string_view space,
                                                std::string_view prefix) const = 0;
  /// The same without the bytes, which are not read.
  virtual Result<std::vector<std::string>> keys(std::string_view space,
                                                std::string_view prefix) const = 0;
  /// Names of spaces that have records, ascending.
  virtual Result<std::vector<std::string>> spaces(std::string_view prefix) const = 0;
};

enum class StoreAccess {
  kServe,  ///< The one server of this store: holds `<path>.lock` until it is closed.
  kShare,  ///< Beside a server that may be running: operators' commands, backups.
};

/// The store as one SQLite file (WAL, synchronous FULL), see docs/store.md for its tables.
/// create: makes the file (mode 0600) when it is missing. Migrates older schemas, in one
/// transaction, and only while no server holds the store. Whoever serves takes everybody else's
/// access to the files away (mode 0600).
/// Errors: kNotFound when it is missing and not to be made; kIo; kDisagreement when another server
/// holds it; kUnsupported for a schema newer than this program's; kMalformed for what is no store.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access,
                                                 bool create);

/// Copies a store, also one that a server is using, to a new file (mode 0600), as of one moment.
/// The copy is checked, and marked as restored: whoever serves it has put it back.
/// progress: share done; may be empty. Errors: kIo; kInvalidArgument when `to` exists; those of
/// opening `from`, and kMalformed when it is damaged.
Status backup_store(const std::string& from, const std::string& to,
                    const std::function<void(double)>& progress);

/// Puts a backup in the place of `to`, which no server may hold and which must not exist unless
/// `overwrite`. Marks it as restored: the server abandons every task that was open when the backup
/// was made (was_restored), since what it has given out since then is unknown.
/// What was there stays whole until the backup has been copied and checked.
/// Errors: kIo, kInvalidArgument, kNotFound, kDisagreement, kMalformed, kUnsupported.
Status restore_store(const std::string& backup, const std::string& to, bool overwrite);

/// Whether the store was put back from a backup since clear_restored, or is older than the last
/// one that a server has served under this path (whoever copies files by hand is found out by the
/// number of starts that stands in the store and in `<path>.lock`), or was served before and has
/// lost that lock file. Errors: kIo.
Result<bool> was_restored(const Store& store);
/// Errors: as commit.
Status clear_restored(Store& store);

}  // namespace sotto
