// A crowd's transport over HTTP.
#pragma once

#include <optional>

#include "crowd/transport.hpp"
#include "http/client.hpp"

namespace sotto {

class HttpTransport final : public CrowdTransport {
 public:
  /// helper: absent: calls to it fail with kNotFound.
  HttpTransport(HttpOrigin leader, std::optional<HttpOrigin> helper,
                const HttpClientOptions& options);
  void send(CrowdCall call, Done done) override;

 private:
  HttpOrigin leader_;
  std::optional<HttpOrigin> helper_;
  HttpClient client_;
};

}  // namespace sotto
