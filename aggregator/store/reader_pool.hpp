// Connections for reading, so that readers wait neither for the writer nor for each other.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/connection.hpp"

namespace sotto {

/// Opens up to kMostReaders connections, as they are needed. Thread safety: every call from any
/// thread.
class ReaderPool {
 public:
  static constexpr size_t kMostReaders = 4;

  /// Gives its connection back at the end of its scope.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ~Lease() { pool_.give_back(std::move(connection_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& connection() { return *connection_; }

   private:
    ReaderPool& pool_;
    std::unique_ptr<Connection> connection_;
  };

  explicit ReaderPool(std::string path) : path_(std::move(path)) {}
  /// Waits while all of them are in use. Throws when a new one cannot be opened.
  Lease take();

 private:
  void give_back(std::unique_ptr<Connection> connection);

  std::string path_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::unique_ptr<Connection>> idle_;
  size_t n_open_ = 0;
};

}  // namespace sotto
