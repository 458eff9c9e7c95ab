#include "crypto/text_encoding.hpp"

#include <doctest/doctest.h>

namespace sotto {

TEST_CASE("hexadecimal: every byte there and back, and nothing else is taken") {
  Bytes all(256);
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint8_t>(i);
  const std::string text = to_hex(all);
  CHECK(text.substr(0, 6) == "000102");
  Bytes back(256);
  REQUIRE(from_hex(text, back));
  CHECK(back == all);
  using Two = std::array<uint8_t, 2>;
  CHECK(from_hex<Two>("00ff") == Two{0, 255});
  for (const char* wrong : {"", "00f", "00ff0", "00fF", "00 f", "0x0f", "00fg", "00f\n"})
    CHECK_FALSE(from_hex<Two>(wrong).has_value());
}

TEST_CASE("base64: RFC 4648's vectors, and nothing that it would not write") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    const Bytes bytes(plain, plain + std::char_traits<char>::length(plain));
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
  for (const char* wrong : {"Zg", "Zg=", "Zg===", "Zh==", "Z g=", "Zg==\n", "Zm9vYg", "Zm9-"})
    CHECK_FALSE(from_base64(wrong).has_value());
}

}  // namespace sotto
