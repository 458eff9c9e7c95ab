#include "server/peer_client.hpp"

#include <boost/json.hpp>
#include <future>
#include <utility>

#include "server/peer_auth.hpp"

namespace sotto {
namespace {

// The code that a problem document names; kIo for names that this build does not know.
ErrorCode code_of(std::string_view name) {
  for (int32_t number = 1;; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    const std::string_view known = error_code_name(code);
    if (known == name) return code;
    if (code == ErrorCode::kDisagreement) return ErrorCode::kIo;  // the last one
  }
}

Error problem_of(const HttpReply& reply) {
  const std::string status = "helper: HTTP " + std::to_string(reply.status);
  boost::system::error_code error;
  const boost::json::value parsed = boost::json::parse(
      std::string_view(reinterpret_cast<const char*>(reply.body.data()), reply.body.size()), error);
  const auto* object = error ? nullptr : parsed.if_object();
  const auto* code = object != nullptr ? object->if_contains("code") : nullptr;
  const auto* detail = object != nullptr ? object->if_contains("detail") : nullptr;
  if (code == nullptr || !code->is_string()) return {ErrorCode::kIo, status};
  const std::string why = detail != nullptr && detail->is_string()
                              ? std::string(detail->as_string())
                              : std::string(code->as_string());
  if (reply.status == 429 || reply.status == 503) return {ErrorCode::kIo, "helper: " + why};
  return {code_of(std::string_view(code->as_string())), "helper: " + why};
}

}  // namespace

PeerClient::PeerClient(HttpClient& http, HttpOrigin origin, const Identity& identity,
                       IdentityKey peer, const Clock& clock)
    : http_(http), origin_(std::move(origin)), identity_(identity), peer_(peer), clock_(clock) {}

void PeerClient::send(std::string method, std::string path, SharedBytes body, Done done) {
  HttpCall call;
  call.origin = origin_;
  call.method = method;
  call.target = path;
  call.headers = sign_peer_request(
      identity_, method, path, body ? std::span<const uint8_t>(*body) : std::span<const uint8_t>(),
      clock_.now_ms());
  call.headers.emplace_back("content-type", "application/octet-stream");
  call.body = std::move(body);
  const std::string date = call.headers.front().second;
  http_.send(std::move(call), [peer = peer_, path = std::move(path), date,
                               done = std::move(done)](Result<HttpReply> reply) {
    if (!reply.ok()) return done(Error{ErrorCode::kIo, "helper: " + reply.error().message});
    const Status authentic =
        verify_peer_response(peer, path, date, reply->status, reply->headers, reply->body);
    if (!authentic.ok())
      return done(Error{ErrorCode::kIo, "helper: HTTP " + std::to_string(reply->status) + ", " +
                                            authentic.error().message});
    if (reply->status != 200) return done(problem_of(*reply));
    done(std::move(reply->body));
  });
}

Result<Bytes> PeerClient::call(std::string method, std::string path, SharedBytes body) {
  auto promise = std::make_shared<std::promise<Result<Bytes>>>();
  auto future = promise->get_future();
  send(std::move(method), std::move(path), std::move(body),
       [promise](Result<Bytes> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace sotto
