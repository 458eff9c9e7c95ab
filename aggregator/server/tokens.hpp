// Bearer tokens of administrators.
//
// A token is "sotto_" and 32 random bytes in hex; the store keeps BLAKE2b-256 of it
// alone, which is enough for a secret of 256 random bits. Checking computes that hash and compares
// it with every stored one in constant time, so that timing does not tell tokens apart.
//
// Records (space "token", key: id in 16 hex digits):
//   u8 format = 1 | u8 role | i64 created_ms | name: u64 length and text | hash 32
// Thread safety: one thread at a time per object; the functions are pure but for the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "store/store.hpp"

namespace sotto {

/// Each may do what those before it may.
enum class AdminRole : uint8_t { kViewer = 1, kOperator = 2, kAdmin = 3 };
const char* admin_role_name(AdminRole role);
std::optional<AdminRole> parse_admin_role(std::string_view name);

struct Token {
  std::string id;
  std::string name;
  AdminRole role = AdminRole::kViewer;
  int64_t created_ms = 0;
  Digest hash{};
};

struct NewToken {
  Token token;
  std::string secret;  ///< To show once.
  StoreChange change;
};

/// Errors: kInvalidArgument for a name that is not 1 .. 64 printable characters.
Result<NewToken> make_token(std::string name, AdminRole role, EntropySource& entropy,
                            int64_t now_ms);
/// Errors: kIo, kMalformed.
Result<std::vector<Token>> read_tokens(const Store& store);
StoreChange revoke_token(const std::string& id);

/// Who this is. authorization: the header's value, "Bearer TOKEN". Absent: nobody.
std::optional<Token> authenticate(const std::vector<Token>& tokens,
                                  std::optional<std::string_view> authorization);

}  // namespace sotto
