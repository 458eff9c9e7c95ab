// The layout of a contribution as it stands in a signed task: a name and parameters in bytes.
//
//   "counts"    u32 n_items | u32 max_items
//   "rows"      u32 n_items | u32 dim | f32 a0 | f32 lambda | f64 clip | f32 gamma | f32 gamma_0
//               | f32 gamma_m | u32 n_metrics (0 or kPrequentialMetrics)
//   "whitened"  u32 n_items | u32 n_slice | u32 dim | f32 a0 | f32 lambda | f32 bias | f32 z_clip
//               | f32 norm_floor | f32 gram_weight | f32 metric_weight | f32 sampling_exponent
//               | u32 max_items | u8 residual | u32 n_metrics | for each item of the slice,
//               ascending: u32 item, f32 row weight, f32 popularity | P: dim x dim f32, column by
//               column
//   "quality"   u32 n_items | u32 n_bins
// Integers and floats little-endian, as they are: devices and server compute with the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "model/contribution.hpp"

namespace sotto {

using TaskLayout = std::variant<CountsTask, RowsTask, WhitenedTask, QualityTask>;

/// "counts", "rows", "whitened", "quality".
const char* layout_name(const TaskLayout& layout);
/// Coordinates of a contribution.
size_t layout_dimension(const TaskLayout& layout);
/// Items that the layout knows: rows of the model that are newer go uncontributed.
uint32_t layout_items(const TaskLayout& layout);
/// L2 norm bound of the contribution, in real units: Grid::clip of the task. 1 for counts and
/// whitened, 2 for quality.
double layout_clip(const TaskLayout& layout);

Bytes encode_layout(const TaskLayout& layout);
/// Errors: kUnsupported for another name; kMalformed for any other length, for a value out of its
/// range (n_items and max_items 1 .. 2^28, n_bins 2 .. 1024, dim 1 .. 512, norm_floor 1 .. 1e30,
/// sampling_exponent -100 .. 100, P -1e30 .. 1e30, metric_weight and gamma_m 0 .. 1e30, all other
/// floats 1e-30 .. 1e30: the server divides by them), items of a slice that do not ascend.
/// Allocates n_items entries for "whitened", after checking that n_items is at most `most_items`;
/// kInvalidArgument when it is more.
Result<TaskLayout> decode_layout(std::string_view name, std::span<const uint8_t> parameters,
                                 uint32_t most_items);

/// The contribution of any layout; with an empty history the zero report. random: the device's own.
/// Errors: kInvalidArgument when rows, gram, metrics or an item do not fit the layout; kNumerical
/// when the fold-in leaves finite numbers.
Status contribute(const TaskLayout& layout, const ContributionInput& input, Random& random,
                  Contribution& out);

}  // namespace sotto
