// What a batch of reports is for, and everything that devices, servers and collector must agree on.
//
// One task = one batch = one collection. A task is public and the same for everybody: no value in
// it depends on who fetches it (signed_task.hpp makes that checkable).
//
// Canonical form, integers little-endian, no optional fields, nothing after the end:
//   "sotto task" | version u8 = 1
//   site: u64 length, 1..253 printable ASCII characters without space
//   kind u8
//   model hash 32 | model sequence u64 | catalogue hash 32 | catalogue version u64
//   layout: u64 length, 1..32 of [a-z0-9_-] | layout parameters: u64 length <= 2^20, bytes
//   vdaf u32 | dimension u32 | vdaf parameters: u64 length <= 256, bytes
//   (task_vdaf.hpp)
//   grid bound i32 | grid clip f64 | sigma u64 | noise by u8
//   min batch u64 | max batch u64
//   window start i64 | window end i64 | time precision i64   (ms since 1970; ms)
//   key ids 16 each: leader, helper, collector
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "crypto/signed_key.hpp"
#include "vdaf/grid.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// Which part of a device's privacy budget a report is charged to.
enum class TaskKind : uint8_t { kLearning = 1, kEvaluation = 2, kExperiment = 3 };

/// Who adds noise. The certified price counts one server's noise in every case.
enum class NoiseBy : uint8_t {
  kLeader = 1,            ///< The leader alone: simulations of a single noise.
  kServers = 2,           ///< Leader and helper, the full sigma each.
  kServersAndDevice = 3,  ///< And every device, device_sigma().
};

struct Task {
  static constexpr size_t kMaxSite = 253;  ///< The longest DNS name.
  static constexpr size_t kMaxLayoutName = 32;
  /// A whitening of 128 + 1 dimensions in float64 is 133 kB; slices and lists fit too.
  static constexpr size_t kMaxLayoutParameters = size_t{1} << 20;
  static constexpr size_t kMaxVdafParameters = 256;
  static constexpr uint64_t kMaxBatch = uint64_t{1} << 32;
  /// The rolling privacy window: no report may count for two of them.
  static constexpr int64_t kMaxWindowMs = int64_t{90} * 24 * 60 * 60 * 1000;

  std::string site;
  TaskKind kind = TaskKind::kLearning;
  Digest model_hash{};
  uint64_t model_sequence = 0;
  Digest catalogue_hash{};
  uint64_t catalogue_version = 0;
  std::string layout;
  Bytes layout_parameters;
  VdafId vdaf = VdafId::kSumField32;
  uint32_t dimension = 0;
  Bytes vdaf_parameters;
  Grid grid;
  uint64_t sigma = 0;  ///< Whole grid units; 0 for no noise.
  NoiseBy noise_by = NoiseBy::kServers;
  uint64_t min_batch = 0;
  uint64_t max_batch = 0;
  int64_t window_start_ms = 0;  ///< First millisecond.
  int64_t window_end_ms = 0;    ///< First millisecond after it.
  int64_t time_precision_ms = 0;
  KeyId leader_key{};
  KeyId helper_key{};
  KeyId collector_key{};

  /// z = sigma / bound.
  double noise_multiplier() const;
  /// What one report costs: rho = 1 / (2 z^2) of one server's noise. Infinite without noise.
  double price_rho() const;
  /// The least whole number with min_batch * device_sigma^2 >= sigma^2: in every batch that may be
  /// collected, honest devices alone add the variance of one server. 0 when devices add none.
  uint64_t device_sigma() const;
  /// Standard deviation of all the noise in the sum of a full batch.
  double total_sigma() const;

  friend bool operator==(const Task&, const Task&);
};

/// 1 .. Task::kMaxSite printable ASCII characters without space.
bool is_site_name(std::string_view text);

/// Whether every field is in its range and they fit together: a known VDAF that accepts its
/// parameters, check_batch_fits, a window of whole time precisions, min batch <= max batch.
/// Errors: kInvalidArgument, naming the field; kUnsupported for an unknown VDAF.
Status check_task(const Task& task);

/// Errors: those of check_task.
Result<Bytes> encode_task(const Task& task);

/// Errors: kMalformed for anything that encode_task does not write, also where check_task fails;
/// kUnsupported for another version or an unknown VDAF.
Result<Task> decode_task(std::span<const uint8_t> bytes);

}  // namespace sotto
