#include "model/fine_tuning.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/sort.hpp"
#include "model/dense.hpp"

namespace sotto {
namespace {

// Half-lives after which an event's offsets are dropped: 1/256 of them is left.
constexpr float kLifetime = 8;
constexpr float kLongestHalfLife = 10000;

Error out_of_range(const char* option) {
  return {ErrorCode::kInvalidArgument, std::string("fine-tuning: ") + option + " is out of range"};
}

bool positive(float value) { return std::isfinite(value) && value > 0; }
bool not_negative(float value) { return std::isfinite(value) && value >= 0; }

}  // namespace

Status check_options(const FineTuningOptions& options) {
  if (options.epochs < 1 || options.epochs > 1000) return out_of_range("epochs");
  if (options.negatives < 1 || options.negatives > 10000) return out_of_range("negatives");
  if (!positive(options.temperature)) return out_of_range("temperature");
  if (!not_negative(options.rate)) return out_of_range("rate");
  if (!not_negative(options.offset_rate)) return out_of_range("offset_rate");
  if (!(options.half_life > 0 && options.half_life <= kLongestHalfLife))
    return out_of_range("half_life");
  if (!not_negative(options.largest_offset)) return out_of_range("largest_offset");
  return {};
}

namespace {

// p <- softmax(p / temperature).
void softmax(std::span<float> p, float temperature) {
  const float most = *std::max_element(p.begin(), p.end());
  float sum = 0;
  for (float& value : p) {
    value = std::exp((value - most) / temperature);
    sum += value;
  }
  for (float& value : p) value /= sum;
}

Status check_start(const Vector& start, size_t dim) {
  if (static_cast<size_t>(start.size()) != dim)
    return {ErrorCode::kInvalidArgument, "fine-tuning: the fold-in has another length than a row"};
  if (!std::isfinite(start.squaredNorm()))
    return {ErrorCode::kNumerical, "fine-tuning: the fold-in is not finite"};
  return {};
}

}  // namespace

FineTuning::FineTuning(const RowSource& rows, const Vector& start, const FineTuningOptions& options,
                       uint64_t seed)
    : rows_(&rows),
      options_(options),
      start_(start),
      user_(start),
      random_(derive_seed(seed, 0x74756e65)),  // stream "tune"
      drawn_rows_(static_cast<Eigen::Index>(options.negatives) + 1, start.size()) {}

size_t replay_base(size_t n, uint32_t last_events) {
  const size_t half = std::max<size_t>(1, last_events / 2);
  return n <= 2 * half ? 0 : half * ((n - half - 1) / half);
}

Result<FineTuning> FineTuning::create(const RowSource& rows, const Vector& start,
                                      std::span<const uint32_t> history,
                                      const FineTuningOptions& options, uint64_t seed) {
  if (rows.dim() == 0) return {ErrorCode::kInvalidArgument, "fine-tuning: rows have no columns"};
  SOTTO_CHECK_OK(check_options(options));
  SOTTO_CHECK_OK(check_start(start, rows.dim()));
  FineTuning tuning(rows, start, options, seed);
  tuning.seen_.assign(history.begin(), history.end());
  sort_all(std::span(tuning.seen_));
  return tuning;
}

Status FineTuning::add(uint32_t item, float weight, std::span<const Neighbour> neighbours,
                       const Vector& start) {
  SOTTO_CHECK_OK(check_start(start, rows_->dim()));
  if (!(weight > 0 && weight <= kLargestWeight)) return out_of_range("the weight of an event");
  user_ += start - start_;
  start_ = start;
  if (item >= rows_->size()) return {};
  see(item);
  Event event{item, weight, {{item, 1.0F}}};
  if (options_.offset_rate > 0)
    for (const auto& near : neighbours)
      if (near.item < rows_->size() && near.item != item && near.cosine > 0)
        event.near.push_back({near.item, std::min(near.cosine, 1.0F)});
  queue_.push_back(std::move(event));
  return {};
}

Result<bool> FineTuning::run(size_t steps) {
  for (; steps > 0 && !queue_.empty(); --steps) {
    if (steps_of_front_ == 0) {
      fade();
      open_offsets(queue_.front());
    }
    if (!step(queue_.front())) {
      give_up();
      return Error{ErrorCode::kNumerical, "fine-tuning: a score is not finite"};
    }
    if (++steps_of_front_ == options_.epochs) {
      queue_.erase(queue_.begin());
      steps_of_front_ = 0;
    }
  }
  return !queue_.empty();
}

std::vector<uint32_t> FineTuning::offset_items() const {
  std::vector<uint32_t> items;
  items.reserve(offsets_.size());
  for (const auto& offset : offsets_) items.push_back(offset.item);
  return items;
}

float FineTuning::offset(uint32_t item) const {
  const Offset* found = find(item);
  return found ? bounded(*found) : 0;
}

float FineTuning::score(uint32_t item) const {
  if (item >= rows_->size()) return 0;
  Vector row(user_.size());
  rows_->read(item, {row.data(), rows_->dim()});
  const float score = row.dot(user_) + offset(item);
  return std::isfinite(score) ? score : 0;
}

bool FineTuning::step(const Event& event) {
  const size_t n = draw(event.item);
  std::vector<float> p(n);
  float squares = 0;
  for (size_t j = 0; j < n; ++j) {
    const auto row = row_of(drawn_rows_, j);
    p[j] = dot(row, span_of(user_)) + offset(drawn_[j]);
    squares += dot(row, row);
  }
  if (!all_finite(p)) return false;
  softmax(p, options_.temperature);

  const float share = event.weight / static_cast<float>(options_.epochs);
  // Steps are in units of the rows' own sizes, so that one rate serves every model; a row larger
  // than most does not move its own score further than the rate says either.
  const auto first = row_of(drawn_rows_, 0);
  const float size = std::max(squares / static_cast<float>(n), dot(first, first));
  if (!std::isfinite(size)) return false;
  if (size > 0) {
    p[0] -= 1;
    const float scale = options_.rate * share / size;
    for (size_t j = 0; j < n; ++j)
      add_scaled(-scale * p[j], row_of(drawn_rows_, j), span_of(user_));
    p[0] += 1;
  }
  if (!std::isfinite(dot(span_of(user_), span_of(user_)))) return false;

  const float offset_step = options_.offset_rate * share;
  for (const auto& near : event.near)
    if (Offset* offset = find(near.item))
      offset->shift += offset_step * (1 - p[0]) * near.cosine * near.cosine * near.cosine;
  for (size_t j = 1; j < n; ++j)
    if (Offset* offset = find(drawn_[j])) offset->shift -= offset_step * p[j];
  return true;
}

// Fills drawn_ and drawn_rows_ and returns how many there are.
size_t FineTuning::draw(uint32_t item) {
  drawn_.assign(1, item);
  for (uint32_t j = 0; j < options_.negatives; ++j) {
    const auto negative = static_cast<uint32_t>(random_.below(rows_->size()));
    if (!is_seen(negative)) drawn_.push_back(negative);
  }
  const size_t dim = rows_->dim();
  for (size_t j = 0; j < drawn_.size(); ++j)
    rows_->read(drawn_[j], {drawn_rows_.data() + j * dim, dim});
  return drawn_.size();
}

void FineTuning::fade() {
  const float kept = std::exp2(-1 / options_.half_life);
  user_ = start_ + kept * (user_ - start_);
  for (auto& offset : offsets_) {
    offset.shift *= kept;
    --offset.events_left;
  }
  std::erase_if(offsets_, [](const Offset& o) { return o.events_left == 0; });
}

void FineTuning::open_offsets(const Event& event) {
  if (options_.offset_rate == 0) return;
  const auto lifetime = static_cast<uint32_t>(std::ceil(kLifetime * options_.half_life));
  Vector row(user_.size());
  const size_t known = offsets_.size();
  for (const auto& near : event.near) {
    const auto end = offsets_.begin() + static_cast<ptrdiff_t>(known);
    const auto at = std::lower_bound(offsets_.begin(), end, near.item, comes_before);
    if (at != end && at->item == near.item) {
      at->events_left = lifetime;
      continue;
    }
    rows_->read(near.item, {row.data(), rows_->dim()});
    offsets_.push_back({near.item, lifetime, row.norm(), 0});
  }
  sort_all(std::span(offsets_), [](const Offset& a, const Offset& b) { return a.item < b.item; });
  const auto same = [](const Offset& a, const Offset& b) { return a.item == b.item; };
  offsets_.erase(std::unique(offsets_.begin(), offsets_.end(), same), offsets_.end());
}

void FineTuning::see(uint32_t item) {
  const auto at = std::lower_bound(seen_.begin(), seen_.end(), item);
  if (at == seen_.end() || *at != item) seen_.insert(at, item);
}

bool FineTuning::is_seen(uint32_t item) const {
  return std::binary_search(seen_.begin(), seen_.end(), item);
}

const FineTuning::Offset* FineTuning::find(uint32_t item) const {
  const auto at = std::lower_bound(offsets_.begin(), offsets_.end(), item, comes_before);
  return at != offsets_.end() && at->item == item ? &*at : nullptr;
}

FineTuning::Offset* FineTuning::find(uint32_t item) {
  return const_cast<Offset*>(std::as_const(*this).find(item));
}

// |b_i| = |d_i| |u|, and |d_i| is at most a share of |v_i|.
float FineTuning::bounded(const Offset& offset) const {
  const float most = options_.largest_offset * offset.norm * user_.norm();
  return std::isfinite(most) ? std::clamp(offset.shift, -most, most) : 0;
}

void FineTuning::give_up() {
  user_ = start_;
  offsets_.clear();
  queue_.clear();
  steps_of_front_ = 0;
}

}  // namespace sotto
