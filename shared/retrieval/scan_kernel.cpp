#include "retrieval/scan_kernel.hpp"

// WASM first: there the compiler also claims SSE, which it would only imitate.
#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#define SOTTO_X86 1
#endif

namespace sotto {
namespace {

void add_hit(ScanHits& hits, uint32_t row, float value) {
  hits.rows[hits.count] = row;
  hits.values[hits.count] = value;
  ++hits.count;
}

// Rows that are left over when a SIMD kernel has taken all full groups, too.
void scan_scalar_from(const ScanBlock& block, uint32_t first, float threshold, ScanHits& hits) {
  for (uint32_t i = first; i < block.n_rows; ++i) {
    const int8_t* row = block.codes + i * block.stride;
    int32_t dot = 0;
    for (size_t j = 0; j < block.stride; ++j) dot += int32_t{row[j]} * int32_t{block.query[j]};
    const float value = static_cast<float>(dot) * block.multipliers[i];
    if (value > threshold) add_hit(hits, i, value);
  }
}

void scan_scalar(const ScanBlock& block, float threshold, ScanHits& hits) {
  hits.count = 0;
  scan_scalar_from(block, 0, threshold, hits);
}

// The lanes of a group of rows whose bit is set in `mask`.
[[maybe_unused]] void add_hits(ScanHits& hits, uint32_t first, uint32_t mask, const float* values) {
  for (; mask != 0; mask &= mask - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(mask));
    add_hit(hits, first + lane, values[lane]);
  }
}

#if defined(__wasm_simd128__)

// Four rows at a time; four sums each, transposed and added at the end.
void scan_wasm(const ScanBlock& block, float threshold, ScanHits& hits) {
  hits.count = 0;
  const v128_t least = wasm_f32x4_splat(threshold);
  const size_t stride = block.stride;
  uint32_t i = 0;
  for (; i + 4 <= block.n_rows; i += 4) {
    const int8_t* rows = block.codes + i * stride;
    v128_t sums[4] = {wasm_i32x4_const(0, 0, 0, 0), wasm_i32x4_const(0, 0, 0, 0),
                      wasm_i32x4_const(0, 0, 0, 0), wasm_i32x4_const(0, 0, 0, 0)};
    for (size_t j = 0; j < stride; j += 16) {
      const v128_t low = wasm_v128_load(block.query + j);
      const v128_t high = wasm_v128_load(block.query + j + 8);
      for (size_t r = 0; r < 4; ++r) {
        const int8_t* codes = rows + r * stride + j;
        const v128_t products =
            wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(codes), low),
                           wasm_i32x4_dot_i16x8(wasm_i16x8_load8x8(codes + 8), high));
        sums[r] = wasm_i32x4_add(sums[r], products);
      }
    }
    const v128_t pair0 = wasm_i32x4_add(wasm_i32x4_shuffle(sums[0], sums[1], 0, 4, 1, 5),
                                        wasm_i32x4_shuffle(sums[0], sums[1], 2, 6, 3, 7));
    const v128_t pair1 = wasm_i32x4_add(wasm_i32x4_shuffle(sums[2], sums[3], 0, 4, 1, 5),
                                        wasm_i32x4_shuffle(sums[2], sums[3], 2, 6, 3, 7));
    const v128_t dots = wasm_i32x4_add(wasm_i64x2_shuffle(pair0, pair1, 0, 2),
                                       wasm_i64x2_shuffle(pair0, pair1, 1, 3));
    const v128_t values =
        wasm_f32x4_mul(wasm_f32x4_convert_i32x4(dots), wasm_v128_load(block.multipliers + i));
    const v128_t above = wasm_f32x4_gt(values, least);
    if (wasm_v128_any_true(above)) {
      float lanes[4];
      wasm_v128_store(lanes, values);
      add_hits(hits, i, static_cast<uint32_t>(wasm_i32x4_bitmask(above)), lanes);
    }
  }
  scan_scalar_from(block, i, threshold, hits);
}

#elif defined(SOTTO_X86)

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }

