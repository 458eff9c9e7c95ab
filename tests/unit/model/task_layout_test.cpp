#include "model/task_layout.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "catalog/item_index.hpp"
#include "model/random_data.hpp"

using namespace sotto;

namespace {

constexpr uint32_t kItems = 9;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

template <class R>
ErrorCode code_of(const R& result) {
  return result.ok() ? ErrorCode::kOk : result.error().code;
}

CountsTask counts_task() { return {{kItems}, 4}; }

RowsTask rows_task(uint32_t n_metrics = kPrequentialMetrics) {
  return make_rows_task({kItems, 3, n_metrics}, {0.2F, 0.02F}, 5);
}

// A slice of items 1, 4, 5 and 8.
WhitenedTask whitened_task(uint32_t n_metrics = kPrequentialMetrics) {
  WhitenedTask task;
  task.layout = {4, 3, n_metrics};
  task.reg = {0.2F, 0.005F};
  task.slot = {-1, 0, -1, -1, 1, 2, -1, -1, 3};
  task.row_weight = {0, 1.5F, 0, 0, 0.25F, 1e-30F, 0, 0, 1e30F};
  task.popularity = {0, 0.5F, 0, 0, 0.125F, 1, 0, 0, 1e-9F};
  task.whitening = random_matrix(3, 3, 1);
  task.bias = 0.3F;
  task.z_clip = 1.25F;
  task.norm_floor = 1.75F;
  task.gram_weight = 0.5F;
  task.metric_weight = 0.125F;
  task.sampling_exponent = -0.5F;
  task.max_items = 3;
  task.residual = false;
  return task;
}

QualityTask quality_task() { return {{kItems, 31}}; }

std::vector<TaskLayout> layouts() {
  return {counts_task(),   rows_task(),      rows_task(0),
          whitened_task(), whitened_task(0), quality_task()};
}

bool needs_model(const TaskLayout& layout) {
  return std::holds_alternative<RowsTask>(layout) || std::holds_alternative<WhitenedTask>(layout);
}

Result<TaskLayout> decode(const TaskLayout& like, std::span<const uint8_t> bytes,
                          uint32_t most_items = kItems) {
  return decode_layout(layout_name(like), bytes, most_items);
}

template <class T>
Bytes with(Bytes bytes, size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

bool same(const Contribution& a, const Contribution& b) {
  return a.indices == b.indices && a.values.size() == b.values.size() &&
         (a.values.empty() ||
          std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
}

// Offsets of the header's tables.
constexpr size_t kRowsDim = 4, kRowsA0 = 8, kRowsLambda = 12, kRowsClip = 16, kRowsGamma = 24,
                 kRowsGamma0 = 28, kRowsGammaM = 32, kRowsMetrics = 36;
constexpr size_t kWhitenedSlice = 4, kWhitenedDim = 8, kWhitenedA0 = 12, kWhitenedLambda = 16,
                 kWhitenedBias = 20, kWhitenedZClip = 24, kWhitenedFloor = 28, kWhitenedGram = 32,
                 kWhitenedMetric = 36, kWhitenedExponent = 40, kWhitenedMaxItems = 44,
                 kWhitenedResidual = 48, kWhitenedMetrics = 49, kWhitenedItems = 53,
                 kWhitenedP = kWhitenedItems + 4 * 12;

}  // namespace

TEST_CASE("every layout has its name, dimension, items and clip") {
  CHECK(std::string_view(layout_name(counts_task())) == "counts");
  CHECK(std::string_view(layout_name(rows_task())) == "rows");
  CHECK(std::string_view(layout_name(whitened_task())) == "whitened");
  CHECK(std::string_view(layout_name(quality_task())) == "quality");
  CHECK(layout_dimension(counts_task()) == 9 + 1);
  CHECK(layout_dimension(rows_task(0)) == 6 + 9 * 5 + 1);
  CHECK(layout_dimension(rows_task()) == 6 + 9 * 5 + 1 + 4);
  CHECK(layout_dimension(whitened_task(0)) == 4 * 4 + 10 + 1);
  CHECK(layout_dimension(whitened_task()) == 4 * 4 + 10 + 1 + 4);
  CHECK(layout_dimension(quality_task()) == 1 + 31);
  for (const TaskLayout& layout : layouts()) CHECK(layout_items(layout) == kItems);
  CHECK(layout_clip(counts_task()) == 1);
  CHECK(layout_clip(rows_task()) == rows_task().clip);
  CHECK(layout_clip(whitened_task()) == 1);
  CHECK(layout_clip(quality_task()) == 2);
}

TEST_CASE("a layout comes back from its bytes, to the bit") {
  for (const TaskLayout& layout : layouts()) {
    const Bytes bytes = encode_layout(layout);
    const auto back = decode(layout, bytes);
    REQUIRE(back.ok());
    CHECK(back->index() == layout.index());
    CHECK(encode_layout(*back) == bytes);
    CHECK(layout_dimension(*back) == layout_dimension(layout));
    CHECK(layout_items(*back) == layout_items(layout));
    CHECK(layout_clip(*back) == layout_clip(layout));
  }
  const WhitenedTask task = whitened_task();
  const auto back = decode(task, encode_layout(task)).value();
  const auto& read = std::get<WhitenedTask>(back);
  CHECK(read.slot == task.slot);
  CHECK(read.row_weight == task.row_weight);
  CHECK(read.popularity == task.popularity);
  CHECK(read.whitening == task.whitening);
  CHECK(read.max_items == 3);
  CHECK_FALSE(read.residual);
  CHECK(read.sampling_exponent == -0.5F);
}

TEST_CASE("the bytes of a layout are as documented") {
  const Bytes counts = encode_layout(counts_task());
  CHECK(counts == Bytes{9, 0, 0, 0, 4, 0, 0, 0});
  CHECK(encode_layout(quality_task()) == Bytes{9, 0, 0, 0, 31, 0, 0, 0});
  CHECK(encode_layout(rows_task()).size() == kRowsMetrics + 4);
  const WhitenedTask task = whitened_task();
  const Bytes bytes = encode_layout(task);
  REQUIRE(bytes.size() == kWhitenedP + 9 * 4);
  const auto float_at = [&](size_t at) {
    float value;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  };
  CHECK(bytes[kWhitenedItems + 12] == 4);
  CHECK(float_at(kWhitenedItems + 16) == 0.25F);
  CHECK(float_at(kWhitenedItems + 20) == 0.125F);
  for (Eigen::Index j = 0; j < 9; ++j)  // column by column
    CHECK(float_at(kWhitenedP + 4 * static_cast<size_t>(j)) == task.whitening(j % 3, j / 3));
}

TEST_CASE("every truncation and extension of a layout is refused") {
  for (const TaskLayout& layout : layouts()) {
    CAPTURE(layout_name(layout));
    const Bytes bytes = encode_layout(layout);
    for (size_t size = 0; size < bytes.size(); ++size)
      CHECK(code_of(decode(layout, Bytes(bytes.data(), bytes.data() + size))) ==
            ErrorCode::kMalformed);
    Bytes longer = bytes;
    for (int i = 0; i < 30; ++i) {
      longer.push_back(static_cast<uint8_t>(i));
      CHECK(code_of(decode(layout, longer)) == ErrorCode::kMalformed);
    }
  }
}

TEST_CASE("other names are not known") {
  const Bytes bytes = encode_layout(counts_task());
  for (const char* name : {"", "Counts", "count", "counts ", "rowss", "whitened2", "qualities"})
    CHECK(code_of(decode_layout(name, bytes, kItems)) == ErrorCode::kUnsupported);
  CHECK(code_of(decode_layout(std::string_view("counts\0", 7), bytes, kItems)) ==
        ErrorCode::kUnsupported);
}

TEST_CASE("floats of a layout are finite and in their range, and the field is named") {
  const Bytes rows = encode_layout(rows_task()), whitened = encode_layout(whitened_task());
  const auto refused = [](const TaskLayout& like, const Bytes& bytes, const char* field) {
    const auto result = decode(like, bytes);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kMalformed);
    CHECK(result.error().message == std::string("layout: ") + field);
  };
  struct Field {
    size_t at;
    const char* name;
    bool zero_is_fine;
  };
  const std::vector<Field> rows_fields{{kRowsA0, "a0", false},
                                       {kRowsLambda, "lambda", false},
                                       {kRowsGamma, "gamma", false},
                                       {kRowsGamma0, "gamma_0", false},
                                       {kRowsGammaM, "gamma_m", true}};
  const std::vector<Field> whitened_fields{{kWhitenedA0, "a0", false},
                                           {kWhitenedLambda, "lambda", false},
                                           {kWhitenedBias, "bias", false},
                                           {kWhitenedZClip, "z_clip", false},
                                           {kWhitenedFloor, "norm_floor", false},
                                           {kWhitenedGram, "gram_weight", false},
                                           {kWhitenedMetric, "metric_weight", true},
                                           {kWhitenedItems + 16, "row weight", false},
                                           {kWhitenedItems + 20, "popularity", false}};
  const auto check_fields = [&](const TaskLayout& like, const Bytes& good,
                                const std::vector<Field>& fields) {
    for (const Field& field : fields) {
      for (const float bad : {kNan, -kNan, kInfinity, -kInfinity, -1.F, -1e-38F, 2e30F})
        refused(like, with(good, field.at, bad), field.name);
      const Bytes zero = with(good, field.at, 0.F);
      if (field.zero_is_fine)
        CHECK(decode(like, zero).ok());
      else
        refused(like, zero, field.name);
    }
  };
  check_fields(rows_task(), rows, rows_fields);
  check_fields(whitened_task(), whitened, whitened_fields);
  for (const double bad : {0.0, -1.0, 1e31, std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN(), 5e-324})
    refused(rows_task(), with(rows, kRowsClip, bad), "clip");
  // A scale below one would amplify.
  refused(whitened_task(), with(whitened, kWhitenedFloor, 0.999F), "norm_floor");
  for (const float bad : {kNan, kInfinity, -kInfinity, 101.F, -101.F})
    refused(whitened_task(), with(whitened, kWhitenedExponent, bad), "sampling_exponent");
  for (size_t j = 0; j < 9; ++j)
    for (const float bad : {kNan, kInfinity, -kInfinity, -2e30F})
      refused(whitened_task(), with(whitened, kWhitenedP + 4 * j, bad), "P");
}

TEST_CASE("whole numbers of a layout are in their range") {
  const Bytes counts = encode_layout(counts_task()), rows = encode_layout(rows_task()),
              whitened = encode_layout(whitened_task()), quality = encode_layout(quality_task());
  const auto refused = [](const TaskLayout& like, const Bytes& bytes, const char* field) {
    const auto result = decode(like, bytes, UINT32_MAX);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == ErrorCode::kMalformed);
    CHECK(result.error().message == std::string("layout: ") + field);
  };
  for (const uint32_t bad : {0U, ItemIndex::kMaxItems + 1, UINT32_MAX}) {
    refused(counts_task(), with(counts, 0, bad), "n_items");
    refused(rows_task(), with(rows, 0, bad), "n_items");
    refused(whitened_task(), with(whitened, 0, bad), "n_items");
    refused(quality_task(), with(quality, 0, bad), "n_items");
    refused(counts_task(), with(counts, 4, bad), "max_items");
    refused(whitened_task(), with(whitened, kWhitenedMaxItems, bad), "max_items");
  }
  for (const uint32_t bad : {0U, 1U, 1025U, UINT32_MAX})
    refused(quality_task(), with(quality, 4, bad), "n_bins");
  for (const uint32_t good : {2U, 1024U})
    CHECK(decode(quality_task(), with(quality, 4, good)).ok());
  for (const uint32_t bad : {0U, 513U, UINT32_MAX}) {
    refused(rows_task(), with(rows, kRowsDim, bad), "dim");
    refused(whitened_task(), with(whitened, kWhitenedDim, bad), "dim");
  }
  for (const uint32_t bad : {1U, 3U, 5U, 256U, UINT32_MAX}) {
    refused(rows_task(), with(rows, kRowsMetrics, bad), "n_metrics");
    refused(whitened_task(), with(whitened, kWhitenedMetrics, bad), "n_metrics");
  }
  for (const uint8_t bad : {uint8_t{2}, uint8_t{255}})
    refused(whitened_task(), with(whitened, kWhitenedResidual, bad), "residual");
  for (const uint32_t bad : {kItems + 1, UINT32_MAX})
    refused(whitened_task(), with(whitened, kWhitenedSlice, bad), "n_slice");
  // In range, but not what follows.
  for (const uint32_t other : {0U, 3U, 5U, kItems})
    refused(whitened_task(), with(whitened, kWhitenedSlice, other), "length");
  for (const uint32_t other : {1U, 2U, 4U, 512U})
    refused(whitened_task(), with(whitened, kWhitenedDim, other), "length");
}

