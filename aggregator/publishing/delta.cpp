#include "publishing/delta.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "crypto/hash.hpp"
#include "protocol/fields.hpp"
#include "publishing/stored.hpp"

namespace sotto {
namespace {

constexpr StoredKind kDelta{"sotto delta", 1, "delta"};
constexpr uint8_t kCopy = 1;
constexpr uint8_t kInsert = 2;
constexpr size_t kBlock = 16;
// A copy takes 17 bytes, and cuts an insert in two, which takes 9 more.
constexpr size_t kLeastCopy = 32;

using Block = std::array<uint64_t, 2>;
struct BlockHash {
  size_t operator()(const Block& block) const {
    return static_cast<size_t>((block[0] ^ (block[1] * 0x9E3779B97F4A7C15U)) * 0xBF58476D1CE4E5B9U);
  }
};

Block block_at(std::span<const uint8_t> bytes, size_t at) {
  Block block;
  std::memcpy(block.data(), bytes.data() + at, kBlock);
  return block;
}

class Encoder {
 public:
  Encoder(std::span<const uint8_t> from, std::span<const uint8_t> to) : from_(from), to_(to) {
    blocks_.reserve(from.size() / kBlock);
    // The first of equal blocks stays.
    for (size_t at = 0; at + kBlock <= from.size(); at += kBlock)
      blocks_.emplace(block_at(from, at), at);
  }

  Bytes run() {
    begin_record(out_, kDelta);
    put_file(from_);
    put_file(to_);
    size_t at = 0;
    while (at + kBlock <= to_.size()) {
      const auto found = blocks_.find(block_at(to_, at));
      const size_t end = found == blocks_.end() ? 0 : copy(found->second, at);
      at = end > 0 ? end : at + 1;
    }
    insert_until(to_.size());
    return std::move(out_).bytes();
  }

 private:
  void put_file(std::span<const uint8_t> bytes) {
    out_.put_bytes(sha256(bytes));
    out_.put<uint64_t>(bytes.size());
  }

  // The match of base at `source` with target at `at`, followed in both directions. Where in the
  // target it ends; 0 when it is too short.
  size_t copy(size_t source, size_t at) {
    size_t begin = at, end = at + kBlock;
    while (begin > done_ && source > 0 && from_[source - 1] == to_[begin - 1]) --begin, --source;
    while (end < to_.size() && source + (end - begin) < from_.size() &&
           from_[source + (end - begin)] == to_[end])
      ++end;
    if (end - begin < kLeastCopy) return 0;
    insert_until(begin);
    out_.put<uint8_t>(kCopy);
    out_.put<uint64_t>(source);
    out_.put<uint64_t>(end - begin);
    done_ = end;
    return end;
  }

  void insert_until(size_t end) {
    if (end == done_) return;
    out_.put<uint8_t>(kInsert);
    out_.put_array(to_.subspan(done_, end - done_));
    done_ = end;
  }

  std::span<const uint8_t> from_, to_;
  std::unordered_map<Block, size_t, BlockHash> blocks_;
  ByteWriter out_;
  size_t done_ = 0;  // of the target
};

struct Named {
  Digest hash{};
  uint64_t size = 0;
};

Result<Named> get_file(ByteReader& in) {
  Named file;
  SOTTO_CHECK_OK(get_array(in, file.hash, "delta: hash"));
  SOTTO_TRY(file.size, in.get<uint64_t>("delta: size"));
  return file;
}

Error malformed(const char* what) { return {ErrorCode::kMalformed, what}; }

Result<std::span<const uint8_t>> next_part(ByteReader& in, std::span<const uint8_t> from) {
  SOTTO_TRY(const auto kind, in.get<uint8_t>("delta: operation"));
  if (kind != kCopy && kind != kInsert) return malformed("delta: unknown operation");
  SOTTO_TRY(const auto offset, kind == kCopy ? in.get<uint64_t>("delta: offset") : uint64_t{0});
  SOTTO_TRY(const auto length, in.get<uint64_t>("delta: length"));
  const uint64_t there = kind == kCopy ? from.size() : in.remaining();
  if (length == 0 || offset > there || length > there - offset)
    return malformed("delta: length out of range");
  if (kind == kInsert) return in.get_bytes(static_cast<size_t>(length), "delta: bytes");
  return from.subspan(static_cast<size_t>(offset), static_cast<size_t>(length));
}

}  // namespace

Bytes make_delta(std::span<const uint8_t> from, std::span<const uint8_t> to) {
  return Encoder(from, to).run();
}

Result<Bytes> apply_delta(std::span<const uint8_t> from, std::span<const uint8_t> delta,
                          uint64_t limit) {
  ByteReader in(delta);
  SOTTO_CHECK_OK(begin_record(in, kDelta));
  SOTTO_TRY(const Named base, get_file(in));
  SOTTO_TRY(const Named target, get_file(in));
  if (base.size != from.size() || base.hash != sha256(from))
    return Error{ErrorCode::kDisagreement, "delta: made for another base"};
  if (target.size > limit) return Error{ErrorCode::kOutOfMemory, "delta: target above the limit"};
  Bytes out;
  out.reserve(static_cast<size_t>(target.size));
  while (in.remaining() > 0) {
    SOTTO_TRY(const auto part, next_part(in, from));
    if (part.size() > target.size - out.size()) return malformed("delta: longer than its target");
    out.insert(out.end(), part.begin(), part.end());
  }
  if (out.size() != target.size || sha256(out) != target.hash)
    return malformed("delta: does not make its target");
  return out;
}

}  // namespace sotto
