#include "crowd/attackers.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sotto {
namespace {

Matrix all_rows(const ItemRows& rows) {
  std::vector<uint32_t> numbers(rows.size());
  std::iota(numbers.begin(), numbers.end(), 0U);
  return rows.gather(numbers);
}

Histories in_rows(const CrowdPeople& people, const ItemIndex& items, uint32_t n_items) {
  Histories mapped;
  for (size_t person = 0; person < people.histories.size(); ++person) {
    std::vector<uint32_t> history;
    for (const uint32_t item : people.histories[person])
      if (const auto row = items.find(people.item_ids[item]); row && *row < n_items)
        history.push_back(*row);
    mapped.add(history);
  }
  return mapped;
}

uint32_t middling_item(const std::vector<float>& popularity, uint32_t n_items) {
  if (popularity.size() < n_items) return n_items / 2;
  std::vector<uint32_t> order(n_items);
  std::iota(order.begin(), order.end(), 0U);
  const auto middle = order.begin() + n_items / 2;
  std::nth_element(order.begin(), middle, order.end(), [&](uint32_t a, uint32_t b) {
    return popularity[a] != popularity[b] ? popularity[a] > popularity[b] : a < b;
  });
  return *middle;
}

}  // namespace

Result<std::unique_ptr<const Attackers>> Attackers::create(Poison poison, const CrowdPeople& people,
                                                           std::shared_ptr<const OpenTask> task,
                                                           const PinnedSite& pinned,
                                                           int64_t now_ms) {
  const DeviceModel& model = *task->model;
  std::unique_ptr<Attackers> out(new Attackers());
  out->task_ = task;
  SOTTO_TRY(out->job_.layout,
            decode_layout(task->task().layout, task->task().layout_parameters, model.rows.size()));
  const uint32_t n_items = layout_items(out->job_.layout);
  out->histories_ = in_rows(people, model.items, n_items);
  out->items_ = all_rows(model.rows);
  out->job_.histories = &out->histories_;
  out->job_.items = &out->items_;
  out->job_.reg = model.reg;
  poison.item = middling_item(model.popularity, n_items);
  const PublishedTask files{task->file, task->leader_key, task->helper_key};
  SOTTO_TRY(out->attacker_, Attacker::create(poison, out->job_, files, pinned, now_ms));
  return std::unique_ptr<const Attackers>(std::move(out));
}

Result<Bytes> Attackers::report(uint32_t visitor, int64_t now_ms, EntropySource& entropy) const {
  return attacker_->report(person(visitor), now_ms, entropy);
}

Result<std::vector<int64_t>> Attackers::wish(uint32_t visitor, EntropySource& entropy) const {
  return attacker_->wish(person(visitor), entropy);
}

}  // namespace sotto
