// The stored side of Snapshot: tensors, checks, ids.
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "base/safetensors.hpp"
#include "model/snapshot.hpp"

namespace sotto {
namespace {

constexpr KnownTensor kKnown[] = {
    {"items", TensorType::kF32, 2},           {"codes", TensorType::kI8, 2},
    {"scales", TensorType::kF32, 1},          {"gram", TensorType::kF32, 2},
    {"regularization", TensorType::kF32, 1},  {"item_ids", TensorType::kU8, 1},
    {"item_id_offsets", TensorType::kU64, 1}, {"item_live", TensorType::kU8, 1},
    {"popularity", TensorType::kF32, 1},      {"tuning_prior", TensorType::kF32, 1}};
constexpr const char* kFormat = "sotto-model";
constexpr const char* kVersion = "2";
constexpr const char* kFloat32 = "float32";
constexpr const char* kInt8 = "int8";
// What ItemIndex takes for an id besides its text: a string, up to four slots, a state, and what
// the allocator adds.
constexpr uint64_t kBytesAnId = 96;

Error malformed(std::string_view what, std::string_view reason) {
  return {ErrorCode::kMalformed, what, reason};
}

// The tensors of a file whose shapes agree.
struct Parts {
  const Tensor* values = nullptr;        // items or codes
  const Tensor* scales = nullptr;        // int8 only
  const Tensor* gram = nullptr;          // may be absent
  const Tensor* popularity = nullptr;    // may be absent
  const Tensor* tuning_prior = nullptr;  // may be absent
  const Tensor* regularization = nullptr;
  const Tensor* ids = nullptr;
  const Tensor* offsets = nullptr;
  const Tensor* live = nullptr;
  uint64_t index_version = 0;

  uint64_t m() const { return values->shape[0]; }
  uint64_t k() const { return values->shape[1]; }
};

Result<const Tensor*> require(const Safetensors& file, std::string_view name,
                              const std::vector<uint64_t>& shape) {
  const Tensor* const tensor = file.find(name);
  if (tensor == nullptr) return malformed(name, "the tensor is missing");
  if (tensor->shape != shape) return malformed(name, "the shape does not fit the other tensors");
  return tensor;
}

Result<std::string> require_text(const Safetensors& file, const char* key) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) return malformed(key, "missing in the metadata");
  return found->second;
}

// The layout, "float32" or "int8".
Result<std::string> read_metadata(const Safetensors& file, uint64_t& index_version) {
  SOTTO_TRY(const auto format, require_text(file, "format"));
  SOTTO_TRY(const auto version, require_text(file, "version"));
  if (format != kFormat || version != kVersion)
    return Error{ErrorCode::kUnsupported, "format: not sotto-model version 2"};
  SOTTO_TRY(const auto layout, require_text(file, "layout"));
  if (layout != kFloat32 && layout != kInt8)
    return Error{ErrorCode::kUnsupported, "layout: neither float32 nor int8"};
  SOTTO_TRY(const auto number, require_text(file, "item_index_version"));
  const char* const end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, index_version);
  if (parsed.ec != std::errc{} || parsed.ptr != end || std::to_string(index_version) != number)
    return malformed("item_index_version", "not a whole number");
  if (file.metadata.size() != 4) return malformed("metadata", "an entry that is not known");
  return layout;
}

