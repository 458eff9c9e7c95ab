#include "server/peer_auth.hpp"

#include <doctest/doctest.h>

#include "crypto/hash.hpp"
#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

HttpRequest signed_request(const Identity& identity, Bytes body) {
  HttpRequest request;
  request.method = "PUT";
  request.path = "/v1/tasks/a/jobs/b";
  request.headers = sign_peer_request(identity, request.method, request.path, body, kNow);
  request.body = std::move(body);
  return request;
}

std::string& header(HttpRequest& request, const std::string& name) {
  for (auto& [key, value] : request.headers)
    if (key == name) return value;
  FAIL("no such header");
  return request.headers.front().second;
}

}  // namespace

TEST_CASE("peer requests: only what the leader has signed, as it was signed, in its time") {
  TestEntropy entropy(1);
  const Identity leader = Identity::generate(entropy), other = Identity::generate(entropy);
  const HttpRequest good = signed_request(leader, {1, 2, 3});
  CHECK(verify_peer_request(leader.key(), good, kNow).ok());
  CHECK(verify_peer_request(leader.key(), good, kNow + kPeerDateToleranceMs).ok());
  CHECK(verify_peer_request(leader.key(), good, kNow + kPeerDateToleranceMs + 1).error().code ==
        ErrorCode::kExpired);
  CHECK(verify_peer_request(leader.key(), good, kNow - kPeerDateToleranceMs - 1).error().code ==
        ErrorCode::kExpired);
  CHECK(verify_peer_request(other.key(), good, kNow).error().code == ErrorCode::kAuthentication);

  // The head alone tells, whatever body follows.
  HttpRequest head = good;
  head.body.clear();
  CHECK(verify_peer_head(leader.key(), head, kNow).ok());
  CHECK(verify_peer_head(leader.key(), head, kNow + kPeerDateToleranceMs + 1).error().code ==
        ErrorCode::kExpired);
  CHECK(verify_peer_head(other.key(), head, kNow).error().code == ErrorCode::kAuthentication);
  header(head, "sotto-digest")[0] ^= 1;
  CHECK(verify_peer_head(leader.key(), head, kNow).error().code == ErrorCode::kAuthentication);

  const auto refused = [&](auto change) {
    HttpRequest request = good;
    change(request);
    const Status status = verify_peer_request(leader.key(), request, kNow);
    return !status.ok() && status.error().code == ErrorCode::kAuthentication;
  };
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-digest")[3] ^= 1; }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-digest") = ""; }));
  CHECK(refused([](HttpRequest& r) {
    header(r, "sotto-digest") = to_base64(blake2b(Bytes{9}));
    r.body = {9};
  }));
  CHECK(refused([](HttpRequest& r) { r.method = "POST"; }));
  CHECK(refused([](HttpRequest& r) { r.path += "c"; }));
  CHECK(refused([](HttpRequest& r) { r.body.push_back(0); }));
  CHECK(refused([](HttpRequest& r) { r.body[0] ^= 1; }));
  CHECK(refused([](HttpRequest& r) { r.headers.clear(); }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-date") += "0"; }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-date") = "yesterday"; }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-date") = "-5"; }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-signature")[0] ^= 1; }));
  CHECK(refused([](HttpRequest& r) { header(r, "sotto-signature") = "short"; }));
}

TEST_CASE("peer answers: bound to status, body and the request that they answer") {
  TestEntropy entropy(2);
  const Identity leader = Identity::generate(entropy), helper = Identity::generate(entropy);
  const HttpRequest request = signed_request(leader, {});
  const std::string date(*find_header(request.headers, "sotto-date"));
  HttpResponse response;
  response.body = std::make_shared<const Bytes>(Bytes{7, 8});
  sign_peer_response(helper, request, response);
  const auto verify = [&](std::string_view path, std::string_view when, unsigned status,
                          const Bytes& body, const IdentityKey& who) {
    return verify_peer_response(who, path, when, status, response.headers, body).ok();
  };
  CHECK(verify(request.path, date, 200, {7, 8}, helper.key()));
  CHECK_FALSE(verify(request.path, date, 201, {7, 8}, helper.key()));
  CHECK_FALSE(verify(request.path, date, 200, {7, 9}, helper.key()));
  CHECK_FALSE(verify("/v1/tasks", date, 200, {7, 8}, helper.key()));
  CHECK_FALSE(verify(request.path, "1", 200, {7, 8}, helper.key()));
  CHECK_FALSE(verify(request.path, date, 200, {7, 8}, leader.key()));
  CHECK_FALSE(verify_peer_response(helper.key(), request.path, date, 200, {}, Bytes{7, 8}).ok());
}

}  // namespace sotto
