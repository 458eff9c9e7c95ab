#include "store/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace sotto {
namespace {

Status sync_opened(const std::string& path, int flags) {
  const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.number() < 0 || ::fsync(file.number()) != 0) return system_error(path, errno);
  return {};
}

}  // namespace

FileDescriptor::~FileDescriptor() {
  if (number_ >= 0) ::close(number_);
}

Error system_error(const std::string& path, int number) {
  if (number == ENOSPC || number == EDQUOT) return {ErrorCode::kIo, "store: the disk is full"};
  return {ErrorCode::kIo, "store: " + path + ": " + std::generic_category().message(number)};
}

Result<std::string> resolve_path(const std::string& path) {
  if (path.empty()) return Error{ErrorCode::kInvalidArgument, "store: the path is empty"};
  std::error_code failure;
  const auto absolute = std::filesystem::absolute(path, failure);
  if (failure) return system_error(path, failure.value());
  const auto resolved = std::filesystem::weakly_canonical(absolute, failure);
  if (failure) return system_error(path, failure.value());
  return resolved.string();
}

Status create_private_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.number() < 0 && errno == EEXIST)
    return {ErrorCode::kInvalidArgument, "store: " + path + " exists already"};
  if (file.number() < 0) return system_error(path, errno);
  return sync_folder(path);
}

Status make_private(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return system_error(path, errno);
  if ((file.st_mode & 0777) == 0600) return {};
  if (::chmod(path.c_str(), 0600) != 0) return system_error(path, errno);
  return {};
}

Status sync_file(const std::string& path) { return sync_opened(path, O_RDONLY); }

Status sync_folder(const std::string& path) {
  return sync_opened(std::filesystem::path(path).parent_path().string(), O_RDONLY | O_DIRECTORY);
}

}  // namespace sotto
