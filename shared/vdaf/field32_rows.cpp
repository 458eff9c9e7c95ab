#include "vdaf/rows.hpp"

// WASM first: there the compiler may claim SSE too, which it would only imitate.
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#define SOTTO_X86 1
#endif

namespace sotto {
namespace {

// SIMD multiplies after Montgomery (1985): montgomery(a, b) = a b 2^-32 mod q. It takes the
// product's lower half m away as a multiple of q: m q^-1 q has the same lower half, and q^-1 = 1 +
// 2^20 mod 2^32. A factor that is used for a whole row is taken times 2^32 first.
constexpr uint32_t kQ = Field32::kModulus;
constexpr uint32_t kMontgomeryOne = Field32::reduce(uint64_t{1} << 32);
static_assert(static_cast<uint32_t>(kQ * (1U + (1U << 20))) == 1);

void butterfly_scalar(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  for (size_t i = 0; i < n; ++i) {
    const uint32_t scaled = Field32::multiply(b[i], factor);
    b[i] = Field32::subtract(a[i], scaled);
    a[i] = Field32::add(a[i], scaled);
  }
}
void inverse_butterfly_scalar(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  for (size_t i = 0; i < n; ++i) {
    const uint32_t difference = Field32::subtract(a[i], b[i]);
    a[i] = Field32::add(a[i], b[i]);
    b[i] = Field32::multiply(difference, factor);
  }
}
void add_scaled_scalar(uint32_t* into, const uint32_t* row, size_t n, uint32_t factor) {
  for (size_t i = 0; i < n; ++i) into[i] = Field32::add(into[i], Field32::multiply(row[i], factor));
}
void scale_scalar(uint32_t* row, size_t n, uint32_t factor) {
  for (size_t i = 0; i < n; ++i) row[i] = Field32::multiply(row[i], factor);
}
uint32_t dot_scalar(const uint32_t* a, const uint32_t* b, size_t n) {
  uint32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum = Field32::add(sum, Field32::multiply(a[i], b[i]));
  return sum;
}

constexpr Field32Rows kScalar{"scalar",          butterfly_scalar, inverse_butterfly_scalar,
                              add_scaled_scalar, scale_scalar,     dot_scalar};

#if defined(__wasm_simd128__)

constexpr size_t kLanes = 4;
using Lanes = v128_t;
#define SOTTO_SIMD inline

SOTTO_SIMD Lanes load(const uint32_t* from) { return wasm_v128_load(from); }
SOTTO_SIMD void store(uint32_t* to, Lanes a) { wasm_v128_store(to, a); }
SOTTO_SIMD Lanes splat(uint32_t value) { return wasm_u32x4_splat(value); }

SOTTO_SIMD Lanes subtract(Lanes a, Lanes b) {
  return wasm_i32x4_add(wasm_i32x4_sub(a, b), wasm_v128_and(wasm_u32x4_lt(a, b), splat(kQ)));
}
SOTTO_SIMD Lanes montgomery(Lanes a, Lanes b) {
  const Lanes low = wasm_u64x2_extmul_low_u32x4(a, b);
  const Lanes high = wasm_u64x2_extmul_high_u32x4(a, b);
  const Lanes lower = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
  const Lanes upper = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
  const Lanes m = wasm_i32x4_add(lower, wasm_i32x4_shl(lower, 20));
  const Lanes taken = wasm_i32x4_shuffle(wasm_u64x2_extmul_low_u32x4(m, splat(kQ)),
                                         wasm_u64x2_extmul_high_u32x4(m, splat(kQ)), 1, 3, 5, 7);
  return subtract(upper, taken);
}

#elif defined(SOTTO_X86)

constexpr size_t kLanes = 8;
using Lanes = __m256i;
#define SOTTO_SIMD __attribute__((target("avx2"))) inline

SOTTO_SIMD Lanes load(const uint32_t* from) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}
SOTTO_SIMD void store(uint32_t* to, Lanes a) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a);
}
SOTTO_SIMD Lanes splat(uint32_t value) { return _mm256_set1_epi32(static_cast<int>(value)); }