TEST_CASE("the items of a slice ascend and are among those that the layout knows") {
  const Bytes good = encode_layout(whitened_task());
  const auto refuses = [&](size_t place, uint32_t item) {
    const auto result =
        decode(whitened_task(), with(good, kWhitenedItems + 12 * place, item), kItems);
    return !result.ok() && result.error().code == ErrorCode::kMalformed &&
           result.error().message == "layout: slice";
  };
  CHECK(refuses(1, 1));  // twice
  CHECK(refuses(1, 0));  // back
  CHECK(refuses(0, 4));
  CHECK(refuses(0, 8));
  CHECK(refuses(1, 8));  // nothing is left for the next one
  CHECK(refuses(3, 9));  // beyond
  CHECK(refuses(3, UINT32_MAX));
  CHECK(refuses(0, UINT32_MAX));
  CHECK_FALSE(refuses(0, 0));
  // All items, and none.
  WhitenedTask all = whitened_task();
  all.layout.n_slice = kItems;
  for (uint32_t i = 0; i < kItems; ++i) {
    all.slot[i] = static_cast<int32_t>(i);
    all.row_weight[i] = all.popularity[i] = 1;
  }
  CHECK(decode(all, encode_layout(all)).ok());
  WhitenedTask none = whitened_task();
  none.layout.n_slice = 0;
  none.slot.assign(kItems, -1);
  CHECK(decode(none, encode_layout(none)).ok());
}

