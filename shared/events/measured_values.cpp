#include "events/measured_values.hpp"

#include <algorithm>
#include <cmath>

#include "base/sort.hpp"

namespace sotto {
namespace {

// The lower median for even sizes: one that is really there.
double median(std::vector<double>& values) {
  const size_t middle = (values.size() - 1) / 2;
  sort_first(std::span(values), middle + 1);
  return values[middle];
}

}  // namespace

void MeasuredValues::add(double value) {
  if (values_.size() == kReach) values_.erase(values_.begin());
  values_.push_back(static_cast<float>(value));
}

double MeasuredValues::mean(double limit) const {
  if (values_.empty()) return 0;
  double sum = 0;
  for (const double value : values_) sum += std::min(value, limit);
  return sum / static_cast<double>(values_.size());
}

double MeasuredValues::upper_limit(double threshold) const {
  std::vector<double> logs(values_.begin(), values_.end());
  for (double& value : logs) value = std::log1p(value);
  const double center = median(logs);
  for (double& value : logs) value = std::abs(value - center);
  const double scale = std::max(kLeastScale, median(logs) / 0.6745);
  return std::expm1(center + threshold * scale);
}

void MeasuredValues::write(ByteWriter& out) const {
  out.put<uint8_t>(static_cast<uint8_t>(values_.size()));
  for (const float value : values_) out.put<float>(value);
}

Result<MeasuredValues> MeasuredValues::read(ByteReader& in, double highest) {
  MeasuredValues measured;
  SOTTO_TRY(const auto size, in.get<uint8_t>("number of measured values"));
  if (size > kReach) return Error{ErrorCode::kMalformed, "number of measured values: out of range"};
  for (uint8_t i = 0; i < size; ++i) {
    SOTTO_TRY(const auto value, in.get<float>("measured value"));
    if (!(value >= 0) || value > static_cast<float>(highest))
      return Error{ErrorCode::kMalformed, "measured value: out of range"};
    measured.values_.push_back(value);
  }
  return measured;
}

}  // namespace sotto
