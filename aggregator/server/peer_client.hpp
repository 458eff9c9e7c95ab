// The leader's line to its helper: signed requests, checked answers, no retries of its own.
// Thread safety: every call from any thread.
#pragma once

#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "crypto/sign.hpp"
#include "http/client.hpp"

namespace sotto {

class PeerClient {
 public:
  /// All lent for the life of the object. peer: the helper's pinned identity.
  PeerClient(HttpClient& http, HttpOrigin origin, const Identity& identity, IdentityKey peer,
             const Clock& clock);

  using Done = std::function<void(Result<Bytes>)>;
  /// done: on a thread of the HTTP client. The body of a 200 whose signature is the helper's, or
  /// the error of the helper's (signed) problem document; kIo for everything that may be better
  /// next time: no connection, a timeout, an answer that is not signed (a proxy's), 429 and 503.
  void send(std::string method, std::string path, SharedBytes body, Done done);
  /// send, and waits for it.
  Result<Bytes> call(std::string method, std::string path, SharedBytes body);

 private:
  HttpClient& http_;
  HttpOrigin origin_;
  const Identity& identity_;
  IdentityKey peer_;
  const Clock& clock_;
};

}  // namespace sotto
