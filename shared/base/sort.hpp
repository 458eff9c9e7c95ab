// Sorting in a fraction of std::sort's code, which every type of element brings along once more and
// which a device downloads. For lists of what a person did or sees; heap sort (Williams 1964), so
// never slower than n log n and without memory of its own. Equal elements end up in any order, in
// the same one natively and in WASM. Thread safety: pure.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>

namespace sotto {

/// A heap, but for its root, becomes one: no element is before its children.
template <class T, class Before>
void sink_root(std::span<T> heap, size_t root, Before& before) {
  for (size_t child = 2 * root + 1; child < heap.size(); child = 2 * root + 1) {
    if (child + 1 < heap.size() && before(heap[child], heap[child + 1])) ++child;
    if (!before(heap[root], heap[child])) return;
    std::swap(heap[root], heap[child]);
    root = child;
  }
}

/// The first n of all in their order stand in front then, in it; the others behind in any order.
/// Requires n <= items.size().
template <class T, class Before = std::less<T>>
void sort_first(std::span<T> items, size_t n, Before before = {}) {
  if (n == 0) return;
  const std::span<T> heap = items.first(n);
  for (size_t i = n / 2; i-- > 0;) sink_root(heap, i, before);
  for (T& other : items.subspan(n)) {
    if (!before(other, heap[0])) continue;
    std::swap(other, heap[0]);
    sink_root(heap, 0, before);
  }
  while (--n > 0) {
    std::swap(heap[0], heap[n]);
    sink_root(heap.first(n), 0, before);
  }
}

template <class T, class Before = std::less<T>>
void sort_all(std::span<T> items, Before before = {}) {
  sort_first(items, items.size(), before);
}

}  // namespace sotto
