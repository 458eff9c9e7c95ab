#include "server/tokens.hpp"

#include <algorithm>
#include <array>

#include "crypto/secret.hpp"
#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

constexpr const char* kSpace = "token";
constexpr std::string_view kPrefix = "sotto_";

Digest hash_of(std::string_view secret) {
  return blake2b({reinterpret_cast<const uint8_t*>(secret.data()), secret.size()});
}

Result<Token> decode_token(const KeyedRecord& record) {
  Token token;
  token.id = record.key;
  const Bytes bytes = record.bytes.value_or(Bytes());
  ByteReader in(bytes);
  SOTTO_TRY(const auto format, in.get<uint8_t>("token format"));
  if (format != 1) return Error{ErrorCode::kUnsupported, "token: unknown format"};
  SOTTO_TRY(token.role, in.get<AdminRole>("token role"));
  if (token.role < AdminRole::kViewer || token.role > AdminRole::kAdmin)
    return Error{ErrorCode::kMalformed, "token: unknown role"};
  SOTTO_TRY(token.created_ms, in.get<int64_t>("token time"));
  SOTTO_TRY(token.name, in.get_string(64, "token name"));
  SOTTO_TRY(const auto hash, in.get_bytes(token.hash.size(), "token hash"));
  std::copy(hash.begin(), hash.end(), token.hash.begin());
  SOTTO_CHECK_OK(in.finish("token"));
  return token;
}

}  // namespace

const char* admin_role_name(AdminRole role) {
  switch (role) {
    case AdminRole::kViewer: return "viewer";
    case AdminRole::kOperator: return "operator";
    case AdminRole::kAdmin: return "admin";
  }
  return "";
}

std::optional<AdminRole> parse_admin_role(std::string_view name) {
  for (const AdminRole role : {AdminRole::kViewer, AdminRole::kOperator, AdminRole::kAdmin})
    if (name == admin_role_name(role)) return role;
  return std::nullopt;
}

Result<NewToken> make_token(std::string name, AdminRole role, EntropySource& entropy,
                            int64_t now_ms) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
  if (name.empty() || name.size() > 64 || !printable)
    return Error{ErrorCode::kInvalidArgument, "name: 1 to 64 printable characters"};
  std::array<uint8_t, 32> bytes{};
  std::array<uint8_t, 8> id{};
  entropy.fill(bytes);
  entropy.fill(id);
  NewToken made;
  made.secret = std::string(kPrefix) + to_hex(bytes);
  wipe(bytes);
  made.token = {to_hex(id), std::move(name), role, now_ms, hash_of(made.secret)};
  ByteWriter out;
  out.put<uint8_t>(1);
  out.put(role);
  out.put<int64_t>(now_ms);
  out.put_string(made.token.name);
  out.put_bytes(made.token.hash);
  made.change = {kSpace, {made.token.id, std::move(out).bytes()}};
  return made;
}

Result<std::vector<Token>> read_tokens(const Store& store) {
  SOTTO_TRY(const auto records, store.list(kSpace, ""));
  std::vector<Token> tokens;
  for (const KeyedRecord& record : records) {
    SOTTO_TRY(Token token, decode_token(record));
    tokens.push_back(std::move(token));
  }
  return tokens;
}

StoreChange revoke_token(const std::string& id) { return {kSpace, {id, std::nullopt}}; }

std::optional<Token> authenticate(const std::vector<Token>& tokens,
                                  std::optional<std::string_view> authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization || authorization->substr(0, kScheme.size()) != kScheme) return std::nullopt;
  const Digest hash = hash_of(authorization->substr(kScheme.size()));
  const Token* found = nullptr;
  for (const Token& token : tokens)
    if (equal_in_constant_time(token.hash, hash)) found = &token;
  return found != nullptr ? std::optional(*found) : std::nullopt;
}

}  // namespace sotto
