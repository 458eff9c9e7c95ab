// A response's head as bytes.
#pragma once

#include <string>

#include "http/message.hpp"

namespace sotto {

/// How the connection goes on, as the head says it.
enum class Persistence { kClose, kKeepAlive, kKeepAliveHttp10 };

/// Status line and headers, with Date and (where the status has one) Content-Length. Line breaks in
/// values become spaces.
void write_head(const HttpResponse& response, uint64_t body_size, Persistence persistence,
                std::string& out);

/// An HTTP date (RFC 9110, 5.6.7) of seconds since 1970.
std::string http_date(int64_t seconds);

}  // namespace sotto
