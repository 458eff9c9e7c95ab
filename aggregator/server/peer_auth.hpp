// How leader and helper know each other: Ed25519 by pinned identity, over every request and answer.
//
// A request is signed under "peer request v1" over
//   method LF path LF date LF | BLAKE2b-256 of the body
// and an answer under "peer response v1" over
//   status LF path of the request LF date of the request LF | BLAKE2b-256 of the body
// Headers: Sotto-Date (ms since 1970, decimal), Sotto-Signature (base64), and of a request
// Sotto-Digest (that BLAKE2b-256, base64), so that the head alone tells who has sent it: a
// stranger's body is not read. A date is good for five minutes either way; what is repeated within
// them is answered as before, since all requests are idempotent. Only who has signed a request gets
// a signed answer. Anybody may ask for a refusal, and could hold it against the leader, for which a
// signed refusal is the end of a task. Thread safety: pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/sign.hpp"
#include "http/message.hpp"

namespace sotto {

inline constexpr int64_t kPeerDateToleranceMs = 5 * 60 * 1000;

/// The headers of a signed request.
HttpHeaders sign_peer_request(const Identity& identity, std::string_view method,
                              std::string_view path, std::span<const uint8_t> body, int64_t now_ms);
/// What the head says, without a body. Errors: kAuthentication (missing, malformed, or another's);
/// kExpired (date) for a head that is the peer's.
Status verify_peer_head(const IdentityKey& peer, const HttpRequest& head, int64_t now_ms);
/// The same and the body. Errors: as verify_peer_head; kAuthentication for another body.
Status verify_peer_request(const IdentityKey& peer, const HttpRequest& request, int64_t now_ms);

/// Adds the headers to an answer of this request.
void sign_peer_response(const Identity& identity, const HttpRequest& request,
                        HttpResponse& response);
/// date: the Sotto-Date that the request had. Errors: kAuthentication.
Status verify_peer_response(const IdentityKey& peer, std::string_view path, std::string_view date,
                            unsigned status, const HttpHeaders& headers,
                            std::span<const uint8_t> body);

}  // namespace sotto
