// How often a store has been served, and whether it was put back from a backup: records "starts"
// (u64) and "restored" (empty) of the space "store".
#pragma once

#include "store/store.hpp"
#include "store/store_lock.hpp"

namespace sotto {

/// Marks a store as put back from a backup, for was_restored.
StoreChange restored_mark();

/// Counts a start, in the store and in the lock, and marks the store as restored when the lock
/// knows of later starts than the store does, or of none although the store was served before.
/// Errors: kIo; kMalformed when the number in the store is none.
Status count_start(Store& store, StoreLock& lock);

}  // namespace sotto
