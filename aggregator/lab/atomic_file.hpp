// Writing files so that they are either complete or not there.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace sotto {

/// Writes to PATH.tmp, which commit() renames to PATH. Without commit the temporary file is
/// removed and PATH stays as it was. Thread safety: one thread at a time.
class AtomicFile {
 public:
  /// Creates the missing directories on the way. Errors: kIo.
  static Result<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) noexcept = delete;
  ~AtomicFile();

  /// Buffered; an error shows up in commit() at the latest.
  void write(std::string_view text);
  /// Whether everything so far could be written; to give up early on a full disk.
  bool healthy() const { return failure_ == 0; }

  /// Flushes to the disk and renames. To be called once. Errors: kIo.
  Status commit();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  AtomicFile(std::string path, std::FILE* file);
  std::string temporary_path() const { return path_ + ".tmp"; }
  void flush();

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;  // null once committed
  std::string buffer_;
  int failure_ = 0;  // errno of the first write that failed
};

}  // namespace sotto
