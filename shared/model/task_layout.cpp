#include "model/task_layout.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "catalog/item_index.hpp"
#include "model/snapshot.hpp"

namespace sotto {
namespace {

constexpr const char* kCounts = "counts";
constexpr const char* kRows = "rows";
constexpr const char* kWhitened = "whitened";
constexpr const char* kQuality = "quality";
constexpr auto kMaxDim = static_cast<uint32_t>(Snapshot::kMaxDim);
constexpr uint32_t kMaxBins = 1024;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

Error malformed(const char* field) {
  return {ErrorCode::kMalformed, std::string("layout: ") + field};
}

// Reads one field after the other and remembers the first that is out of its range.
class Fields {
 public:
  explicit Fields(std::span<const uint8_t> bytes) : in_(bytes) {}

  template <Plain T>
  T get(const char* name, T lowest, T highest) {
    auto value = in_.get<T>(name);
    // Written so that a NaN is out of every range.
    if (!value.ok() || !(*value >= lowest && *value <= highest)) {
      if (bad_ == nullptr) bad_ = name;
      return lowest;
    }
    return *value;
  }
  float positive(const char* name) { return get<float>(name, 1e-30F, 1e30F); }
  float not_negative(const char* name) { return get<float>(name, 0, 1e30F); }
  uint32_t metrics() {
    const auto n = get<uint32_t>("n_metrics", 0, kPrequentialMetrics);
    if (n != 0 && n != kPrequentialMetrics && bad_ == nullptr) bad_ = "n_metrics";
    return n;
  }
  size_t remaining() const { return in_.remaining(); }

  Status status() const {
    if (bad_ != nullptr) return malformed(bad_);
    return {};
  }
  Status finish() const {
    SOTTO_CHECK_OK(status());
    return in_.finish("layout");
  }

