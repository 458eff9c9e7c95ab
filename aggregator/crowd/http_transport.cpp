#include "crowd/http_transport.hpp"

#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

namespace sotto {
namespace {

// Seconds; an HTTP date, which our servers do not send, counts as none.
std::optional<uint32_t> retry_after(const HttpHeaders& headers) {
  const auto text = find_header(headers, "retry-after");
  if (!text) return std::nullopt;
  uint32_t seconds = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, seconds);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return seconds;
}

CrowdReply crowd_reply(HttpReply reply, std::chrono::steady_clock::duration took) {
  CrowdReply out;
  out.status = reply.status;
  out.retry_after_s = retry_after(reply.headers);
  out.etag = std::string(find_header(reply.headers, "etag").value_or(std::string_view()));
  out.body = std::move(reply.body);
  out.latency_us =
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  return out;
}

}  // namespace

HttpTransport::HttpTransport(HttpOrigin leader, std::optional<HttpOrigin> helper,
                             const HttpClientOptions& options)
    : leader_(std::move(leader)), helper_(std::move(helper)), client_(options) {}

void HttpTransport::send(CrowdCall call, Done done) {
  if (call.to_helper && !helper_) {
    done(Error{ErrorCode::kNotFound, "helper: its address is not known"});
    return;
  }
  HttpCall http;
  http.origin = call.to_helper ? *helper_ : leader_;
  http.method = std::move(call.method);
  http.target = std::move(call.target);
  http.headers = std::move(call.headers);
  http.body = std::move(call.body);
  http.abort_after = call.abort_after;
  const auto start = std::chrono::steady_clock::now();
  client_.send(std::move(http), [start, done = std::move(done)](Result<HttpReply> reply) {
    if (!reply.ok()) {
      done(std::move(reply).failure());
      return;
    }
    done(crowd_reply(std::move(reply).value(), std::chrono::steady_clock::now() - start));
  });
}

}  // namespace sotto
