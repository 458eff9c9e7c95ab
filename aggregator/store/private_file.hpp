// Files that only their owner may read, and what SQLite leaves to us: paths, durable names.
// Errors: kIo with the path and the system's reason; "store: the disk is full" where that is it.
#pragma once

#include <string>
#include <utility>

#include "base/result.hpp"

namespace sotto {

/// Owns an open file. Thread safety: one thread at a time.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number = -1) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();
  int number() const { return number_; }

 private:
  int number_;
};

/// The error of a system call on `path` that has just set errno.
Error system_error(const std::string& path, int number);

/// Absolute, without links: what stands beside a store stands beside the file itself, however it is
/// called, and no path is taken for one of SQLite's URIs.
Result<std::string> resolve_path(const std::string& path);

/// An empty file of mode 0600 whose name is durable. kInvalidArgument when it exists.
Status create_private_file(const std::string& path);

/// Takes everybody else's access to a file away.
Status make_private(const std::string& path);

/// Makes the contents of a file durable.
Status sync_file(const std::string& path);
/// Makes the names in the folder of `path` durable.
Status sync_folder(const std::string& path);

}  // namespace sotto
