#include "vdaf/wraparound.hpp"

// WASM first: there the compiler may claim SSE too, which it would only imitate.
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#define SOTTO_X86 1
#endif

namespace sotto {
namespace {

using AddDots = void (*)(const int16_t* digits, size_t stride, const uint8_t* random,
                         size_t coordinates, int64_t* sums);

// One function for each number of digits that a field has.
template <AddDots kTwo, AddDots kThree, AddDots kFour, AddDots kEight>
void dispatch(const int16_t* digits, size_t stride, size_t n_digits, const uint8_t* random,
              size_t coordinates, int64_t* sums) {
  switch (n_digits) {
    case 2: return kTwo(digits, stride, random, coordinates, sums);
    case 3: return kThree(digits, stride, random, coordinates, sums);
    case 4: return kFour(digits, stride, random, coordinates, sums);
    default: return kEight(digits, stride, random, coordinates, sums);
  }
}

// The bits b and b' of a coordinate stand for b + b' - 1. With SIMD, a table of the 16 values of
// four bits is looked up in a register.
template <size_t kDigits>
void add_dots_scalar(const int16_t* digits, size_t stride, const uint8_t* random,
                     size_t coordinates, int64_t* sums) {
  for (size_t l = 0; l < kDigits; ++l) {
    int32_t total = 0;
    for (size_t block = 0; block < coordinates; block += 64) {
      const int16_t* const digit = digits + l * stride + block;
      const uint8_t* const bytes = random + block / 4;
      for (size_t k = 0; k < 4; ++k) {
        for (size_t i = 0; i < 16; ++i) {
          const int bits = bytes[i] >> (2 * k);
          total += ((bits & 1) + ((bits >> 1) & 1) - 1) * digit[16 * k + i];
        }
      }
    }
    sums[l] += total;
  }
}

#if defined(__wasm_simd128__)

template <size_t kDigits>
void add_dots_wasm(const int16_t* digits, size_t stride, const uint8_t* random, size_t coordinates,
                   int64_t* sums) {
  const v128_t lower_pair = wasm_i8x16_const(-1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1);
  const v128_t upper_pair = wasm_i8x16_const(-1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1);
  const v128_t nibble = wasm_i8x16_splat(15);
  v128_t totals[kDigits];
  for (v128_t& total : totals) total = wasm_i32x4_splat(0);
  for (size_t block = 0; block < coordinates; block += 64) {
    const v128_t bytes = wasm_v128_load(random + block / 4);
    const v128_t low = wasm_v128_and(bytes, nibble);
    const v128_t high = wasm_u8x16_shr(bytes, 4);
    const v128_t signs[4] = {
        wasm_i8x16_swizzle(lower_pair, low), wasm_i8x16_swizzle(upper_pair, low),
        wasm_i8x16_swizzle(lower_pair, high), wasm_i8x16_swizzle(upper_pair, high)};
    for (size_t k = 0; k < 4; ++k) {
      const v128_t first = wasm_i16x8_extend_low_i8x16(signs[k]);
      const v128_t second = wasm_i16x8_extend_high_i8x16(signs[k]);
      for (size_t l = 0; l < kDigits; ++l) {
        const int16_t* const digit = digits + l * stride + block + 16 * k;
        totals[l] = wasm_i32x4_add(totals[l], wasm_i32x4_dot_i16x8(first, wasm_v128_load(digit)));
        totals[l] =
            wasm_i32x4_add(totals[l], wasm_i32x4_dot_i16x8(second, wasm_v128_load(digit + 8)));
      }
    }
  }
  for (size_t l = 0; l < kDigits; ++l) {
    int32_t lanes[4];
    wasm_v128_store(lanes, totals[l]);
    for (const int32_t lane : lanes) sums[l] += lane;
  }
}

constexpr WraparoundKernel kSimd{
    "wasm", dispatch<add_dots_wasm<2>, add_dots_wasm<3>, add_dots_wasm<4>, add_dots_wasm<8>>};

#elif defined(SOTTO_X86)

template <size_t kDigits>
__attribute__((target("avx2"))) void add_dots_avx2(const int16_t* digits, size_t stride,
                                                   const uint8_t* random, size_t coordinates,
                                                   int64_t* sums) {
  const __m256i lower_pair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 1));
  const __m256i upper_pair = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(-1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1));
  const __m256i nibble = _mm256_set1_epi8(15);
  __m256i totals[kDigits] = {};
  for (size_t block = 0; block < coordinates; block += 128) {  // two blocks at a time
    const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(random + block / 4));
    const __m256i low = _mm256_and_si256(bytes, nibble);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    const __m256i signs[4] = {
        _mm256_shuffle_epi8(lower_pair, low), _mm256_shuffle_epi8(upper_pair, low),
        _mm256_shuffle_epi8(lower_pair, high), _mm256_shuffle_epi8(upper_pair, high)};
    for (size_t k = 0; k < 4; ++k) {
      const __m256i first = _mm256_cvtepi8_epi16(_mm256_castsi256_si128(signs[k]));
      const __m256i second = _mm256_cvtepi8_epi16(_mm256_extracti128_si256(signs[k], 1));
      for (size_t l = 0; l < kDigits; ++l) {
        const auto* const digit =
            reinterpret_cast<const __m256i*>(digits + l * stride + block + 16 * k);
        const __m256i products =
            _mm256_add_epi32(_mm256_madd_epi16(first, _mm256_loadu_si256(digit)),
                             _mm256_madd_epi16(second, _mm256_loadu_si256(digit + 4)));
        totals[l] = _mm256_add_epi32(totals[l], products);
      }
    }
  }
  for (size_t l = 0; l < kDigits; ++l) {
    int32_t lanes[8];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), totals[l]);
    for (const int32_t lane : lanes) sums[l] += lane;
  }
}

constexpr WraparoundKernel kSimd{
    "avx2", dispatch<add_dots_avx2<2>, add_dots_avx2<3>, add_dots_avx2<4>, add_dots_avx2<8>>};

#endif

constexpr WraparoundKernel kScalar{
    "scalar",
    dispatch<add_dots_scalar<2>, add_dots_scalar<3>, add_dots_scalar<4>, add_dots_scalar<8>>};

}  // namespace

const WraparoundKernel& best_wraparound_kernel() {
#if defined(__wasm_simd128__)
  return kSimd;
#elif defined(SOTTO_X86)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  return kHasAvx2 ? kSimd : kScalar;
#else
  return kScalar;
#endif
}

std::vector<WraparoundKernel> available_wraparound_kernels() {
  std::vector<WraparoundKernel> kernels{kScalar};
#if defined(__wasm_simd128__)
  kernels.push_back(kSimd);
#elif defined(SOTTO_X86)
  if (__builtin_cpu_supports("avx2") != 0) kernels.push_back(kSimd);
#endif
  return kernels;
}

}  // namespace sotto
