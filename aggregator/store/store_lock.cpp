#include "store/store_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <system_error>

namespace sotto {
namespace {

constexpr size_t kDigits = 20;  // of 2^64 - 1

}  // namespace

Result<StoreLock> StoreLock::take(const std::string& store_path) {
  std::string path = store_path + ".lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (file.number() < 0) return system_error(path, errno);
  if (::flock(file.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return system_error(path, errno);
    return Error{ErrorCode::kDisagreement,
                 "store: another server holds " + path + ": one store has one server"};
  }
  SOTTO_CHECK_OK(make_private(path));
  return StoreLock(std::move(path), std::move(file));
}

Result<std::optional<uint64_t>> StoreLock::starts() const {
  std::array<char, kDigits + 1> text{};
  const ssize_t size = ::pread(file_.number(), text.data(), text.size(), 0);
  if (size < 0) return system_error(path_, errno);
  uint64_t starts = 0;
  const char* const end = text.data() + kDigits;
  const auto [rest, failure] = std::from_chars(text.data(), end, starts);
  if (static_cast<size_t>(size) != text.size() || failure != std::errc() || rest != end ||
      *end != '\n')
    return std::optional<uint64_t>();
  return std::optional(starts);
}

Status StoreLock::write_starts(uint64_t starts) {
  // Always as long, in one sector: a crash leaves the old number or the new one.
  std::array<char, kDigits + 2> text{};
  std::snprintf(text.data(), text.size(), "%020llu\n", static_cast<unsigned long long>(starts));
  errno = 0;
  const ssize_t size = ::pwrite(file_.number(), text.data(), kDigits + 1, 0);
  if (size != kDigits + 1) return system_error(path_, errno != 0 ? errno : ENOSPC);
  if (::fsync(file_.number()) != 0) return system_error(path_, errno);
  return sync_folder(path_);
}

}  // namespace sotto
