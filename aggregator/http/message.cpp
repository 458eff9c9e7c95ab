#include "http/message.hpp"

#include <algorithm>

namespace sotto {
namespace {

// A commit of the store takes milliseconds and a full disk takes people; this is in between, and
// long enough that waiting devices do not make an overload worse.
constexpr uint32_t kRetryAfterS = 10;

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      // Details may quote what a client sent, which need not be UTF-8.
      out += byte < 0x7F ? c : '?';
    }
  }
  out += '"';
}

}  // namespace

std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::string_view key = pair.substr(0, pair.find('='));
    if (key != name) continue;
    return pair.substr(std::min(pair.size(), key.size() + 1));
  }
  return std::nullopt;
}

std::vector<std::string_view> path_segments(std::string_view rest) {
  std::vector<std::string_view> segments;
  if (rest.starts_with('/')) rest.remove_prefix(1);
  if (rest.empty()) return segments;
  for (;;) {
    const size_t slash = rest.find('/');
    segments.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    rest.remove_prefix(slash + 1);
  }
}

const char* reason_phrase(unsigned status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

HttpResponse text_response(unsigned status, std::string_view content_type, std::string_view text) {
  return {.status = status,
          .headers = {{"content-type", std::string(content_type)}},
          .body = std::make_shared<const Bytes>(text.begin(), text.end())};
}

HttpResponse problem(unsigned status, std::string_view code, std::string_view detail,
                     std::optional<uint32_t> retry_after_s) {
  std::string text = R"({"type":"about:blank","title":)";
  append_json_string(text, reason_phrase(status));
  text += ",\"status\":" + std::to_string(status) + ",\"code\":";
  append_json_string(text, code);
  text += ",\"detail\":";
  append_json_string(text, detail);
  text += '}';
  HttpResponse response = text_response(status, "application/problem+json", text);
  if (retry_after_s) response.headers.emplace_back("retry-after", std::to_string(*retry_after_s));
  return response;
}

HttpResponse problem(const ErrorInfo& error) {
  const unsigned status = http_status(error.code);
  return problem(status, error_code_name(error.code), error.message,
                 status == 503 ? std::optional(kRetryAfterS) : std::nullopt);
}

unsigned http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk: return 200;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kMalformed:
    case ErrorCode::kUnsupported:
    case ErrorCode::kAuthentication: return 400;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kReplay:
    case ErrorCode::kFull:
    case ErrorCode::kDisagreement:
    case ErrorCode::kTooFewReports: return 409;
    case ErrorCode::kExpired:
    case ErrorCode::kClosed: return 410;
    case ErrorCode::kBelowFloor:
    case ErrorCode::kRejected:
    case ErrorCode::kBudgetExhausted: return 422;
    case ErrorCode::kInternal:
    case ErrorCode::kNumerical: return 500;
    case ErrorCode::kIo:
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCancelled: return 503;
  }
  return 500;
}

}  // namespace sotto
