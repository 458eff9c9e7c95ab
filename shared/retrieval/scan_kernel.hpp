// The inner loop of every scan: int8 rows against an int16 query, SIMD where there is any.
// Internal to this room; public for its tests and benchmarks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sotto {

inline constexpr uint32_t kScanBlockRows = 256;

/// Neighbouring rows, small enough that the threshold may move between blocks.
struct ScanBlock {
  const int8_t* codes;       ///< n_rows x stride.
  size_t stride;             ///< A multiple of 16, at most ItemRows::kMaxDim.
  const float* multipliers;  ///< n_rows.
  const int16_t* query;      ///< stride.
  uint32_t n_rows;           ///< At most kScanBlockRows.
};

/// The rows of a block whose value is above the threshold, in row order.
struct ScanHits {
  uint32_t count = 0;
  std::array<uint32_t, kScanBlockRows> rows;  ///< Counted from the first row of the block.
  std::array<float, kScanBlockRows> values;
};

/// value_i = multiplier_i * float(sum_j code_ij query_j): an exact integer (below 2^31, see
/// ItemRows::kMaxDim), one rounding to float and one multiplication, so every kernel gives the same
/// bits. Writes the hits. Thread safety: pure.
using ScanFunction = void (*)(const ScanBlock& block, float threshold, ScanHits& hits);

struct ScanKernel {
  const char* name;  ///< "scalar", "sse2", "avx2" or "wasm".
  ScanFunction scan;
};

/// The fastest that this machine has. Costs a look at the processor's flags.
ScanKernel best_scan_kernel();
/// All that this machine has.
std::vector<ScanKernel> available_scan_kernels();

}  // namespace sotto
