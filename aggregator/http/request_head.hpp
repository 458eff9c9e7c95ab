// What is ours in reading a request's head, beyond the grammar that the parser checks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace sotto {

/// Sets path and query from a request target: "/path?query", or the same after "http://authority",
/// as every server must take it (RFC 9112, 3.2.2). False when it is neither.
bool set_target(HttpRequest& request, std::string_view target);

/// The last address of X-Forwarded-For: the one that the nearest proxy saw. Absent when there is
/// none or it is no IP address.
std::optional<std::string> forwarded_address(const HttpHeaders& headers);

/// Whether a comma separated header names a token, in any case: "Connection: keep-alive, Upgrade".
bool names_token(std::string_view list, std::string_view token);

/// What a request asks for in its head that this server does not do or has no way to know the end
/// of; null: nothing. has_length: it carries Content-Length.
std::optional<HttpResponse> refuse_head(const HttpRequest& request, unsigned version,
                                        bool has_length);

}  // namespace sotto
