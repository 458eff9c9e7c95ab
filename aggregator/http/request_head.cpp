#include "http/request_head.hpp"

#include <arpa/inet.h>

#include <algorithm>

#include "http/text.hpp"

namespace sotto {

bool set_target(HttpRequest& request, std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const size_t slash = target.find('/', scheme.size());
    if (slash == std::string_view::npos) return false;
    target.remove_prefix(slash);
  }
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return false;
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  return true;
}

std::optional<std::string> forwarded_address(const HttpHeaders& headers) {
  const auto last = std::find_if(headers.rbegin(), headers.rend(), [](const auto& header) {
    return header.first == "x-forwarded-for";
  });
  if (last == headers.rend()) return std::nullopt;
  const std::string_view list = last->second;
  const size_t comma = list.rfind(',');
  std::string address(trim(comma == std::string_view::npos ? list : list.substr(comma + 1)));
  if (address.find('\0') != std::string::npos) return std::nullopt;  // inet_pton would end there
  unsigned char bytes[16];
  if (inet_pton(AF_INET, address.c_str(), bytes) != 1 &&
      inet_pton(AF_INET6, address.c_str(), bytes) != 1)
    return std::nullopt;
  return address;
}

bool names_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    if (equal_ignoring_case(next_part(list, ','), token)) return true;
  }
  return false;
}

std::optional<HttpResponse> refuse_head(const HttpRequest& request, unsigned version,
                                        bool has_length) {
  if (version != 10 && version != 11)
    return problem(505, "UNSUPPORTED", "version: only HTTP/1.1 and HTTP/1.0 are spoken");
  const auto hosts = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "host"; });
  if (hosts > 1 || (hosts == 0 && version == 11))
    return problem(400, "MALFORMED", "host: there must be exactly one");
  if (const auto coding = find_header(request.headers, "transfer-encoding")) {
    if (!equal_ignoring_case(trim(*coding), "chunked"))
      return problem(501, "UNSUPPORTED", "transfer-encoding: not implemented");
    return problem(411, "LENGTH_REQUIRED", "content-length: required; chunks are not taken");
  }
  const bool carries_body = request.method == "PUT" || request.method == "POST";
  if (carries_body && !has_length)
    return problem(411, "LENGTH_REQUIRED", "content-length: required");
  const auto expected = find_header(request.headers, "expect");
  if (expected && !equal_ignoring_case(trim(*expected), "100-continue"))
    return problem(417, "UNSUPPORTED", "expect: only 100-continue is known");
  return std::nullopt;
}

}  // namespace sotto
