#include "crowd/clear_sums.hpp"

#include "crypto/text_encoding.hpp"
#include "lab/atomic_file.hpp"

namespace sotto {
namespace {

std::string numbers(const std::vector<int64_t>& values) {
  std::string text = "[";
  for (const int64_t value : values) {
    if (text.size() > 1) text += ',';
    text += std::to_string(value);
  }
  return text + ']';
}

std::string ids(const std::vector<Nonce>& reports) {
  std::string text = "[";
  for (const Nonce& report : reports) {
    if (text.size() > 1) text += ',';
    text += '"' + to_hex(report) + '"';
  }
  return text + ']';
}

}  // namespace

void ClearSums::add(const TaskId& task, uint32_t dimension, const Nonce& report,
                    const ClearVector* vector, bool malicious) {
  ClearSum& of = tasks_[task];
  of.sum.resize(dimension);
  of.malicious_sum.resize(dimension);
  if (vector == nullptr) {
    of.malformed.push_back(report);
    return;
  }
  (malicious ? of.malicious : of.honest).push_back(report);
  std::vector<int64_t>& sum = malicious ? of.malicious_sum : of.sum;
  for (size_t j = 0; j < vector->values.size(); ++j)
    sum[vector->indices.empty() ? j : vector->indices[j]] += vector->values[j];
}

Status write_clear_sums(const ClearSums& sums, const std::string& path) {
  SOTTO_TRY(AtomicFile file, AtomicFile::create(path));
  file.write("{\"tasks\":[");
  const char* separator = "\n";
  for (const auto& [task, of] : sums.tasks()) {
    file.write(separator);
    file.write("{\"task\":\"" + to_hex(task) + "\",\"reports\":" +
               std::to_string(of.honest.size() + of.malicious.size() + of.malformed.size()) +
               ",\"sum\":" + numbers(of.sum) + ",\"ids\":" + ids(of.honest) +
               ",\"malicious_sum\":" + numbers(of.malicious_sum) + ",\"malicious_ids\":" +
               ids(of.malicious) + ",\"malformed_ids\":" + ids(of.malformed) + "}");
    separator = ",\n";
  }
  file.write("\n]}\n");
  return file.commit();
}

}  // namespace sotto
