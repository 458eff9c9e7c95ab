// The file of identities that a page pins, which `sotto keygen` writes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "protocol/signed_task.hpp"

namespace sotto {

/// {"site": NAME, "publisher": KEY, "leader": KEY, "helper": KEY}: Ed25519 public keys as 64
/// lower-case hexadecimal digits. Other members are passed over.
/// Errors: kMalformed, naming the member.
Result<PinnedSite> parse_identities(std::string_view json);
/// Errors: kNotFound, kIo, and those of parse_identities, naming the file.
Result<PinnedSite> read_identities(const std::string& path);

}  // namespace sotto
