// The reader of model snapshots, and of safetensors files below it: whatever is loaded is finite,
// fits the memory budget, and can be written and loaded again.
#include "model/snapshot.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr uint64_t kBudget = 1 << 20;

Bytes seed(bool int8, bool with_gram) {
  Snapshot snapshot;
  const Matrix values{{1, -2}, {.5F, 0}, {0, 0}};
  if (int8)
    snapshot.rows = quantize_rows(values);
  else
    snapshot.rows = values;
  for (const char* id : {"a", "b", "c"}) must(snapshot.items.add(id).ok(), "three items");
  must(snapshot.items.remove("b").ok(), "one tombstone");
  if (with_gram) {
    snapshot.gram = gram_of(snapshot);
    snapshot.tuning_prior = {.01, .001, .1};
  }
  return write_snapshot(snapshot).value();
}

}  // namespace

std::vector<Bytes> fuzz_seeds() { return {seed(false, true), seed(true, true), seed(true, false)}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto loaded = load_snapshot({data, size}, kBudget);
  if (!loaded.ok()) return 0;
  const SquareMatrix gram = gram_of(*loaded);
  must(gram.allFinite(), "finite values only");
  must(static_cast<Eigen::Index>(loaded->items.size()) == loaded->n_items(), "one item a row");
  (void)smoke_test(*loaded, gram);
  const auto again = write_snapshot(*loaded);
  must(again.ok() && load_snapshot(*again, kBudget).ok(), "what is loaded can be written");
  return 0;
}