TEST_CASE("a layout of more items than the model has is refused before it allocates") {
  for (const TaskLayout& layout : layouts()) {
    Bytes bytes = encode_layout(layout);
    CHECK(decode(layout, bytes, kItems).ok());
    CHECK(code_of(decode(layout, bytes, kItems - 1)) == ErrorCode::kInvalidArgument);
    CHECK(code_of(decode(layout, bytes, 0)) == ErrorCode::kInvalidArgument);
    bytes = with(bytes, 0, ItemIndex::kMaxItems);
    CHECK(code_of(decode(layout, bytes, kItems)) == ErrorCode::kInvalidArgument);
  }
  // Newer models have more.
  CHECK(decode(counts_task(), encode_layout(counts_task()), UINT32_MAX).ok());
}

TEST_CASE("what a changed byte leaves decodable is written back as it was read") {
  for (const TaskLayout& layout : layouts()) {
    const Bytes good = encode_layout(layout);
    Random random(3);
    for (int trial = 0; trial < 5000; ++trial) {
      Bytes bad = good;
      for (uint64_t n = 1 + random.below(3); n > 0; --n)
        bad[static_cast<size_t>(random.below(bad.size()))] =
            static_cast<uint8_t>(random.below(256));
      const auto result = decode(layout, bad, 1000);
      if (result.ok()) CHECK(encode_layout(*result) == bad);
    }
  }
}

