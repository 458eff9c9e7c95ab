#include "publishing/compressed.hpp"

#include <brotli/decode.h>
#include <doctest/doctest.h>
#include <zlib.h>

#include "base/random.hpp"

namespace sotto {
namespace {

Bytes random_bytes(size_t size, uint64_t values) {
  Random random(size + values);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(values));
  return bytes;
}

Bytes gunzip(const Bytes& form, size_t size) {
  Bytes out(size + 1);
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = const_cast<uint8_t*>(form.data());
  stream.avail_in = static_cast<uInt>(form.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

Bytes unbrotli(const Bytes& form, size_t size) {
  Bytes out(size + 1);
  size_t made = out.size();
  CHECK(BrotliDecoderDecompress(form.size(), form.data(), &made, out.data()) ==
        BROTLI_DECODER_RESULT_SUCCESS);
  out.resize(made);
  return out;
}

}  // namespace

TEST_CASE("forms decode to the very bytes, also over several of zlib's pieces") {
  for (const size_t size : {size_t{1000}, (size_t{1} << 20) - 1, size_t{1} << 20,
                            (size_t{1} << 20) + 1, size_t{5'000'000}}) {
    const Bytes bytes = random_bytes(size, 16);
    const auto forms = compressed_forms(bytes);
    REQUIRE(forms.ok());
    REQUIRE(forms->size() == 2);
    CHECK((*forms)[0].coding == "gzip");
    CHECK((*forms)[1].coding == "br");
    CHECK(gunzip((*forms)[0].bytes, size) == bytes);
    CHECK(unbrotli((*forms)[1].bytes, size) == bytes);
    for (const CompressedForm& form : *forms) CHECK(form.bytes.size() * 10 <= size * 9);
  }
}

TEST_CASE("a form that saves less than a tenth is not kept") {
  CHECK(compressed_forms({})->empty());
  CHECK(compressed_forms(random_bytes(10, 2))->empty());
  CHECK(compressed_forms(random_bytes(100'000, 256))->empty());
  // log2(241) = 7.91 of 8 bits: 1 % would be saved.
  CHECK(compressed_forms(random_bytes(100'000, 241))->empty());
  // 6 of 8 bits.
  CHECK(compressed_forms(random_bytes(100'000, 64))->size() == 2);
}

}  // namespace sotto
