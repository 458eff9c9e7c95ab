#include "protocol/report_loop.hpp"

#include <optional>
#include <vector>

namespace sotto {
namespace {

void run_loop(Executor* executor, size_t n, const Executor::Body& body) {
  SerialExecutor serial;
  Executor& chosen = executor == nullptr ? serial : *executor;
  chosen.for_blocks(n, 1, body);
}

}  // namespace

void for_each_report(Executor* executor, size_t n, const std::function<void(size_t)>& body) {
  run_loop(executor, n, [&](size_t begin, size_t end, size_t) {
    for (size_t i = begin; i < end; ++i) body(i);
  });
}

Result<Batch> sum_reports(Executor* executor, const Vdaf& vdaf, size_t n,
                          const std::function<void(size_t, Batch&)>& body) {
  // A worker that gets no report needs no megabyte.
  std::vector<std::optional<Batch>> partial(executor == nullptr ? 1 : executor->workers());
  run_loop(executor, n, [&](size_t begin, size_t end, size_t worker) {
    std::optional<Batch>& batch = partial[worker];
    if (!batch.has_value()) batch = Batch::empty(vdaf);
    for (size_t i = begin; i < end; ++i) body(i, *batch);
  });
  std::optional<Batch> sum;
  for (auto& batch : partial) {
    if (!batch.has_value()) continue;
    if (!sum.has_value())
      sum = std::move(batch);
    else
      SOTTO_CHECK_OK(sum->merge(vdaf, *batch));
  }
  if (!sum.has_value()) return Batch::empty(vdaf);
  return *std::move(sum);
}

}  // namespace sotto
