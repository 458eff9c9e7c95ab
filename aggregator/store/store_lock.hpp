// `<path>.lock`: who serves a store, and how often it has been served under this path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "store/private_file.hpp"

namespace sotto {

/// Held until it is destroyed, and never longer than its process lives (flock). The file, of mode
/// 0600, stays: it holds the number of starts as 20 decimal digits and a newline.
/// Thread safety: one thread at a time.
class StoreLock {
 public:
  /// store_path: resolved. Errors: kDisagreement when somebody holds it; kIo.
  static Result<StoreLock> take(const std::string& store_path);

  /// Absent when the file is new or does not hold a number. Errors: kIo.
  Result<std::optional<uint64_t>> starts() const;
  /// Durable when it returns. Errors: kIo.
  Status write_starts(uint64_t starts);

 private:
  StoreLock(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  FileDescriptor file_;
};

}  // namespace sotto
