// The file of a store: how it is made, recognised, migrated and set.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "store/connection.hpp"
#include "store/migrations.hpp"

namespace sotto {

/// What tests and benchmarks choose otherwise.
struct SqliteOptions {
  /// Bytes, of new files. 16 KiB: see docs/store.md, "Figures".
  uint32_t page_size = 16384;
  /// The file grows to no more pages, as if the disk were full then. 0: SQLite's own limit.
  uint32_t most_pages = 0;
  /// The longest record; SQLite's own limit is 1e9 bytes for a whole row. A longer one is
  /// kInvalidArgument at commit.
  size_t most_record_bytes = size_t{512} << 20;
  std::span<const char* const> migrations = store_migrations();
};

/// Memory: the caches of the one writer and of each reader.
constexpr int kWriterCacheKib = 16 * 1024;
constexpr int kReaderCacheKib = 4 * 1024;

/// The WAL is copied into the file when it has as many bytes, and cut back to them. It grows beyond
/// while somebody reads an old state.
constexpr int64_t kWalBytes = int64_t{32} << 20;

enum class Opening {
  kAsItIs,  ///< For reading; an older schema stays.
  kUse,     ///< Migrated, in WAL mode.
  kMake,    ///< The same; a blank file becomes a store.
};

/// The file must exist. Errors: kMalformed when it is no store; kUnsupported when its schema is
/// newer than options.migrations; kIo.
Result<std::unique_ptr<Connection>> open_store_file(const std::string& path, Opening opening,
                                                    const SqliteOptions& options);

/// Whether open_store_file would migrate it (a blank one too). Errors: as there.
Result<bool> is_older_schema(const std::string& path, const SqliteOptions& options);

}  // namespace sotto
