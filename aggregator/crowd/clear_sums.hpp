// The sums that nobody but a simulation can know: the vectors of acknowledged reports, in the
// clear.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "protocol/signed_task.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// What a report holds, before it is shared: grid units, the device's own noise in it.
struct ClearVector {
  std::vector<uint32_t> indices;  ///< Empty: `values` are all coordinates.
  std::vector<int64_t> values;
};

/// Of one task. sum is over honest, malicious_sum over malicious reports; what VDAFs reject stands
/// in it too.
struct ClearSum {
  std::vector<int64_t> sum, malicious_sum;
  std::vector<Nonce> honest, malicious;  ///< Report ids, in the order of acknowledgement.
  std::vector<Nonce> malformed;          ///< Without a vector.
};

/// Thread safety: one thread at a time per object.
class ClearSums {
 public:
  /// vector: null for a malformed report. Precondition: it fits the task's dimension.
  void add(const TaskId& task, uint32_t dimension, const Nonce& report, const ClearVector* vector,
           bool malicious);
  const std::map<TaskId, ClearSum>& tasks() const { return tasks_; }

 private:
  std::map<TaskId, ClearSum> tasks_;
};

/// {"tasks": [{"task", "reports", "sum", "ids", "malicious_sum", "malicious_ids",
/// "malformed_ids"}]}, ids in hex. Through a temporary file. Errors: kIo.
Status write_clear_sums(const ClearSums& sums, const std::string& path);

}  // namespace sotto
