#include "store/reader_pool.hpp"

#include "store/sqlite_file.hpp"

namespace sotto {

ReaderPool::Lease ReaderPool::take() {
  std::unique_lock lock(mutex_);
  given_back_.wait(lock, [&] { return !idle_.empty() || n_open_ < kMostReaders; });
  if (idle_.empty()) {
    auto connection = std::make_unique<Connection>(path_, kReaderCacheKib);
    connection->execute("PRAGMA query_only = ON");
    idle_.reserve(kMostReaders);  // so that giving back cannot fail
    ++n_open_;
    return {*this, std::move(connection)};
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return {*this, std::move(connection)};
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  given_back_.notify_one();
}

}  // namespace sotto