TEST_CASE("contribute gives what the layout's own function gives, before and after its bytes") {
  const Matrix items = random_matrix(kItems, 3, 5, 0.4F);
  const std::vector<float> metrics{1, 0.5F, 0.25F, 0.125F};
  Random random(6);
  for (int trial = 0; trial < 300; ++trial) {
    const auto history = random_history(kItems, random.below(kItems + 1), random);
    const uint64_t seed = random.next();
    for (const TaskLayout& layout : layouts()) {
      CAPTURE(layout_name(layout));
      const FoldIn fold_in(items, {0.2F, 0.02F});
      ContributionInput input = contribution_input(history, fold_in);
      if (trial % 3 != 0) input.metrics = metrics;
      Contribution direct, ours, again;
      Random random_direct(seed), random_ours(seed), random_again(seed);
      if (const auto* counts = std::get_if<CountsTask>(&layout))
        contribute_counts(*counts, history, random_direct, direct);
      else if (const auto* rows = std::get_if<RowsTask>(&layout))
        contribute_rows(*rows, input, direct);
      else if (const auto* whitened = std::get_if<WhitenedTask>(&layout))
        contribute_whitened(*whitened, input, random_direct, direct);
      else if (!history.empty())
        contribute_quality(std::get<QualityTask>(layout), input.metrics, direct);
      REQUIRE(contribute(layout, input, random_ours, ours).ok());
      const TaskLayout back = decode(layout, encode_layout(layout)).value();
      REQUIRE(contribute(back, input, random_again, again).ok());
      CHECK(same(ours, direct));
      CHECK(same(again, direct));
      if (history.empty()) CHECK(ours.values.empty());
      const std::set<uint32_t> distinct(ours.indices.begin(), ours.indices.end());
      CHECK(distinct.size() == ours.indices.size());
      if (!distinct.empty()) CHECK(*distinct.rbegin() < layout_dimension(layout));
    }
  }
}

