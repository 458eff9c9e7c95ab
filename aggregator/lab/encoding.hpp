// Text encodings of data files. Everything inside Sotto is UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace sotto {

/// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

/// The text as UTF-8: kept when it is well-formed UTF-8 already, else read as Latin-1 (the older
/// MovieLens files), which cannot fail.
std::string to_utf8(std::string_view bytes);

/// For error messages: quotes, at most 40 bytes of the text, unprintable bytes as '?'.
std::string quote(std::string_view text);

}  // namespace sotto
