#include "crypto/aes128_ctr.hpp"

#include <algorithm>
#include <cstring>

#include "crypto/aes128_path.hpp"
#include "crypto/secret.hpp"

namespace sotto {
namespace {

uint64_t load_big_endian(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

struct Aes128Ctr::State {
  State(std::unique_ptr<Aes128Path> chosen, std::span<const uint8_t, 16> counter)
      : path(std::move(chosen)),
        next_block{load_big_endian(counter.first(8)), load_big_endian(counter.last(8))} {}
  ~State() {
    wipe(made_ahead);
    wipe({reinterpret_cast<uint8_t*>(&next_block), sizeof next_block});
  }

  /// out: whole batches.
  void make(std::span<uint8_t> out) {
    path->encrypt_counters(next_block, out);
    next_block = next_block.plus(out.size() / 16);
  }

  /// Moves what was made ahead to the front of `out`; returns the rest of `out`.
  std::span<uint8_t> take(std::span<uint8_t> out) {
    const size_t n = std::min(left, out.size());
    std::copy_n(made_ahead.begin() + static_cast<std::ptrdiff_t>(path->batch_size() - left), n,
                out.begin());
    left -= n;
    return out.subspan(n);
  }

  std::unique_ptr<Aes128Path> path;
  CounterBlock next_block;
  size_t left = 0;  // bytes at the end of made_ahead's batch
  std::array<uint8_t, Aes128Path::kMaxBatch> made_ahead;
};

Aes128Ctr::Aes128Ctr(std::span<const uint8_t, 16> key, std::span<const uint8_t, 16> counter) {
  std::unique_ptr<Aes128Path> path = make_aes128_ni(key);
  if (!path) path = make_aes128_bitsliced(key);
  state_ = std::make_unique<State>(std::move(path), counter);
}

Aes128Ctr::Aes128Ctr(std::unique_ptr<Aes128Path> path, std::span<const uint8_t, 16> counter)
    : state_(std::make_unique<State>(std::move(path), counter)) {}

Aes128Ctr::~Aes128Ctr() = default;

void Aes128Ctr::next(std::span<uint8_t> out) {
  out = state_->take(out);
  const size_t batch = state_->path->batch_size();
  const size_t whole = out.size() / batch * batch;
  state_->make(out.first(whole));
  out = out.subspan(whole);
  if (out.empty()) return;
  state_->make(std::span(state_->made_ahead).first(batch));
  state_->left = batch;
  state_->take(out);
}

}  // namespace sotto