TEST_CASE("contribute refuses what does not fit the layout, and leaves nothing behind") {
  const Matrix items = random_matrix(kItems, 3, 5, 0.4F);
  const FoldIn fold_in(items, {0.2F, 0.02F});
  const std::vector<uint32_t> history{1, 4, 7};
  const ContributionInput good = contribution_input(history, fold_in);
  Random random(1);
  Contribution out;
  const auto code = [&](const TaskLayout& layout, const ContributionInput& input) {
    out.put(0, 1);
    const ErrorCode result = code_of(contribute(layout, input, random, out));
    if (result == ErrorCode::kInvalidArgument) CHECK(out.values.empty());
    return result;
  };
  for (const TaskLayout& layout : layouts()) {
    CAPTURE(layout_name(layout));
    CHECK(code(layout, good) == ErrorCode::kOk);
    // Items beyond the layout.
    for (const uint32_t beyond : {kItems, UINT32_MAX}) {
      const std::vector<uint32_t> newer{1, 4, beyond};
      ContributionInput input = good;
      input.history = newer;
      CHECK(code(layout, input) == ErrorCode::kInvalidArgument);
    }
    // Another number of metrics.
    for (const size_t n : {1U, 3U, 5U}) {
      const std::vector<float> metrics(n, 0.5F);
      ContributionInput input = good;
      input.metrics = metrics;
      CHECK(code(layout, input) == ErrorCode::kInvalidArgument);
    }
    if (!needs_model(layout)) continue;
    // Rows and grams of another shape.
    ContributionInput input = good;
    for (const auto& [n, k] : {std::pair(2, 3), std::pair(4, 3), std::pair(3, 2), std::pair(3, 4),
                               std::pair(0, 0), std::pair(0, 3)}) {
      input.rows = Matrix::Zero(n, k);
      CHECK(code(layout, input) == ErrorCode::kInvalidArgument);
    }
    input = good;
    input.gram = nullptr;
    CHECK(code(layout, input) == ErrorCode::kInvalidArgument);
    for (const Eigen::Index k : {0, 2, 4}) {
      const SquareMatrix gram = SquareMatrix::Identity(k, k);
      input.gram = &gram;
      CHECK(code(layout, input) == ErrorCode::kInvalidArgument);
    }
  }
  // Counts and votes do not need the model.
  ContributionInput bare;
  bare.history = history;
  CHECK(code(counts_task(), bare) == ErrorCode::kOk);
  CHECK(code(quality_task(), bare) == ErrorCode::kOk);
}

TEST_CASE("numbers that are not finite never leave contribute") {
  Matrix items = random_matrix(kItems, 3, 5, 0.4F);
  Random random(1);
  Contribution out;
  const std::vector<uint32_t> history{1, 4, 7};
  for (const float bad : {kNan, kInfinity}) {
    for (const TaskLayout& layout : layouts()) {
      if (!needs_model(layout)) continue;
      const FoldIn fold_in(items, {0.2F, 0.02F});
      ContributionInput input = contribution_input(history, fold_in);
      input.rows(1, 1) = bad;
      CHECK(code_of(contribute(layout, input, random, out)) == ErrorCode::kNumerical);
      // Metrics that are no numbers; without room for metrics they are not looked at.
      input = contribution_input(history, fold_in);
      const std::vector<float> metrics{1, bad, 0, 0};
      input.metrics = metrics;
      const bool carries = layout_dimension(layout) == layout_dimension(rows_task()) ||
                           layout_dimension(layout) == layout_dimension(whitened_task());
      CHECK(contribute(layout, input, random, out).ok() == !carries);
    }
  }
}

TEST_CASE("no task that decodes makes a whitened contribution of more than norm one") {
  const Matrix items = random_matrix(kItems, 3, 5, 0.4F);
  const FoldIn fold_in(items, {0.2F, 0.02F});
  const Bytes good = encode_layout(whitened_task());
  Random random(11);
  int n_made = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    Bytes bad = good;
    for (uint64_t n = 1 + random.below(4); n > 0; --n) {
      const size_t at = kWhitenedA0 + 4 * static_cast<size_t>(random.below(8));
      const auto exponent = -30 + 60 * random.uniform();
      bad = with(bad,
                 random.below(2) == 0 ? at : kWhitenedP + 4 * static_cast<size_t>(random.below(9)),
                 static_cast<float>(std::pow(10, exponent)));
    }
    const auto layout = decode(whitened_task(), bad);
    if (!layout.ok()) continue;
    const auto history = random_history(kItems, 1 + random.below(kItems), random);
    ContributionInput input = contribution_input(history, fold_in);
    const std::vector<float> metrics{1, 1, 1, 1};
    input.metrics = metrics;
    Contribution out;
    if (!contribute(*layout, input, random, out).ok()) continue;
    ++n_made;
    double squares = 0;
    for (const float value : out.values) squares += double{value} * double{value};
    CHECK(squares <= 1 + 1e-4);
  }
  CHECK(n_made > 1000);
}
