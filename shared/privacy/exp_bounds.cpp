#include "privacy/exp_bounds.hpp"

namespace sotto {
namespace {

__extension__ using uint128 = unsigned __int128;

}  // namespace

Natural::Natural(uint64_t value) {
  if (value > 0) limbs_.push_back(value);
}

Natural& Natural::operator<<=(size_t bits) {
  if (limbs_.empty()) return *this;
  const size_t in_limb = bits % 64;
  if (in_limb > 0) {
    uint64_t carry = 0;
    for (auto& limb : limbs_) {
      const uint64_t shifted = (limb << in_limb) | carry;
      carry = limb >> (64 - in_limb);
      limb = shifted;
    }
    if (carry > 0) limbs_.push_back(carry);
  }
  limbs_.insert(limbs_.begin(), bits / 64, 0);
  return *this;
}

Natural& Natural::operator*=(uint64_t factor) {
  uint64_t carry = 0;
  for (auto& limb : limbs_) {
    const uint128 product = uint128{limb} * factor + carry;
    limb = static_cast<uint64_t>(product);
    carry = static_cast<uint64_t>(product >> 64);
  }
  if (carry > 0) limbs_.push_back(carry);
  trim();
  return *this;
}

bool Natural::divide_down(uint64_t divisor) {
  uint64_t remainder = 0;
  for (size_t i = limbs_.size(); i-- > 0;) {
    const uint128 part = (uint128{remainder} << 64) | limbs_[i];
    limbs_[i] = static_cast<uint64_t>(part / divisor);
    remainder = static_cast<uint64_t>(part % divisor);
  }
  trim();
  return remainder > 0;
}

void Natural::divide_up(uint64_t divisor) {
  if (divide_down(divisor)) *this += Natural(1);
}

Natural& Natural::operator+=(const Natural& other) {
  if (limbs_.size() < other.limbs_.size()) limbs_.resize(other.limbs_.size(), 0);
  uint64_t carry = 0;
  for (size_t i = 0; i < limbs_.size(); ++i) {
    const uint128 sum =
        uint128{limbs_[i]} + (i < other.limbs_.size() ? other.limbs_[i] : 0) + carry;
    limbs_[i] = static_cast<uint64_t>(sum);
    carry = static_cast<uint64_t>(sum >> 64);
  }
  if (carry > 0) limbs_.push_back(carry);
  return *this;
}

Natural& Natural::operator-=(const Natural& other) {
  uint64_t borrow = 0;
  for (size_t i = 0; i < limbs_.size(); ++i) {
    const uint128 taken = uint128{i < other.limbs_.size() ? other.limbs_[i] : 0} + borrow;
    borrow = taken > limbs_[i] ? 1 : 0;
    limbs_[i] -= static_cast<uint64_t>(taken);
  }
  trim();
  return *this;
}

uint64_t Natural::top(size_t shift) const {
  const size_t first = shift / 64, in_limb = shift % 64;
  if (first >= limbs_.size()) return 0;
  uint64_t result = limbs_[first] >> in_limb;
  if (in_limb > 0 && first + 1 < limbs_.size()) result |= limbs_[first + 1] << (64 - in_limb);
  return result;
}

bool operator<=(const Natural& a, const Natural& b) {
  if (a.limbs_.size() != b.limbs_.size()) return a.limbs_.size() < b.limbs_.size();
  for (size_t i = a.limbs_.size(); i-- > 0;)
    if (a.limbs_[i] != b.limbs_[i]) return a.limbs_[i] < b.limbs_[i];
  return true;
}

void Natural::trim() {
  while (!limbs_.empty() && limbs_.back() == 0) limbs_.pop_back();
}

// The series sum (-g)^k / k! with g = a b / (2 sigma^2), every term once rounded down and once up.
// Terms grow to e^g before they shrink, hence 2 g more bits (e^g < 2^(1.45 g)) than asked for. The
// rest of the series after a term, once terms shrink, is smaller than that term.
ExpBounds exp_bounds(uint64_t a, uint64_t b, uint64_t sigma, size_t min_bits) {
  const uint128 numerator = uint128{a} * b;
  const uint128 denominator = uint128{2 * sigma} * sigma;
  ExpBounds bounds;
  bounds.bits = min_bits + 2 * static_cast<size_t>(numerator / denominator) + 16;

  Natural term_low(1);
  term_low <<= bounds.bits;
  Natural term_high = term_low;
  Natural even_low = term_low, even_high = term_low, odd_low, odd_high;
  for (uint64_t k = 1;; ++k) {
    term_low *= a;
    term_low *= b;
    term_low.divide_down(sigma);
    term_low.divide_down(2 * sigma * k);
    term_high *= a;
    term_high *= b;
    term_high.divide_up(sigma);
    term_high.divide_up(2 * sigma * k);
    (k % 2 == 0 ? even_low : odd_low) += term_low;
    (k % 2 == 0 ? even_high : odd_high) += term_high;
    if (numerator <= denominator * k && term_high <= Natural(1)) break;
  }
  odd_high += term_high;
  even_high += term_high;
  if (odd_high <= even_low) {
    bounds.low = even_low;
    bounds.low -= odd_high;
  }
  bounds.high = even_high;
  bounds.high -= odd_low;
  return bounds;
}

bool uniform_below_exp(uint64_t digits, size_t n_digits, uint64_t height, uint64_t scale,
                       size_t shift, uint64_t x, uint64_t sigma, EntropyWords& entropy) {
  Natural known(digits);
  for (;; n_digits += 32, known <<= 32, known += Natural(entropy.next32())) {
    // U lies in [known, known + 1) 2^-n_digits, and so do both sides of the comparison.
    auto [right_low, right_high, bits] = exp_bounds(x, x, sigma, n_digits + 64);
    right_low *= scale;
    right_high *= scale;
    right_low <<= n_digits + shift;
    right_high <<= n_digits + shift;
    Natural left_low = known, left_high = known;
    left_high += Natural(1);
    left_low *= height;
    left_high *= height;
    left_low <<= bits;
    left_high <<= bits;
    if (left_high <= right_low) return true;
    if (right_high <= left_low) return false;
  }
}

}  // namespace sotto