Result<Parts> find_parts(const Safetensors& file) {
  Parts parts;
  SOTTO_TRY(const auto layout, read_metadata(file, parts.index_version));
  const bool int8 = layout == kInt8;
  const char* const name = int8 ? "codes" : "items";
  parts.values = file.find(name);
  if (parts.values == nullptr) return malformed(name, "the tensor is missing");
  const uint64_t m = parts.m(), k = parts.k();
  if (m < 1 || m > ItemIndex::kMaxItems || k < 1 || k > uint64_t{Snapshot::kMaxDim})
    return malformed(name, "must have 1 .. 2^28 rows of 1 .. 512 numbers");
  if (int8) {
    SOTTO_TRY(parts.scales, require(file, "scales", {m}));
  }
  parts.gram = file.find("gram");
  if (parts.gram != nullptr) {
    SOTTO_TRY(parts.gram, require(file, "gram", {k, k}));
  }
  parts.popularity = file.find("popularity");
  if (parts.popularity != nullptr) {
    SOTTO_TRY(parts.popularity, require(file, "popularity", {m}));
  }
  parts.tuning_prior = file.find("tuning_prior");
  if (parts.tuning_prior != nullptr) {
    SOTTO_TRY(parts.tuning_prior, require(file, "tuning_prior", {3}));
  }
  SOTTO_TRY(parts.regularization, require(file, "regularization", {2}));
  parts.ids = file.find("item_ids");
  if (parts.ids == nullptr) return malformed("item_ids", "the tensor is missing");
  SOTTO_TRY(parts.offsets, require(file, "item_id_offsets", {m + 1}));
  SOTTO_TRY(parts.live, require(file, "item_live", {m}));
  const size_t n_expected = size_t{5} + (int8 ? 1 : 0) + (parts.gram != nullptr ? 1 : 0) +
                            (parts.popularity != nullptr ? 1 : 0) +
                            (parts.tuning_prior != nullptr ? 1 : 0);
  if (file.tensors.size() != n_expected) return malformed("tensors", "of the other layout");
  return parts;
}

// Bytes that the snapshot will take. The tensors are parts of a file in memory: nothing overflows.
uint64_t memory_of(const Parts& parts) {
  uint64_t bytes = parts.values->bytes.size() + parts.ids->bytes.size();
  bytes += parts.m() * kBytesAnId;
  if (parts.scales != nullptr) bytes += parts.scales->bytes.size();
  if (parts.gram != nullptr) bytes += parts.gram->bytes.size();
  if (parts.popularity != nullptr) bytes += parts.popularity->bytes.size();
  return bytes;
}

template <class T>
void copy_to(T* out, const Tensor& tensor) {
  std::memcpy(out, tensor.bytes.data(), tensor.bytes.size());
}

Result<ItemIndex> read_items(const Parts& parts) {
  const auto m = static_cast<size_t>(parts.m());
  std::vector<std::string> ids;
  std::vector<uint8_t> live;
  ids.reserve(m);
  live.reserve(m);
  const auto offset = [&](size_t i) {
    uint64_t value;
    std::memcpy(&value, parts.offsets->bytes.data() + i * sizeof value, sizeof value);
    return value;
  };
  const auto text = parts.ids->bytes;
  if (offset(0) != 0 || offset(m) != text.size())
    return malformed("item_id_offsets", "must go from 0 to the length of item_ids");
  for (size_t i = 0; i < m; ++i) {
    const uint64_t begin = offset(i), end = offset(i + 1);
    if (begin > end || end > text.size() || end - begin > ItemIndex::kMaxIdLength)
      return malformed("item_id_offsets", "must grow, by at most 256 bytes an id");
    const auto id = text.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    ids.emplace_back(id.begin(), id.end());
    if (parts.live->bytes[i] > 1) return malformed("item_live", "neither 0 nor 1");
    live.push_back(parts.live->bytes[i] == 1);
  }
  return ItemIndex::from_rows(std::move(ids), std::move(live), parts.index_version);
}

Status check_rows(const Matrix& values) {
  for (Eigen::Index i = 0; i < values.size(); ++i)
    if (!(std::fabs(values.data()[i]) <= Snapshot::kLargestValue))
      return malformed("items", "a value is not finite or too large");
  return {};
}

