#include "lab/atomic_file.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sotto {
namespace {

constexpr size_t kBufferSize = 1u << 20;

Error io_error(const std::string& path, int number) {
  return {ErrorCode::kIo, path + ": " + std::strerror(number)};
}

}  // namespace

AtomicFile::AtomicFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {
  buffer_.reserve(kBufferSize);
}

AtomicFile::~AtomicFile() {
  if (file_ == nullptr) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(temporary_path(), ignored);
}

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  std::error_code failure;
  if (!directory.empty()) std::filesystem::create_directories(directory, failure);
  if (failure) return Error{ErrorCode::kIo, directory.string() + ": " + failure.message()};
  const std::string temporary = path + ".tmp";
  std::FILE* file = std::fopen(temporary.c_str(), "wb");
  if (file == nullptr) return io_error(temporary, errno);
  return AtomicFile(path, file);
}

void AtomicFile::write(std::string_view text) {
  if (buffer_.size() + text.size() > kBufferSize) flush();
  buffer_ += text;
}

void AtomicFile::flush() {
  errno = 0;
  if (failure_ == 0 &&
      std::fwrite(buffer_.data(), 1, buffer_.size(), file_.get()) != buffer_.size())
    failure_ = errno != 0 ? errno : EIO;
  buffer_.clear();
}

Status AtomicFile::commit() {
  flush();
  if (failure_ != 0) return io_error(temporary_path(), failure_);
  // A rename may reach the disk before the data does, so the data goes first.
  if (std::fflush(file_.get()) != 0 || fsync(fileno(file_.get())) != 0)
    return io_error(temporary_path(), errno);
  if (std::rename(temporary_path().c_str(), path_.c_str()) != 0) return io_error(path_, errno);
  file_.reset();
  return {};
}

}  // namespace sotto