SOTTO_SIMD Lanes subtract(Lanes a, Lanes b) {
  const Lanes no_borrow = _mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a);
  return _mm256_add_epi32(_mm256_sub_epi32(a, b), _mm256_andnot_si256(no_borrow, splat(kQ)));
}
SOTTO_SIMD Lanes montgomery(Lanes a, Lanes b) {
  const Lanes even = _mm256_mul_epu32(a, b);
  const Lanes odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));
  const Lanes m_even = _mm256_add_epi32(even, _mm256_slli_epi32(even, 20));
  const Lanes m_odd = _mm256_add_epi32(odd, _mm256_slli_epi32(odd, 20));
  const Lanes taken_even = _mm256_mul_epu32(m_even, splat(kQ));
  const Lanes taken_odd = _mm256_mul_epu32(m_odd, splat(kQ));
  const Lanes upper = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
  const Lanes taken = _mm256_blend_epi32(_mm256_srli_epi64(taken_even, 32), taken_odd, 0xaa);
  return subtract(upper, taken);
}

#endif

#if defined(SOTTO_SIMD)

// a + b = a - (q - b), as in Field32::add.
SOTTO_SIMD Lanes add(Lanes a, Lanes b) {
#if defined(__wasm_simd128__)
  return subtract(a, wasm_i32x4_sub(splat(kQ), b));
#else
  return subtract(a, _mm256_sub_epi32(splat(kQ), b));
#endif
}

SOTTO_SIMD void butterfly_simd(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  const Lanes prepared = splat(Field32::multiply(factor, kMontgomeryOne));
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes scaled = montgomery(load(b + i), prepared);
    const Lanes kept = load(a + i);
    store(b + i, subtract(kept, scaled));
    store(a + i, add(kept, scaled));
  }
  butterfly_scalar(a + i, b + i, n - i, factor);
}
SOTTO_SIMD void inverse_butterfly_simd(uint32_t* a, uint32_t* b, size_t n, uint32_t factor) {
  const Lanes prepared = splat(Field32::multiply(factor, kMontgomeryOne));
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes left = load(a + i);
    const Lanes right = load(b + i);
    store(a + i, add(left, right));
    store(b + i, montgomery(subtract(left, right), prepared));
  }
  inverse_butterfly_scalar(a + i, b + i, n - i, factor);
}
SOTTO_SIMD void add_scaled_simd(uint32_t* into, const uint32_t* row, size_t n, uint32_t factor) {
  const Lanes prepared = splat(Field32::multiply(factor, kMontgomeryOne));
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    store(into + i, add(load(into + i), montgomery(load(row + i), prepared)));
  add_scaled_scalar(into + i, row + i, n - i, factor);
}
SOTTO_SIMD void scale_simd(uint32_t* row, size_t n, uint32_t factor) {
  const Lanes prepared = splat(Field32::multiply(factor, kMontgomeryOne));
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(row + i, montgomery(load(row + i), prepared));
  scale_scalar(row + i, n - i, factor);
}
SOTTO_SIMD uint32_t dot_simd(const uint32_t* a, const uint32_t* b, size_t n) {
  Lanes sums = splat(0);
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sums = add(sums, montgomery(load(a + i), load(b + i)));
  uint32_t lanes[kLanes];
  store(lanes, sums);
  uint32_t sum = 0;
  for (const uint32_t lane : lanes) sum = Field32::add(sum, lane);
  return Field32::add(Field32::multiply(sum, kMontgomeryOne), dot_scalar(a + i, b + i, n - i));
}

constexpr Field32Rows kSimd {
#if defined(__wasm_simd128__)
  "wasm",
#else
  "avx2",
#endif
      butterfly_simd, inverse_butterfly_simd, add_scaled_simd, scale_simd, dot_simd
};

#endif

}  // namespace

const Field32Rows& best_field32_rows() {
#if defined(__wasm_simd128__)
  return kSimd;
#elif defined(SOTTO_X86)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  return kHasAvx2 ? kSimd : kScalar;
#else
  return kScalar;
#endif
}

std::vector<Field32Rows> available_field32_rows() {
  std::vector<Field32Rows> rows{kScalar};
#if defined(__wasm_simd128__)
  rows.push_back(kSimd);
#elif defined(SOTTO_X86)
  if (__builtin_cpu_supports("avx2") != 0) rows.push_back(kSimd);
#endif
  return rows;
}

}  // namespace sotto
