// Requests and responses as the rest of the program sees them: plain values, no library's types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// Names in lower case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first value of a header; name in lower case. Absent when there is none.
std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name);

/// The first value of a query's parameter, not decoded: of "a" in "a=1&b=2", "1"; of "b" in "b",
/// the empty text. Absent when there is none.
std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name);

/// What stands between the slashes of a path: "/v1/tasks" has two segments, "/" none, "/v1/" two,
/// of which the second is empty. Not decoded.
std::vector<std::string_view> path_segments(std::string_view path);

struct HttpRequest {
  std::string method;  ///< "GET", ...
  std::string path;    ///< As sent, without the query: "/v1/tasks".
  std::string query;   ///< After '?', not decoded; empty without one.
  HttpHeaders headers;
  Bytes body;           ///< Empty while only the head has been read.
  std::string address;  ///< Of the peer (or as a trusted proxy names it).

  /// path_segments of the path: all of ours are plain.
  std::vector<std::string_view> segments() const { return path_segments(path); }
};

/// Bytes that many responses may share.
using SharedBytes = std::shared_ptr<const Bytes>;

struct HttpResponse {
  unsigned status = 200;
  HttpHeaders headers;
  SharedBytes body;  ///< Null: empty.
  /// Part of the body to send, for range requests; absent: all of it.
  std::optional<std::pair<uint64_t, uint64_t>> part{};  ///< Offset and length.
};

/// The standard phrase of a status, "Not Found"; "Unknown" of others.
const char* reason_phrase(unsigned status);

/// A response with a text.
HttpResponse text_response(unsigned status, std::string_view content_type, std::string_view text);

/// An RFC 9457 problem document: {"type": "https://…/errors#CODE" is not used;
/// "type":"about:blank", "title", "status", "code", "detail"}. code: a stable name such as
/// error_code_name gives. retry_after_s: adds Retry-After.
HttpResponse problem(unsigned status, std::string_view code, std::string_view detail,
                     std::optional<uint32_t> retry_after_s = std::nullopt);
/// The problem of an error: its code's name, message, and the status that docs/http-api.md gives
/// for the code; Retry-After where that is 503.
HttpResponse problem(const ErrorInfo& error);
/// kAuthentication is 400, as for a report; who asks for tokens or signatures says 401 itself.
unsigned http_status(ErrorCode code);

/// A static, cacheable resource: answers If-None-Match with 304, Range with 206 or 416 (one range;
/// others are ignored; If-Range is heeded). The server leaves the body out for HEAD. etag: without
/// quotes. immutable: Cache-Control of a year; else `no-cache`, which lets caches keep it and ask.
HttpResponse serve_resource(const HttpRequest& request, const SharedBytes& bytes,
                            std::string_view etag, std::string_view content_type, bool immutable);

/// The same bytes under a content coding, made ahead.
struct HttpVariant {
  std::string coding;  ///< "gzip", "br".
  SharedBytes bytes;
};

/// The same; of the forms that Accept-Encoding allows the smallest is sent, with an entity tag of
/// its own ("TAG-gzip") and Vary. Ranges are of the bytes themselves.
HttpResponse serve_resource(const HttpRequest& request, const SharedBytes& bytes,
                            std::string_view etag, std::string_view content_type, bool immutable,
                            std::span<const HttpVariant> variants);

}  // namespace sotto
