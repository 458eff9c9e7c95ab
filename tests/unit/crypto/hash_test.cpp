#include "crypto/hash.hpp"

#include <doctest/doctest.h>

#include "crypto/hkdf.hpp"
#include "hex.hpp"

using namespace sotto;

namespace {

Digest digest(std::string_view hex) { return array_from_hex<32>(hex); }

}  // namespace

TEST_CASE("SHA-256 gives the known answers of FIPS 180-4") {
  CHECK(sha256({}) == digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  CHECK(sha256(from_text("abc")) ==
        digest("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK(sha256(from_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
        digest("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

TEST_CASE("BLAKE2b-256 gives known answers") {
  // b2sum -l 256 of nothing and of "abc".
  CHECK(blake2b({}) == digest("0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"));
  CHECK(blake2b(from_text("abc")) ==
        digest("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"));
}

TEST_CASE("BLAKE2b with a key is the keyed hash of RFC 7693") {
  // Key 00 01 ... 1f, message 00 01 ... fe; computed with Python's hashlib.
  Seed key;
  for (size_t i = 0; i < 32; ++i) key.reveal_mutable()[i] = static_cast<uint8_t>(i);
  Bytes message;
  for (int i = 0; i < 255; ++i) message.push_back(static_cast<uint8_t>(i));
  CHECK(blake2b(key, message) ==
        digest("f60f5c4a575c43db6c93608515866ea998e04b35792f5a92b27aa5880cd6721e"));
  CHECK(blake2b(key, message) != blake2b(message));
}

TEST_CASE("a hash does not depend on how the message came in pieces") {
  TestEntropy entropy(1);
  Bytes message(1000);
  entropy.fill(message);
  for (size_t cut = 0; cut <= message.size(); cut += 37) {
    const auto head = std::span<const uint8_t>(message).first(cut);
    const auto tail = std::span<const uint8_t>(message).subspan(cut);
    Sha256 sha;
    sha.update(head);
    sha.update({});
    sha.update(tail);
    CHECK(std::move(sha).finish() == sha256(message));
    Blake2b blake;
    blake.update(head);
    blake.update({});
    blake.update(tail);
    CHECK(std::move(blake).finish() == blake2b(message));
  }
}

TEST_CASE("HKDF-SHA256 gives the answers of RFC 5869, appendix A") {
  SUBCASE("A.1: basic") {
    const Secret<32> key = hkdf_extract(from_hex("000102030405060708090a0b0c"), Bytes(22, 0x0b));
    CHECK((key == Secret<32>::copy_of(array_from_hex<32>(
                      "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"))));
    Bytes out(42);
    REQUIRE(hkdf_expand(key, from_hex("f0f1f2f3f4f5f6f7f8f9"), out).ok());
    CHECK(out == from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                          "34007208d5b887185865"));
  }
  SUBCASE("A.3: neither salt nor info") {
    const Secret<32> key = hkdf_extract({}, Bytes(22, 0x0b));
    CHECK((key == Secret<32>::copy_of(array_from_hex<32>(
                      "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"))));
    Bytes out(42);
    REQUIRE(hkdf_expand(key, {}, out).ok());
    CHECK(out == from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                          "9d201395faa4b61a96c8"));
  }
}

TEST_CASE("HKDF gives at most 255 blocks") {
  Bytes out(255 * 32);
  CHECK(hkdf_expand({}, {}, out).ok());
  out.push_back(0);
  CHECK(hkdf_expand({}, {}, out).error().code == ErrorCode::kInvalidArgument);
}