 private:
  ByteReader in_;
  const char* bad_ = nullptr;
};

Result<uint32_t> get_items(Fields& in, uint32_t most_items) {
  const auto n_items = in.get<uint32_t>("n_items", 1, ItemIndex::kMaxItems);
  SOTTO_CHECK_OK(in.status());
  if (n_items > most_items)
    return Error{ErrorCode::kInvalidArgument, "layout: n_items is more than the model has"};
  return n_items;
}

Result<TaskLayout> decode_counts(Fields& in, uint32_t most_items) {
  CountsTask task;
  SOTTO_TRY(task.layout.n_items, get_items(in, most_items));
  task.max_items = in.get<uint32_t>("max_items", 1, ItemIndex::kMaxItems);
  SOTTO_CHECK_OK(in.finish());
  return TaskLayout(task);
}

Result<TaskLayout> decode_quality(Fields& in, uint32_t most_items) {
  QualityTask task;
  SOTTO_TRY(task.layout.n_items, get_items(in, most_items));
  task.layout.n_bins = in.get<uint32_t>("n_bins", 2, kMaxBins);
  SOTTO_CHECK_OK(in.finish());
  return TaskLayout(task);
}

Result<TaskLayout> decode_rows(Fields& in, uint32_t most_items) {
  RowsTask task;
  SOTTO_TRY(task.layout.n_items, get_items(in, most_items));
  task.layout.dim = in.get<uint32_t>("dim", 1, kMaxDim);
  task.reg.a0 = in.positive("a0");
  task.reg.lambda = in.positive("lambda");
  task.clip = in.get<double>("clip", 1e-30, 1e30);
  task.gamma = in.positive("gamma");
  task.gamma_0 = in.positive("gamma_0");
  task.gamma_m = in.not_negative("gamma_m");
  task.layout.n_metrics = in.metrics();
  SOTTO_CHECK_OK(in.finish());
  return TaskLayout(task);
}

Result<TaskLayout> decode_whitened(Fields& in, uint32_t most_items) {
  WhitenedTask task;
  SOTTO_TRY(const uint32_t n_items, get_items(in, most_items));
  task.layout.n_slice = in.get<uint32_t>("n_slice", 0, n_items);
  task.layout.dim = in.get<uint32_t>("dim", 1, kMaxDim);
  task.reg.a0 = in.positive("a0");
  task.reg.lambda = in.positive("lambda");
  task.bias = in.positive("bias");
  task.z_clip = in.positive("z_clip");
  task.norm_floor = in.get<float>("norm_floor", 1, 1e30F);
  task.gram_weight = in.positive("gram_weight");
  task.metric_weight = in.not_negative("metric_weight");
  task.sampling_exponent = in.get<float>("sampling_exponent", -100, 100);
  task.max_items = in.get<uint32_t>("max_items", 1, ItemIndex::kMaxItems);
  task.residual = in.get<uint8_t>("residual", 0, 1) == 1;
  task.layout.n_metrics = in.metrics();
  SOTTO_CHECK_OK(in.status());
  const uint64_t dim = task.layout.dim;
  if (in.remaining() != uint64_t{12} * task.layout.n_slice + 4 * dim * dim)
    return malformed("length");

  task.slot.assign(n_items, -1);
  task.row_weight.assign(n_items, 0);
  task.popularity.assign(n_items, 0);
  uint32_t least = 0;
  for (uint32_t j = 0; j < task.layout.n_slice; ++j) {
    if (least >= n_items) return malformed("slice");
    const auto item = in.get<uint32_t>("slice", least, n_items - 1);
    least = item + 1;
    task.slot[item] = static_cast<int32_t>(j);
    task.row_weight[item] = in.positive("row weight");
    task.popularity[item] = in.positive("popularity");
    SOTTO_CHECK_OK(in.status());
  }
  task.whitening.resize(static_cast<Eigen::Index>(dim), static_cast<Eigen::Index>(dim));
  for (float& value : task.whitening.reshaped()) value = in.get<float>("P", -1e30F, 1e30F);
  SOTTO_CHECK_OK(in.finish());
  return TaskLayout(std::move(task));
}

void encode(const CountsTask& task, ByteWriter& out) {
  out.put<uint32_t>(task.layout.n_items);
  out.put<uint32_t>(task.max_items);
}

void encode(const RowsTask& task, ByteWriter& out) {
  out.put<uint32_t>(task.layout.n_items);
  out.put<uint32_t>(task.layout.dim);
  out.put<float>(task.reg.a0);
  out.put<float>(task.reg.lambda);
  out.put<double>(task.clip);
  out.put<float>(task.gamma);
  out.put<float>(task.gamma_0);
  out.put<float>(task.gamma_m);
  out.put<uint32_t>(task.layout.n_metrics);
}

void encode(const WhitenedTask& task, ByteWriter& out) {
  out.put<uint32_t>(static_cast<uint32_t>(task.slot.size()));
  out.put<uint32_t>(task.layout.n_slice);
  out.put<uint32_t>(task.layout.dim);
  for (const float value : {task.reg.a0, task.reg.lambda, task.bias, task.z_clip, task.norm_floor,
                            task.gram_weight, task.metric_weight, task.sampling_exponent})
    out.put<float>(value);
  out.put<uint32_t>(task.max_items);
  out.put<uint8_t>(task.residual ? 1 : 0);
  out.put<uint32_t>(task.layout.n_metrics);
  for (uint32_t i = 0; i < task.slot.size(); ++i) {
    if (task.slot[i] < 0) continue;
    out.put<uint32_t>(i);
    out.put<float>(task.row_weight[i]);
    out.put<float>(task.popularity[i]);
  }
  for (const float value : task.whitening.reshaped()) out.put<float>(value);
}

void encode(const QualityTask& task, ByteWriter& out) {
  out.put<uint32_t>(task.layout.n_items);
  out.put<uint32_t>(task.layout.n_bins);
}

Status check_model(const ContributionInput& input, uint32_t dim) {
  const auto k = static_cast<Eigen::Index>(dim);
  if (input.rows.rows() != static_cast<Eigen::Index>(input.history.size()) ||
      (input.rows.rows() > 0 && input.rows.cols() != k))
    return {ErrorCode::kInvalidArgument, "contribution: rows do not fit the layout"};
  if (input.gram == nullptr || input.gram->rows() != k || input.gram->cols() != k)
    return {ErrorCode::kInvalidArgument, "contribution: gram does not fit the layout"};
  return {};
}

}  // namespace

const char* layout_name(const TaskLayout& layout) {
  return std::visit(
      Overloaded{[](const CountsTask&) { return kCounts; }, [](const RowsTask&) { return kRows; },
                 [](const WhitenedTask&) { return kWhitened; },
                 [](const QualityTask&) { return kQuality; }},
      layout);
}

size_t layout_dimension(const TaskLayout& layout) {
  return std::visit([](const auto& task) { return task.layout.dimension(); }, layout);
}

uint32_t layout_items(const TaskLayout& layout) {
  return std::visit(
      Overloaded{[](const WhitenedTask& task) { return static_cast<uint32_t>(task.slot.size()); },
                 [](const auto& task) { return task.layout.n_items; }},
      layout);
}

double layout_clip(const TaskLayout& layout) {
  return std::visit(Overloaded{[](const RowsTask& task) { return task.clip; },
                               [](const QualityTask&) { return QualityTask::kClip; },
                               [](const auto&) { return 1.0; }},
                    layout);
}

Bytes encode_layout(const TaskLayout& layout) {
  ByteWriter out;
  std::visit([&](const auto& task) { encode(task, out); }, layout);
  return std::move(out).bytes();
}

Result<TaskLayout> decode_layout(std::string_view name, std::span<const uint8_t> parameters,
                                 uint32_t most_items) {
  Fields in(parameters);
  if (name == kCounts) return decode_counts(in, most_items);
  if (name == kRows) return decode_rows(in, most_items);
  if (name == kWhitened) return decode_whitened(in, most_items);
  if (name == kQuality) return decode_quality(in, most_items);
  return Error{ErrorCode::kUnsupported, "layout: unknown name"};
}

Status contribute(const TaskLayout& layout, const ContributionInput& input, Random& random,
                  Contribution& out) {
  out.clear();
  const uint32_t n_items = layout_items(layout);
  if (std::any_of(input.history.begin(), input.history.end(),
                  [&](uint32_t item) { return item >= n_items; }))
    return {ErrorCode::kInvalidArgument, "contribution: an item that the layout does not know"};
  if (!input.metrics.empty() && input.metrics.size() != kPrequentialMetrics)
    return {ErrorCode::kInvalidArgument, "contribution: wrong number of metrics"};
  if (const auto* rows = std::get_if<RowsTask>(&layout)) {
    SOTTO_CHECK_OK(check_model(input, rows->layout.dim));
    contribute_rows(*rows, input, out);
  } else if (const auto* whitened = std::get_if<WhitenedTask>(&layout)) {
    SOTTO_CHECK_OK(check_model(input, whitened->layout.dim));
    contribute_whitened(*whitened, input, random, out);
  } else if (const auto* quality = std::get_if<QualityTask>(&layout)) {
    if (!input.history.empty()) contribute_quality(*quality, input.metrics, out);
  } else {
    contribute_counts(*std::get_if<CountsTask>(&layout), input.history, random, out);
  }
  if (!std::all_of(out.values.begin(), out.values.end(),
                   [](float value) { return std::isfinite(value); }))
    return {ErrorCode::kNumerical, "contribution: not finite"};
  return {};
}

}  // namespace sotto
