#include <algorithm>

#include "http/client.hpp"
#include "http/text.hpp"

namespace sotto {
namespace {

constexpr size_t kMostHost = 253;  // RFC 1035: what a name may have.

bool host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool address_char(char c) {
  return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == '.' || c == ':';
}

bool path_char(char c) { return c > ' ' && c < 0x7F && c != '?' && c != '#' && c != '\\'; }

Error invalid(std::string_view url, const char* reason) {
  return {ErrorCode::kInvalidArgument, "url '" + std::string(url) + "': " + reason};
}

// Takes "host" or "[address]" off the front of the authority; empty when it is neither.
std::string take_host(std::string_view& authority) {
  const bool bracketed = authority.starts_with('[');
  const size_t end = bracketed ? authority.find(']') : authority.find(':');
  if (bracketed && end == std::string_view::npos) return {};
  std::string host(authority.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end));
  std::transform(host.begin(), host.end(), host.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  const auto valid = bracketed ? address_char : host_char;
  if (host.size() > kMostHost || !std::all_of(host.begin(), host.end(), valid)) return {};
  if (bracketed && host.find(':') == std::string::npos) return {};
  authority.remove_prefix(std::min(authority.size(), bracketed ? end + 1 : host.size()));
  return host;
}

}  // namespace

std::string HttpOrigin::text() const {
  const bool address = host.find(':') != std::string::npos;
  std::string out = tls ? "https://" : "http://";
  out += address ? '[' + host + ']' : host;
  if (port != (tls ? 443 : 80)) out += ':' + std::to_string(port);
  return out + prefix;
}

Result<HttpOrigin> parse_origin(std::string_view url) {
  HttpOrigin origin;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    origin.tls = true;
    origin.port = 443;
  } else if (!rest.starts_with("http://")) {
    return invalid(url, "begins with neither http:// nor https://");
  }
  rest.remove_prefix(origin.tls ? 8 : 7);

  std::string_view authority = rest.substr(0, rest.find('/'));
  std::string_view prefix = rest.substr(authority.size());
  origin.host = take_host(authority);
  if (origin.host.empty()) return invalid(url, "host: no name or address");
  if (!authority.empty()) {
    if (authority.front() != ':') return invalid(url, "host: something behind it");
    const auto port = parse_decimal(authority.substr(1));
    if (!port || *port == 0 || *port > 65'535) return invalid(url, "port: not of 1..65535");
    origin.port = static_cast<uint16_t>(*port);
  }
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (!std::all_of(prefix.begin(), prefix.end(), path_char)) {
    return invalid(url, "path: a character that it may not have, or a query");
  }
  origin.prefix = prefix;
  return origin;
}

}  // namespace sotto
