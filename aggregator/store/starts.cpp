#include "store/starts.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr const char* kSpace = "store";
constexpr const char* kStarts = "starts";
constexpr const char* kRestored = "restored";

Result<uint64_t> starts_of(const Store& store) {
  SOTTO_TRY(const auto bytes, store.get(kSpace, kStarts));
  if (!bytes) return uint64_t{0};
  ByteReader reader(*bytes);
  SOTTO_TRY(const uint64_t starts, reader.get<uint64_t>("store: number of starts"));
  SOTTO_CHECK_OK(reader.finish("store: number of starts"));
  return starts;
}

}  // namespace

StoreChange restored_mark() { return {kSpace, {kRestored, Bytes()}}; }

Status count_start(Store& store, StoreLock& lock) {
  SOTTO_TRY(const uint64_t in_store, starts_of(store));
  SOTTO_TRY(auto in_lock, lock.starts());
  if (!in_lock && in_store == 0) {
    // Now, so that a crash between the two writes below is not taken for a missing lock.
    SOTTO_CHECK_OK(lock.write_starts(0));
    in_lock = 0;
  }
  const bool restored = !in_lock || *in_lock > in_store;
  const uint64_t starts = std::max(in_store, in_lock.value_or(0)) + 1;
  ByteWriter bytes;
  bytes.put<uint64_t>(starts);
  std::vector<StoreChange> changes = {{kSpace, {kStarts, std::move(bytes).bytes()}}};
  if (restored) changes.push_back(restored_mark());
  SOTTO_CHECK_OK(store.commit(changes));
  return lock.write_starts(starts);
}

Result<bool> was_restored(const Store& store) {
  SOTTO_TRY(const auto mark, store.get(kSpace, kRestored));
  return mark.has_value();
}

Status clear_restored(Store& store) {
  return store.commit(std::vector<StoreChange>{{kSpace, {kRestored, std::nullopt}}});
}

}  // namespace sotto
