#include "crypto/aes128_path.hpp"

#ifdef __x86_64__
#include <immintrin.h>

#include "crypto/secret.hpp"

// The instructions are asked for function by function, so that the rest of the program runs on
// every x86-64.
#define SOTTO_AESNI __attribute__((target("aes,sse4.1")))

namespace sotto {
namespace {

// As many blocks as hide the latency of AESENC, and fit the registers.
constexpr size_t kBlocks = 8;

SOTTO_AESNI inline __m128i block_of(CounterBlock counter) {
  return _mm_set_epi64x(static_cast<long long>(__builtin_bswap64(counter.low)),
                        static_cast<long long>(__builtin_bswap64(counter.high)));
}

SOTTO_AESNI void encrypt(const Aes128RoundKeys& bytes, CounterBlock counter,
                         std::span<uint8_t> out) {
  __m128i keys[11];
  for (size_t round = 0; round < 11; ++round)
    keys[round] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes[round].data()));
  for (size_t begin = 0; begin < out.size(); begin += kBlocks * 16) {
    __m128i blocks[kBlocks];
    for (size_t i = 0; i < kBlocks; ++i)
      blocks[i] = _mm_xor_si128(block_of(counter.plus(i)), keys[0]);
    counter = counter.plus(kBlocks);
    for (size_t round = 1; round < 10; ++round)
      for (size_t i = 0; i < kBlocks; ++i) blocks[i] = _mm_aesenc_si128(blocks[i], keys[round]);
    auto* to = reinterpret_cast<__m128i*>(out.data() + begin);
    for (size_t i = 0; i < kBlocks; ++i)
      _mm_storeu_si128(to + i, _mm_aesenclast_si128(blocks[i], keys[10]));
  }
}

class AesNi final : public Aes128Path {
 public:
  explicit AesNi(std::span<const uint8_t, 16> key) : keys_(expand_aes128_key(key)) {}
  ~AesNi() override {
    for (auto& key : keys_) wipe(key);
  }

  size_t batch_size() const override { return kBlocks * 16; }
  void encrypt_counters(CounterBlock first, std::span<uint8_t> out) override {
    encrypt(keys_, first, out);
  }

 private:
  Aes128RoundKeys keys_;
};

}  // namespace

std::unique_ptr<Aes128Path> make_aes128_ni(std::span<const uint8_t, 16> key) {
  if (!__builtin_cpu_supports("aes") || !__builtin_cpu_supports("sse4.1")) return nullptr;
  return std::make_unique<AesNi>(key);
}

}  // namespace sotto

#else

namespace sotto {

std::unique_ptr<Aes128Path> make_aes128_ni(std::span<const uint8_t, 16>) { return nullptr; }

}  // namespace sotto

#endif
