#include "crypto/hpke.hpp"

#include <doctest/doctest.h>

#include "hex.hpp"

using namespace sotto;

namespace {

// RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305, base mode.
constexpr auto kInfo = "4f6465206f6e2061204772656369616e2055726e";
constexpr auto kIkmE = "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b";
constexpr auto kPkEm = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
constexpr auto kSkEm = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600";
constexpr auto kIkmR = "1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df";
constexpr auto kPkRm = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
constexpr auto kSkRm = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
constexpr auto kPlaintext = "4265617574792069732074727574682c20747275746820626561757479";

struct Encryption {
  uint64_t sequence;
  const char* aad;
  const char* ciphertext;
};
constexpr Encryption kEncryptions[] = {
    {0, "436f756e742d30",
     "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"},
    {1, "436f756e742d31",
     "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c"},
    {2, "436f756e742d32",
     "71146bd6795ccc9c49ce25dda112a48f202ad220559502cef1f34271e0cb4b02b4f10ecac6f48c32f878fae86b"},
    {4, "436f756e742d34",
     "63357a2aa291f5a4e5f27db6baa2af8cf77427c7c1a909e0b37214dd47db122bb153495ff0b02e9e54a50dbe16"},
    {255, "436f756e742d323535",
     "18ab939d63ddec9f6ac2b60d61d36a7375d2070c9b683861110757062c52b8880a5f6b3936da9cd6c23ef2a95c"},
    {256, "436f756e742d323536",
     "7a4a13e9ef23978e2c520fd4d2e757514ae160cd0cd05e556ef692370ca53076214c0c40d4c728d6ed9e727a5b"},
};

struct Export {
  const char* context;
  const char* value;
};
constexpr Export kExports[] = {
    {"", "4bbd6243b8bb54cec311fac9df81841b6fd61f56538a775e7c80a9f40160606e"},
    {"00", "8c1df14732580e5501b00f82b10a1647b40713191b7c1240ac80e2b68808ba69"},
    {"54657374436f6e74657874", "5acb09211139c43b3090489a9da433e8a30ee7188ba8b0a9a1ccf0c229283e53"},
};

HpkeKeyPair vector_recipient() {
  return HpkeKeyPair::from_secret_key(Secret<32>::copy_of(array_from_hex<32>(kSkRm)));
}

Bytes revealed(const SecretBytes& secret) {
  return Bytes(secret.reveal().begin(), secret.reveal().end());
}

// The small-order points of Curve25519 and of its twist, and their non-canonical forms (RFC 7748,
// section 6.1; the list is the well-known one of https://cr.yp.to/ecdh.html).
constexpr const char* kSmallOrder[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

}  // namespace

TEST_CASE("key pairs derive as in RFC 9180") {
  FixedEntropy sender(from_hex(kIkmE));
  const HpkeKeyPair ephemeral = HpkeKeyPair::generate(sender);
  CHECK(ephemeral.public_key() == array_from_hex<32>(kPkEm));
  CHECK((ephemeral.secret_key() == Secret<32>::copy_of(array_from_hex<32>(kSkEm))));
  FixedEntropy recipient(from_hex(kIkmR));
  CHECK(HpkeKeyPair::generate(recipient).public_key() == array_from_hex<32>(kPkRm));
  CHECK(vector_recipient().public_key() == array_from_hex<32>(kPkRm));
}

TEST_CASE("sealing and opening give the encryptions of RFC 9180, in order") {
  FixedEntropy entropy(from_hex(kIkmE));
  auto sender = hpke_setup_sender(array_from_hex<32>(kPkRm), from_hex(kInfo), entropy);
  REQUIRE(sender.ok());
  CHECK(entropy.used_up());
  CHECK(sender->encapsulated_key == array_from_hex<32>(kPkEm));
  auto receiver =
      hpke_setup_receiver(vector_recipient(), array_from_hex<32>(kPkEm), from_hex(kInfo));
  REQUIRE(receiver.ok());

  uint64_t sequence = 0;
  for (const Encryption& encryption : kEncryptions) {
    for (; sequence < encryption.sequence; ++sequence)
      REQUIRE(receiver->open({}, sender->context.seal({}, {})).ok());
    const Bytes aad = from_hex(encryption.aad);
    const Bytes ciphertext = sender->context.seal(aad, from_hex(kPlaintext));
    CHECK(ciphertext == from_hex(encryption.ciphertext));
    const auto plaintext = receiver->open(aad, ciphertext);
    REQUIRE(plaintext.ok());
    CHECK(revealed(*plaintext) == from_hex(kPlaintext));
    ++sequence;
  }
}

TEST_CASE("both sides export the secrets of RFC 9180") {
  FixedEntropy entropy(from_hex(kIkmE));
  const auto sender = hpke_setup_sender(array_from_hex<32>(kPkRm), from_hex(kInfo), entropy);
  const auto receiver =
      hpke_setup_receiver(vector_recipient(), array_from_hex<32>(kPkEm), from_hex(kInfo));
  REQUIRE(sender.ok());
  REQUIRE(receiver.ok());
  for (const Export& exported : kExports) {
    const Bytes context = from_hex(exported.context);
    CHECK(revealed(*sender->context.export_secret(context, 32)) == from_hex(exported.value));
    CHECK(revealed(*receiver->export_secret(context, 32)) == from_hex(exported.value));
  }
  CHECK(receiver->export_secret({}, 255 * 32).ok());
  CHECK(receiver->export_secret({}, 255 * 32 + 1).error().code == ErrorCode::kInvalidArgument);
  CHECK(receiver->export_secret({}, ~size_t{0}).error().code == ErrorCode::kInvalidArgument);
}

TEST_CASE("one message is the encapsulated key and the first encryption") {
  FixedEntropy entropy(from_hex(kIkmE));
  const auto sealed = hpke_seal(array_from_hex<32>(kPkRm), from_hex(kInfo),
                                from_hex(kEncryptions[0].aad), from_hex(kPlaintext), entropy);
  REQUIRE(sealed.ok());
  CHECK(*sealed == from_hex(std::string(kPkEm) + kEncryptions[0].ciphertext));
  const auto opened =
      hpke_open(vector_recipient(), from_hex(kInfo), from_hex(kEncryptions[0].aad), *sealed);
  REQUIRE(opened.ok());
  CHECK(revealed(*opened) == from_hex(kPlaintext));
}

TEST_CASE("messages of any length open again, and are kHpkeOverhead longer") {
  TestEntropy entropy(1);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{64}, size_t{1000}, size_t{100'000}}) {
    Bytes plaintext(size);
    entropy.fill(plaintext);
    const auto sealed = hpke_seal(recipient.public_key(), {}, {}, plaintext, entropy);
    REQUIRE(sealed.ok());
    CHECK(sealed->size() == size + kHpkeOverhead);
    const auto opened = hpke_open(recipient, {}, {}, *sealed);
    REQUIRE(opened.ok());
    CHECK(revealed(*opened) == plaintext);
  }
}

TEST_CASE("any changed byte of key, ciphertext, tag, info or aad is seen") {
  TestEntropy entropy(2);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  const Bytes info = from_text("sotto v1, device to leader");
  const Bytes aad = from_text("task and report");
  const Bytes sealed =
      hpke_seal(recipient.public_key(), info, aad, from_text("a share"), entropy).value();
  REQUIRE(hpke_open(recipient, info, aad, sealed).ok());

  const auto refused = [&](std::span<const uint8_t> with_info, std::span<const uint8_t> with_aad,
                           std::span<const uint8_t> message) {
    const auto opened = hpke_open(recipient, with_info, with_aad, message);
    return !opened.ok() && opened.error().code == ErrorCode::kAuthentication;
  };
  // Bit 7 of an X25519 key is ignored by the agreement, but not by the key schedule.
  for (const uint8_t mask : {uint8_t{1}, uint8_t{0x80}}) {
    for (size_t i = 0; i < sealed.size(); ++i) {
      CAPTURE(i);
      Bytes changed = sealed;
      changed[i] ^= mask;
      CHECK(refused(info, aad, changed));
    }
    for (size_t i = 0; i < info.size(); ++i) {
      Bytes changed = info;
      changed[i] ^= mask;
      CHECK(refused(changed, aad, sealed));
    }
    for (size_t i = 0; i < aad.size(); ++i) {
      Bytes changed = aad;
      changed[i] ^= mask;
      CHECK(refused(info, changed, sealed));
    }
  }
  CHECK(refused({}, aad, sealed));
  CHECK(refused(info, {}, sealed));
  Bytes longer = sealed;
  longer.push_back(0);
  CHECK(refused(info, aad, longer));
}

TEST_CASE("every truncation is refused") {
  TestEntropy entropy(3);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  const Bytes sealed = hpke_seal(recipient.public_key(), {}, {}, from_text("x"), entropy).value();
  for (size_t size = 0; size < sealed.size(); ++size) {
    const auto opened = hpke_open(recipient, {}, {}, std::span(sealed).first(size));
    REQUIRE_FALSE(opened.ok());
    CHECK(opened.error().code ==
          (size < kHpkeOverhead ? ErrorCode::kMalformed : ErrorCode::kAuthentication));
  }
}

TEST_CASE("another recipient cannot open it") {
  TestEntropy entropy(4);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  const HpkeKeyPair other = HpkeKeyPair::generate(entropy);
  const Bytes sealed = hpke_seal(recipient.public_key(), {}, {}, from_text("x"), entropy).value();
  CHECK(hpke_open(other, {}, {}, sealed).error().code == ErrorCode::kAuthentication);
}

TEST_CASE("agreements that give zero are refused on both sides") {
  TestEntropy entropy(5);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  for (const char* point : kSmallOrder) {
    CAPTURE(point);
    const auto key = array_from_hex<32>(point);
    CHECK(hpke_seal(key, {}, {}, from_text("x"), entropy).error().code ==
          ErrorCode::kInvalidArgument);
    CHECK(hpke_setup_receiver(recipient, key, {}).error().code == ErrorCode::kAuthentication);
  }
}

TEST_CASE("a failed open does not advance the context") {
  TestEntropy entropy(6);
  const HpkeKeyPair recipient = HpkeKeyPair::generate(entropy);
  auto sender = hpke_setup_sender(recipient.public_key(), {}, entropy).value();
  auto receiver = hpke_setup_receiver(recipient, sender.encapsulated_key, {}).value();
  const Bytes first = sender.context.seal({}, from_text("first"));
  const Bytes second = sender.context.seal({}, from_text("second"));
  CHECK_FALSE(receiver.open({}, second).ok());
  CHECK(receiver.open({}, Bytes(15)).error().code == ErrorCode::kMalformed);
  CHECK(receiver.open({}, first).ok());
  CHECK_FALSE(receiver.open({}, first).ok());
  CHECK(receiver.open({}, second).ok());
}
