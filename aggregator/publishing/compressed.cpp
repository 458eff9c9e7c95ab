#include "publishing/compressed.hpp"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

namespace sotto {
namespace {

// A publication must not wait: beyond these both gain a few per cent for ten times the work.
constexpr int kGzipLevel = 6;
constexpr int kBrotliQuality = 5;
constexpr int kGzipWindow = 15 + 16;  // the largest, and a gzip head instead of zlib's
constexpr int kGzipMemory = 8;        // zlib's own choice
constexpr uint64_t kLeastSaved = 10;  // per cent

Error out_of_memory() { return {ErrorCode::kOutOfMemory, "compression: out of memory"}; }

// zlib counts in 32 bits, so it is fed in pieces.
Result<Bytes> gzip(std::span<const uint8_t> bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return out_of_memory();
  constexpr size_t kPiece = size_t{1} << 20;
  Bytes out;
  int done = Z_OK;
  do {
    const size_t taken = std::min(bytes.size(), kPiece);
    stream.next_in = const_cast<uint8_t*>(bytes.data());  // zlib's old signature; it reads only
    stream.avail_in = static_cast<uInt>(taken);
    bytes = bytes.subspan(taken);
    do {
      const size_t before = out.size();
      out.resize(before + kPiece);
      stream.next_out = out.data() + before;
      stream.avail_out = static_cast<uInt>(kPiece);
      done = deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
      out.resize(out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return Error{ErrorCode::kInternal, "compression: zlib did not end"};
  return out;
}

Result<Bytes> brotli(std::span<const uint8_t> bytes) {
  size_t size = BrotliEncoderMaxCompressedSize(bytes.size());
  if (size == 0) return out_of_memory();  // more than its sizes can say
  Bytes out(size);
  if (BrotliEncoderCompress(kBrotliQuality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC,
                            bytes.size(), bytes.data(), &size, out.data()) != BROTLI_TRUE)
    return out_of_memory();
  out.resize(size);
  out.shrink_to_fit();
  return out;
}

}  // namespace

Result<std::vector<CompressedForm>> compressed_forms(std::span<const uint8_t> bytes) {
  const uint64_t most = bytes.size() - (bytes.size() * kLeastSaved + 99) / 100;
  std::vector<CompressedForm> forms;
  SOTTO_TRY(Bytes gzipped, gzip(bytes));
  if (gzipped.size() <= most) forms.push_back({kCodings[0], std::move(gzipped)});
  SOTTO_TRY(Bytes brotlied, brotli(bytes));
  if (brotlied.size() <= most) forms.push_back({kCodings[1], std::move(brotlied)});
  return forms;
}

}  // namespace sotto
