#include "device/gated_tuning.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sotto {
namespace {

constexpr size_t kNdcgList = 100;

RowFilter filter_of(const DeviceModel& model, std::span<const uint32_t> seen) {
  RowFilter filter(model.rows.size());
  filter.exclude_removed(model.items);
  filter.exclude(seen);
  return filter;
}

// What each item adds to the NDCG of the list.
std::vector<double> gains_in(std::span<const ScoredItem> list, std::span<const uint32_t> items) {
  std::vector<double> gains;
  for (const uint32_t item : items) {
    const auto at = std::find_if(list.begin(), list.end(),
                                 [&](const ScoredItem& listed) { return listed.item == item; });
    const auto rank = static_cast<double>(at - list.begin());
    gains.push_back(at == list.end() ? 0 : std::numbers::ln2 / std::log(rank + 2));
  }
  return gains;
}

}  // namespace

GatedTuning::GatedTuning(const DeviceModel& model, const CrowdPrior& prior,
                         const ProfilePolicy& policy, const FineTuningOptions& options)
    : model_(&model),
      prior_(prior),
      policy_(policy),
      of_first_part_(model, policy, options),
      of_all_(model, policy, options) {}

void GatedTuning::set_history(std::span<const uint32_t> history, std::span<const float> strengths) {
  if (std::equal(history.begin(), history.end(), history_.begin(), history_.end()) &&
      std::equal(strengths.begin(), strengths.end(), strengths_.begin(), strengths_.end()))
    return;
  history_.assign(history.begin(), history.end());
  strengths_.assign(strengths.begin(), strengths.end());
  const size_t n_first = first_part().size();
  of_first_part_.set_history(first_part(), std::span(strengths_).first(n_first));
  of_all_.set_history(history_, strengths_);
  plain_.clear();
  keep_.reset();
  if (held_out().empty()) keep_ = keep_fine_tuning(prior_, {});
}

std::span<const uint32_t> GatedTuning::first_part() const {
  return std::span(history_).first(history_.size() - n_held_out(history_.size()));
}

std::span<const uint32_t> GatedTuning::held_out() const {
  return std::span(history_).last(n_held_out(history_.size()));
}

bool GatedTuning::done() const {
  return history_.empty() || (keep_.has_value() && (!*keep_ || of_all_.done()));
}

const FineTuning* GatedTuning::result() const {
  return done() && keep_ == true ? of_all_.result() : nullptr;
}

bool GatedTuning::run(size_t steps, ScanScratch& scratch) {
  for (; steps > 0 && !done(); --steps) step(scratch);
  return !done();
}

void GatedTuning::step(ScanScratch& scratch) {
  if (keep_.has_value()) {
    of_all_.run(1, scratch);
  } else if (!of_first_part_.done()) {
    of_first_part_.run(1, scratch);
  } else if (of_first_part_.result() == nullptr) {
    keep_ = false;
  } else if (plain_.empty()) {
    plain_ = plain_gains(scratch);
    if (plain_.empty()) keep_ = false;
  } else {
    keep_ = judge(scratch);
  }
}

// Empty when the fold-in is no query.
std::vector<double> GatedTuning::plain_gains(ScanScratch& scratch) const {
  const auto known = first_part();
  const Vector user =
      fold_in_history(*model_, policy_, known, std::span(strengths_).first(known.size()));
  const auto list = top_k(model_->rows, {user.data(), static_cast<size_t>(user.size())}, kNdcgList,
                          filter_of(*model_, known), scratch);
  if (!list.ok()) return {};
  return gains_in(*list, held_out());
}

bool GatedTuning::judge(ScanScratch& scratch) const {
  const auto list = tuned_top_k(model_->rows, *of_first_part_.result(), kNdcgList,
                                filter_of(*model_, first_part()), scratch);
  if (!list.ok()) return false;
  std::vector<double> gains = gains_in(*list, held_out());
  for (size_t j = 0; j < gains.size(); ++j) gains[j] -= plain_[j];
  return keep_fine_tuning(prior_, gains);
}

}  // namespace sotto
