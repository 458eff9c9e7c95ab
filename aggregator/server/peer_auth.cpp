#include "server/peer_auth.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "crypto/hash.hpp"
#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr DomainTag kRequestTag("peer request v1");
constexpr DomainTag kResponseTag("peer response v1");
constexpr const char* kDate = "sotto-date";
constexpr const char* kDigest = "sotto-digest";
constexpr const char* kSignature = "sotto-signature";

Bytes signed_message(std::string_view first, std::string_view path, std::string_view date,
                     const Digest& body) {
  Bytes message;
  for (const std::string_view part : {first, path, date}) {
    message.insert(message.end(), part.begin(), part.end());
    message.push_back('\n');
  }
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

// A header that holds an array's bytes in base64.
template <class Array>
std::optional<Array> array_of(const HttpHeaders& headers, const char* name) {
  const auto text = find_header(headers, name);
  if (!text) return std::nullopt;
  const auto bytes = from_base64(*text);
  Array array{};
  if (!bytes || bytes->size() != array.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), array.begin());
  return array;
}

}  // namespace

HttpHeaders sign_peer_request(const Identity& identity, std::string_view method,
                              std::string_view path, std::span<const uint8_t> body,
                              int64_t now_ms) {
  const std::string date = std::to_string(now_ms);
  const Digest digest = blake2b(body);
  const Bytes message = signed_message(method, path, date, digest);
  return {{kDate, date},
          {kDigest, to_base64(digest)},
          {kSignature, to_base64(identity.sign(kRequestTag, message))}};
}

Status verify_peer_head(const IdentityKey& peer, const HttpRequest& head, int64_t now_ms) {
  const auto date = find_header(head.headers, kDate);
  const auto digest = array_of<Digest>(head.headers, kDigest);
  const auto signature = array_of<Signature>(head.headers, kSignature);
  if (!date || !digest || !signature)
    return {ErrorCode::kAuthentication, "request: not signed by the other server"};
  int64_t date_ms = 0;
  const auto [end, error] = std::from_chars(date->data(), date->data() + date->size(), date_ms);
  if (error != std::errc() || end != date->data() + date->size() || date_ms < 0)
    return {ErrorCode::kAuthentication, "Sotto-Date: not a time"};
  SOTTO_CHECK_OK(verify_signature(
      peer, kRequestTag, signed_message(head.method, head.path, *date, *digest), *signature));
  if (date_ms < now_ms - kPeerDateToleranceMs || date_ms > now_ms + kPeerDateToleranceMs)
    return {ErrorCode::kExpired, "Sotto-Date: the servers' clocks differ by more than 5 minutes"};
  return {};
}

Status verify_peer_request(const IdentityKey& peer, const HttpRequest& request, int64_t now_ms) {
  SOTTO_CHECK_OK(verify_peer_head(peer, request, now_ms));
  if (array_of<Digest>(request.headers, kDigest) != blake2b(request.body))
    return {ErrorCode::kAuthentication, "request: its body is not the one that was signed"};
  return {};
}

void sign_peer_response(const Identity& identity, const HttpRequest& request,
                        HttpResponse& response) {
  const std::span<const uint8_t> body =
      response.body ? std::span<const uint8_t>(*response.body) : std::span<const uint8_t>();
  const auto date = find_header(request.headers, kDate).value_or("");
  const Bytes message =
      signed_message(std::to_string(response.status), request.path, date, blake2b(body));
  response.headers.emplace_back(kSignature, to_base64(identity.sign(kResponseTag, message)));
}

Status verify_peer_response(const IdentityKey& peer, std::string_view path, std::string_view date,
                            unsigned status, const HttpHeaders& headers,
                            std::span<const uint8_t> body) {
  const auto signature = array_of<Signature>(headers, kSignature);
  if (!signature) return {ErrorCode::kAuthentication, "answer: not signed by the other server"};
  return verify_signature(peer, kResponseTag,
                          signed_message(std::to_string(status), path, date, blake2b(body)),
                          *signature);
}

}  // namespace sotto
