// How a crowd reaches its servers: over HTTP (http_transport.hpp), or in a test not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

struct CrowdCall {
  bool to_helper = false;  ///< Else to the leader.
  std::string method = "GET";
  std::string target;                                          ///< Path and query.
  std::vector<std::pair<std::string, std::string>> headers{};  ///< Names in lower case.
  std::shared_ptr<const Bytes> body{};                         ///< Null: none.
  std::optional<uint64_t> abort_after{};  ///< The connection is torn down after so many bytes.
};

struct CrowdReply {
  unsigned status = 0;
  std::optional<uint32_t> retry_after_s{};
  std::string etag{};  ///< As it was sent; empty without one.
  Bytes body{};
  uint64_t latency_us =
      0;  ///< From send() to the whole response, waiting for a connection included.
};

/// Thread safety: send from any thread.
class CrowdTransport {
 public:
  using Done = std::function<void(Result<CrowdReply>)>;
  virtual ~CrowdTransport() = default;
  /// done: called once, on any thread, also from within send. Errors: as HttpClient::send.
  virtual void send(CrowdCall call, Done done) = 0;
};

}  // namespace sotto