Status check_rows(const QuantizedMatrix& matrix) {
  if (static_cast<size_t>(matrix.codes.rows()) != matrix.scales.size())
    return malformed("scales", "must be one a row");
  for (Eigen::Index i = 0; i < matrix.codes.rows(); ++i) {
    const float scale = matrix.scales[static_cast<size_t>(i)];
    if (!(scale >= 0 && scale <= Snapshot::kLargestValue / 127) || std::signbit(scale))
      return malformed("scales", "a value is not finite, negative or too large");
    const auto k = static_cast<size_t>(matrix.codes.cols());
    const int8_t* const row = matrix.codes.data() + static_cast<size_t>(i) * k;
    uint8_t any = 0, below = 0;  // bytes, so that compilers take 16 codes at a time
    for (size_t j = 0; j < k; ++j) {
      any |= static_cast<uint8_t>(row[j]);
      below |= static_cast<uint8_t>(row[j] < -127);
    }
    if (below != 0) return malformed("codes", "a code below -127");
    if (scale == 0 && any != 0) return malformed("codes", "codes behind a scale of 0");
  }
  return {};
}

Status check_prior(const CrowdPrior& prior) {
  constexpr double kLargest = Snapshot::kLargestValue;
  bool good = std::abs(prior.mean_gain) <= kLargest;
  // As floats: a variance below the smallest of them would be stored as 0.
  for (const double variance : {prior.between_users, prior.within_user})
    good = good && variance > 0 && variance <= kLargest && static_cast<float>(variance) > 0;
  if (!good) return malformed("tuning_prior", "must be finite, with variances > 0");
  return {};
}

Status check(const Snapshot& snapshot) {
  const Eigen::Index m = snapshot.n_items(), k = snapshot.dim();
  if (m < 1 || k < 1 || k > Snapshot::kMaxDim)
    return malformed("rows", "must be at least 1, of 1 .. 512 numbers");
  if (static_cast<Eigen::Index>(snapshot.items.size()) != m)
    return malformed("item ids", "must be one a row");
  SOTTO_CHECK_OK(std::visit([](const auto& rows) { return check_rows(rows); }, snapshot.rows));
  for (const float value : {snapshot.reg.a0, snapshot.reg.lambda})
    if (!(value > 0 && value <= Snapshot::kLargestValue))
      return malformed("regularization", "must be positive and finite");
  if (snapshot.gram) {
    const SquareMatrix& gram = *snapshot.gram;
    if (gram.rows() != k || gram.cols() != k) return malformed("gram", "must be k x k");
    for (Eigen::Index i = 0; i < k; ++i)
      for (Eigen::Index j = 0; j <= i; ++j)
        if (!std::isfinite(gram(i, j)) || gram(i, j) != gram(j, i) || gram(i, i) < 0)
          return malformed("gram", "must be finite and symmetric with a diagonal >= 0");
  }
  if (!snapshot.popularity.empty() && snapshot.popularity.size() != static_cast<size_t>(m))
    return malformed("popularity", "must be one a row");
  for (const float value : snapshot.popularity)
    if (!(value >= 0 && value <= Snapshot::kLargestValue))
      return malformed("popularity", "must be finite and not negative");
  return snapshot.tuning_prior ? check_prior(*snapshot.tuning_prior) : Status();
}

// What the tensors of the table of items point into.
struct ItemTable {
  explicit ItemTable(const ItemIndex& items) : offsets{0} {
    for (uint32_t i = 0; i < items.size(); ++i) {
      const std::string& id = items.id(i);
      ids.insert(ids.end(), id.begin(), id.end());
      offsets.push_back(ids.size());
      live.push_back(items.live(i) ? 1 : 0);
    }
  }

  Bytes ids;
  std::vector<uint64_t> offsets;
  Bytes live;
};

template <class T>
std::span<const uint8_t> bytes_of(const T* values, size_t n) {
  return {reinterpret_cast<const uint8_t*>(values), n * sizeof(T)};
}

}  // namespace

