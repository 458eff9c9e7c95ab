#include "device/tuning.hpp"

#include <algorithm>
#include <utility>

namespace sotto {
namespace {

// Which items are drawn as negatives is no secret, and must be the same after a restore.
constexpr uint64_t kSeed = 0;

}  // namespace

Tuning::Tuning(const DeviceModel& model, const ProfilePolicy& policy,
               const FineTuningOptions& options)
    : model_(&model),
      rows_(std::make_unique<ItemRowSource>(model.rows)),
      policy_(policy),
      options_(options) {}

bool Tuning::begins_alike(std::span<const uint32_t> history, std::span<const float> strengths,
                          size_t n) const {
  return n <= history.size() && n <= history_.size() &&
         std::equal(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(n),
                    history.begin()) &&
         std::equal(strengths_.begin(), strengths_.begin() + static_cast<std::ptrdiff_t>(n),
                    strengths.begin());
}

void Tuning::set_history(std::span<const uint32_t> history, std::span<const float> strengths) {
  const size_t base = replay_base(history.size(), options_.last_events);
  if (base == base_ && begins_alike(history, strengths, known_)) {
    // What there is goes on.
  } else if (base == base_ && before_ && begins_alike(history, strengths, known_ - 1)) {
    tuning_ = std::move(before_);
    before_.reset();
    --known_;
    failed_ = false;
  } else {
    tuning_.reset();
    before_.reset();
    base_ = known_ = base;
    failed_ = false;
  }
  history_.assign(history.begin(), history.end());
  strengths_.assign(strengths.begin(), strengths.end());
}

bool Tuning::done() const {
  return failed_ || history_.empty() ||
         (tuning_ && known_ == history_.size() && tuning_->steps_left() == 0);
}

const FineTuning* Tuning::result() const {
  return done() && !failed_ && tuning_ && !history_.empty() ? &*tuning_ : nullptr;
}

bool Tuning::run(size_t steps, ScanScratch& scratch) {
  for (; steps > 0 && !done(); --steps) step(scratch);
  return !done();
}

void Tuning::step(ScanScratch& scratch) {
  if (tuning_ && tuning_->steps_left() > 0) {
    failed_ = !tuning_->run(1).ok();
    return;
  }
  const size_t n = tuning_ ? known_ + 1 : base_;
  const auto history = std::span(history_).first(n);
  const Vector start = fold_in_history(*model_, policy_, history, std::span(strengths_).first(n));
  if (!tuning_) {
    auto created = FineTuning::create(*rows_, start, history, options_, kSeed);
    failed_ = !created.ok();
    if (created.ok()) tuning_ = std::move(*created);
    return;
  }
  before_ = tuning_;
  known_ = n;
  const std::vector<Neighbour> near =
      neighbours_of(model_->rows, history.back(), options_.neighbours, scratch);
  failed_ = !tuning_->add(history.back(), strengths_[n - 1], near, start).ok();
}

}  // namespace sotto
