// The last values that a device measured of one type of event (dwell, scroll): what is usual here.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace sotto {

/// A window over the last kReach values. Float: a millisecond in an hour is far below what dwell
/// means. Memory: at most 404 bytes and the vector. Thread safety: one thread at a time.
class MeasuredValues {
 public:
  /// Enough for a median, small enough to be stored after every event.
  static constexpr size_t kReach = 101;

  /// value: finite, >= 0.
  void add(double value);
  size_t size() const { return values_.size(); }
  /// The mean of the values, larger ones taken as `limit` (winsorised); 0 when there are none.
  double mean(double limit) const;
  /// The largest value that is no outlier: modified z-score (Iglewicz and Hoaglin 1993) of
  /// log(1 + value), in which dwell is about normal; `threshold` is their 3.5. The scale is
  /// median absolute deviation / 0.6745, but at least kLeastScale.
  /// Precondition: size() >= 1.
  double upper_limit(double threshold) const;
  /// With it a user whose values are all equal still keeps values up to about e^(3.5 * 0.35) = 3.4
  /// times the usual one.
  static constexpr double kLeastScale = 0.35;

  /// u8 number of values, then the values, oldest first.
  void write(ByteWriter& out) const;
  /// Errors: kMalformed for a count or a value (not in 0 .. highest) that cannot be.
  static Result<MeasuredValues> read(ByteReader& in, double highest);

 private:
  std::vector<float> values_;  // oldest first
};

}  // namespace sotto