Result<Bytes> write_snapshot(const Snapshot& snapshot) {
  if (const Status status = check(snapshot); !status.ok())
    return Error{ErrorCode::kInvalidArgument, status.error().message};
  const auto m = static_cast<uint64_t>(snapshot.n_items());
  const auto k = static_cast<uint64_t>(snapshot.dim());
  const auto n_values = static_cast<size_t>(m * k);

  Safetensors file;
  const auto add = [&file](const char* name, TensorType type, std::vector<uint64_t> shape,
                           std::span<const uint8_t> bytes) {
    file.tensors.push_back({name, type, std::move(shape), bytes});
  };
  const auto* const quantized = std::get_if<QuantizedMatrix>(&snapshot.rows);
  if (quantized != nullptr) {
    add("scales", TensorType::kF32, {m},
        bytes_of(quantized->scales.data(), static_cast<size_t>(m)));
    add("codes", TensorType::kI8, {m, k}, bytes_of(quantized->codes.data(), n_values));
  } else {
    const float* const values = std::get_if<Matrix>(&snapshot.rows)->data();
    add("items", TensorType::kF32, {m, k}, bytes_of(values, n_values));
  }
  // Symmetric, so column-major is row-major.
  if (snapshot.gram)
    add("gram", TensorType::kF32, {k, k},
        bytes_of(snapshot.gram->data(), static_cast<size_t>(k * k)));
  if (!snapshot.popularity.empty())
    add("popularity", TensorType::kF32, {m},
        bytes_of(snapshot.popularity.data(), snapshot.popularity.size()));
  float prior[3];
  if (snapshot.tuning_prior) {
    prior[0] = static_cast<float>(snapshot.tuning_prior->mean_gain);
    prior[1] = static_cast<float>(snapshot.tuning_prior->between_users);
    prior[2] = static_cast<float>(snapshot.tuning_prior->within_user);
    add("tuning_prior", TensorType::kF32, {3}, bytes_of(prior, 3));
  }
  const float reg[] = {snapshot.reg.a0, snapshot.reg.lambda};
  add("regularization", TensorType::kF32, {2}, bytes_of(reg, 2));
  const ItemTable table(snapshot.items);
  add("item_ids", TensorType::kU8, {table.ids.size()}, table.ids);
  add("item_id_offsets", TensorType::kU64, {m + 1},
      bytes_of(table.offsets.data(), table.offsets.size()));
  add("item_live", TensorType::kU8, {m}, table.live);
  file.metadata = {{"format", kFormat},
                   {"version", kVersion},
                   {"layout", quantized != nullptr ? kInt8 : kFloat32},
                   {"item_index_version", std::to_string(snapshot.items.version())}};
  return write_safetensors(file);
}

Result<Snapshot> load_snapshot(std::span<const uint8_t> file, uint64_t memory_budget) {
  SOTTO_TRY(const auto tensors, read_safetensors(file, kKnown));
  SOTTO_TRY(const auto parts, find_parts(tensors));
  if (memory_of(parts) > memory_budget)
    return Error{ErrorCode::kOutOfMemory, "snapshot: larger than the memory budget"};

  Snapshot snapshot;
  const auto m = static_cast<Eigen::Index>(parts.m());
  const auto k = static_cast<Eigen::Index>(parts.k());
  if (parts.scales != nullptr) {
    auto& quantized = snapshot.rows.emplace<QuantizedMatrix>();
    quantized.codes.resize(m, k);
    copy_to(quantized.codes.data(), *parts.values);
    quantized.scales.resize(static_cast<size_t>(m));
    copy_to(quantized.scales.data(), *parts.scales);
  } else {
    copy_to(snapshot.rows.emplace<Matrix>(m, k).data(), *parts.values);
  }
  if (parts.gram != nullptr) copy_to(snapshot.gram.emplace(k, k).data(), *parts.gram);
  if (parts.popularity != nullptr) {
    snapshot.popularity.resize(static_cast<size_t>(m));
    copy_to(snapshot.popularity.data(), *parts.popularity);
  }
  if (parts.tuning_prior != nullptr) {
    float prior[3];
    copy_to(prior, *parts.tuning_prior);
    snapshot.tuning_prior = CrowdPrior{prior[0], prior[1], prior[2]};
  }
  float reg[2];
  copy_to(reg, *parts.regularization);
  snapshot.reg = {reg[0], reg[1]};
  SOTTO_TRY(snapshot.items, read_items(parts));
  SOTTO_CHECK_OK(check(snapshot));
  return snapshot;
}

}  // namespace sotto
