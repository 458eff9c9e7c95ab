#include "base/entropy.hpp"

#include <algorithm>
#include <cstring>

#include "base/random.hpp"

namespace sotto {

EntropyWords::~EntropyWords() {
  // A volatile write per word, so that the wipe is not optimised away.
  for (size_t i = 0; i < words_.size(); ++i) *static_cast<volatile uint32_t*>(&words_[i]) = 0;
}

void EntropyWords::refill() {
  source_->fill({reinterpret_cast<uint8_t*>(words_.data()), words_.size() * sizeof(uint32_t)});
  next_ = 0;
}

void TestEntropy::fill(std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); i += 8) {
    const uint64_t word = split_mix64(state_);
    std::memcpy(out.data() + i, &word, std::min<size_t>(8, out.size() - i));
  }
}

}  // namespace sotto
