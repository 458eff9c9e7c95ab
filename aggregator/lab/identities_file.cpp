#include "lab/identities_file.hpp"

#include <boost/json.hpp>
#include <fstream>
#include <iterator>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

Error malformed(std::string_view member, const char* reason) {
  return {ErrorCode::kMalformed, "identities: " + std::string(member) + ": " + reason};
}

Result<std::string> text_of(const json::object& object, std::string_view member) {
  const json::value* const value = object.if_contains(member);
  if (value == nullptr || !value->is_string()) return malformed(member, "a string is expected");
  return std::string(value->get_string());
}

Result<IdentityKey> key_of(const json::object& object, std::string_view member) {
  SOTTO_TRY(const std::string text, text_of(object, member));
  const auto key = from_hex<IdentityKey>(text);
  if (!key) return malformed(member, "64 hexadecimal digits are expected");
  return *key;
}

}  // namespace

Result<PinnedSite> parse_identities(std::string_view text) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return malformed("file", "it is no JSON object");
  const json::object& object = value.get_object();
  PinnedSite pinned;
  SOTTO_TRY(pinned.site, text_of(object, "site"));
  if (!is_site_name(pinned.site)) return malformed("site", "no name of a site");
  SOTTO_TRY(pinned.publisher, key_of(object, "publisher"));
  SOTTO_TRY(pinned.leader, key_of(object, "leader"));
  SOTTO_TRY(pinned.helper, key_of(object, "helper"));
  return pinned;
}

Result<PinnedSite> read_identities(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path + ": cannot be opened"};
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return Error{ErrorCode::kIo, path + ": cannot be read"};
  auto pinned = parse_identities(text);
  if (!pinned.ok()) return Error{pinned.error().code, path + ": " + pinned.error().message};
  return pinned;
}

}  // namespace sotto
