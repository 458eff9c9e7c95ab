// The reader of catalogues: whatever is loaded keeps every rule, can be written and loaded again,
// and content can be computed from it.
#include <cmath>

#include "catalog/catalogue.hpp"
#include "catalog/content_index.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr uint64_t kBudget = 1 << 20;

Catalogue catalogue(bool with_values) {
  Catalogue catalogue;
  catalogue.tag_names = {"drama", "jazz", ""};
  catalogue.items.resize(4);
  catalogue.items[0].tags = {0, 2};
  catalogue.items[1].tags = {1};
  catalogue.items[3].tags = {0, 1, 2};
  catalogue.item_index_version = 9;
  if (with_values) {
    catalogue.dwell_ms = {1000, 0, 86'400'000, 250};
    catalogue.scroll = {0, 1, .25F, 0};
  }
  return catalogue;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  return {write_catalogue(catalogue(true)).value(), write_catalogue(catalogue(false)).value(),
          write_catalogue(Catalogue{}).value()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto loaded = load_catalogue({data, size}, kBudget);
  if (!loaded.ok()) return 0;
  const auto n_tags = static_cast<uint32_t>(loaded->tag_names.size());
  must(n_tags <= Catalogue::kMaxTags, "tags within the limit");
  for (const ItemFeatures& item : loaded->items) {
    must(item.tags.size() <= Catalogue::kMaxItemTags, "tags of an item within the limit");
    for (size_t j = 0; j < item.tags.size(); ++j)
      must(item.tags[j] < n_tags && (j == 0 || item.tags[j - 1] < item.tags[j]), "tags ascend");
  }
  for (const auto* const values : {&loaded->dwell_ms, &loaded->scroll})
    must(values->empty() || values->size() == loaded->items.size(), "one an item, or none");
  must(loaded->mean_dwell_ms().value_or(0) <= 86'400'000, "finite dwells");
  must(loaded->mean_scroll().value_or(0) <= 1, "scroll depths");
  const auto again = write_catalogue(*loaded);
  must(again.ok(), "what is loaded can be written");
  const auto back = load_catalogue(*again, UINT64_MAX);
  must(back.ok() && write_catalogue(*back).value() == *again, "and is the same again");

  const ContentIndex index(loaded->items, n_tags);
  must(index.size() == loaded->items.size(), "a vector an item");
  std::vector<float> scores(index.size());
  if (index.size() > 0) index.score(index.vector(0), scores);
  for (const float score : scores) must(score >= 0 && score <= 1.001F, "cosines");
  return 0;
}
