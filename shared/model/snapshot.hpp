// A model as a file: what the publisher publishes and a device loads.
//
// A safetensors file (base/safetensors.hpp) of m rows of k numbers, little-endian:
//   items             F32 [m, k]   layout "float32": the rows; or
//   codes, scales     I8 [m, k], F32 [m]   layout "int8": v_ij = scale_i * code_ij
//   gram              F32 [k, k]   optional: V'V over all rows, as dequantised (quantization.hpp)
//   popularity        F32 [m]      optional: share of devices that have the item, as released
//   tuning_prior      F32 [3]      optional: the CrowdPrior of the gate (tuning_gate.hpp), in its
//                                  order; devices fine-tune only where there is one
//   regularization    F32 [2]      a0, lambda of fold-in
//   item_ids          U8 [bytes]   the ids of the rows, one after the other
//   item_id_offsets   U64 [m + 1]  id i is item_ids[offsets[i] .. offsets[i + 1])
//   item_live         U8 [m]       1 a live item, 0 a tombstone: its row is never reused
// and metadata: format "sotto-model", version "2", layout, item_index_version (item_index.hpp).
// The signed manifest names the file by its hash, which is checked before the file comes here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "base/matrix.hpp"
#include "base/result.hpp"
#include "catalog/item_index.hpp"
#include "model/fold_in.hpp"
#include "model/quantization.hpp"
#include "model/tuning_gate.hpp"

namespace sotto {

/// Thread safety: a plain value.
struct Snapshot {
  static constexpr Eigen::Index kMaxDim = 512;  ///< As retrieval/item_rows.hpp.
  /// Of any |v_ij|: the squares of 2^28 rows of 512 such numbers sum to less than 1e30, so V'V and
  /// every score stay finite floats.
  static constexpr float kLargestValue = 1e9F;

  std::variant<Matrix, QuantizedMatrix> rows;
  ItemIndex items;  ///< One number a row.
  Regularization reg;
  std::optional<SquareMatrix> gram{};        ///< V'V.
  std::vector<float> popularity{};           ///< m numbers >= 0, or none.
  std::optional<CrowdPrior> tuning_prior{};  ///< Stored as floats.

  Eigen::Index n_items() const;
  Eigen::Index dim() const;
  /// v_i, dequantised (k). 0 <= i < n_items().
  Eigen::RowVectorXf row(Eigen::Index i) const;
};

/// The file. Errors: kInvalidArgument for a snapshot that load_snapshot would refuse.
Result<Bytes> write_snapshot(const Snapshot& snapshot);

/// Every rule: known tensors of known types in one layout, shapes that agree, 1 .. 2^28 rows of
/// 1 .. 512 numbers, finite values of at most kLargestValue, codes in [-127, 127], scales >= 0 and
/// no codes behind a scale of 0, positive regularisation, a symmetric gram, popularity >= 0, a
/// finite prior of fine-tuning with positive variances, ids of 1 .. 256 bytes each once, an index
/// version that can have led to them.
/// memory_budget: bytes that the snapshot may take, besides the file; checked before anything of
/// the size of the model is allocated.
/// Errors: kMalformed, kUnsupported (another format version or layout), kOutOfMemory.
Result<Snapshot> load_snapshot(std::span<const uint8_t> file, uint64_t memory_budget);

/// The stored V'V, or else computed: m k^2 multiplications, no copy of the rows.
SquareMatrix gram_of(const Snapshot& snapshot);

/// Whether a loaded model works, before it replaces one that does: a live row differs from zero,
/// the gram's trace is the rows' sum of squares (to 1e-3), and for up to 16 live items spread over
/// the rows a history of that item alone folds in to a finite u with 0 <= u.v_i <= 1, as
/// v' (A + v v')^-1 v is for any positive A.
/// gram: gram_of(snapshot). Errors: kNumerical names what failed.
Status smoke_test(const Snapshot& snapshot, const SquareMatrix& gram);

}  // namespace sotto