// As scan_wasm; codes are widened by shifting each down from the upper byte of a word.
void scan_sse2(const ScanBlock& block, float threshold, ScanHits& hits) {
  hits.count = 0;
  const __m128 least = _mm_set1_ps(threshold);
  const size_t stride = block.stride;
  uint32_t i = 0;
  for (; i + 4 <= block.n_rows; i += 4) {
    const int8_t* rows = block.codes + i * stride;
    __m128i sums[4] = {};
    for (size_t j = 0; j < stride; j += 16) {
      const __m128i low = load(block.query + j);
      const __m128i high = load(block.query + j + 8);
      for (size_t r = 0; r < 4; ++r) {
        const __m128i codes = load(rows + r * stride + j);
        const __m128i products =
            _mm_add_epi32(_mm_madd_epi16(_mm_srai_epi16(_mm_unpacklo_epi8(codes, codes), 8), low),
                          _mm_madd_epi16(_mm_srai_epi16(_mm_unpackhi_epi8(codes, codes), 8), high));
        sums[r] = _mm_add_epi32(sums[r], products);
      }
    }
    const __m128i pair0 =
        _mm_add_epi32(_mm_unpacklo_epi32(sums[0], sums[1]), _mm_unpackhi_epi32(sums[0], sums[1]));
    const __m128i pair1 =
        _mm_add_epi32(_mm_unpacklo_epi32(sums[2], sums[3]), _mm_unpackhi_epi32(sums[2], sums[3]));
    const __m128i dots =
        _mm_add_epi32(_mm_unpacklo_epi64(pair0, pair1), _mm_unpackhi_epi64(pair0, pair1));
    const __m128 values = _mm_mul_ps(_mm_cvtepi32_ps(dots), _mm_loadu_ps(block.multipliers + i));
    const int mask = _mm_movemask_ps(_mm_cmpgt_ps(values, least));
    if (mask != 0) {
      float lanes[4];
      _mm_storeu_ps(lanes, values);
      add_hits(hits, i, static_cast<uint32_t>(mask), lanes);
    }
  }
  scan_scalar_from(block, i, threshold, hits);
}

// The four sums of sums[0..3] over all of their lanes.
__attribute__((target("avx2"))) inline __m128i add_lanes(const __m256i* sums) {
  const __m256i halves =
      _mm256_hadd_epi32(_mm256_hadd_epi32(sums[0], sums[1]), _mm256_hadd_epi32(sums[2], sums[3]));
  return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

// Eight rows at a time.
__attribute__((target("avx2"))) void scan_avx2(const ScanBlock& block, float threshold,
                                               ScanHits& hits) {
  hits.count = 0;
  const __m256 least = _mm256_set1_ps(threshold);
  const size_t stride = block.stride;
  uint32_t i = 0;
  for (; i + 8 <= block.n_rows; i += 8) {
    const int8_t* rows = block.codes + i * stride;
    __m256i sums[8] = {};
    for (size_t j = 0; j < stride; j += 16) {
      const __m256i query = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block.query + j));
      for (size_t r = 0; r < 8; ++r) {
        const __m256i codes = _mm256_cvtepi8_epi16(load(rows + r * stride + j));
        sums[r] = _mm256_add_epi32(sums[r], _mm256_madd_epi16(codes, query));
      }
    }
    const __m256i dots = _mm256_set_m128i(add_lanes(sums + 4), add_lanes(sums));
    const __m256 values =
        _mm256_mul_ps(_mm256_cvtepi32_ps(dots), _mm256_loadu_ps(block.multipliers + i));
    const int mask = _mm256_movemask_ps(_mm256_cmp_ps(values, least, _CMP_GT_OQ));
    if (mask != 0) {
      float lanes[8];
      _mm256_storeu_ps(lanes, values);
      add_hits(hits, i, static_cast<uint32_t>(mask), lanes);
    }
  }
  scan_scalar_from(block, i, threshold, hits);
}

#endif

}  // namespace

ScanKernel best_scan_kernel() {
#if defined(__wasm_simd128__)
  return {"wasm", scan_wasm};
#elif defined(SOTTO_X86)
  if (__builtin_cpu_supports("avx2")) return {"avx2", scan_avx2};
  return {"sse2", scan_sse2};
#else
  return {"scalar", scan_scalar};
#endif
}

std::vector<ScanKernel> available_scan_kernels() {
  std::vector<ScanKernel> kernels{{"scalar", scan_scalar}};
#if defined(__wasm_simd128__)
  kernels.push_back({"wasm", scan_wasm});
#elif defined(SOTTO_X86)
  kernels.push_back({"sse2", scan_sse2});
  if (__builtin_cpu_supports("avx2")) kernels.push_back({"avx2", scan_avx2});
#endif
  return kernels;
}

}  // namespace sotto
