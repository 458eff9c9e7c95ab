#include "crypto/stream.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"

using namespace sotto;

TEST_CASE("expansion is the key stream of RFC 8439, appendix A.1") {
  const std::array<uint8_t, 32> key{};
  Bytes out(128, 0xff);  // what was there before does not matter
  expand_chacha20(key, 0, out);
  CHECK(Bytes(out.begin(), out.begin() + 64) ==
        from_hex("76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
                 "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"));
  CHECK(Bytes(out.begin() + 64, out.end()) ==
        from_hex("9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
                 "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"));
}

TEST_CASE("blocks can be asked for in any portions") {
  std::array<uint8_t, 32> key{};
  key[5] = 9;
  Bytes whole(64 * 20 + 17);
  expand_chacha20(key, 3, whole);
  for (const size_t portion : {size_t{1}, size_t{2}, size_t{7}, size_t{19}}) {
    Bytes pieces(whole.size());
    for (size_t block = 0; block * 64 < pieces.size(); block += portion) {
      const auto rest = std::span(pieces).subspan(block * 64);
      expand_chacha20(key, 3 + block, rest.first(std::min(rest.size(), portion * 64)));
    }
    CHECK(pieces == whole);
  }
  expand_chacha20(key, 0, {});
}

TEST_CASE("the last block of the stream can be used") {
  const std::array<uint8_t, 32> key{};
  Bytes out(64);
  expand_chacha20(key, 0xffffffff, out);
  CHECK(out != Bytes(64));
}
