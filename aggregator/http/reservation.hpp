// A part of something bounded, given back when it goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace sotto {

/// Thread safety: the total is shared by all threads; one reservation is a plain value.
class Reservation {
 public:
  using Total = std::shared_ptr<std::atomic<uint64_t>>;

  Reservation() = default;
  Reservation(Reservation&& other) noexcept
      : total_(std::move(other.total_)), amount_(std::exchange(other.amount_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(total_, other.total_);
    std::swap(amount_, other.amount_);
    return *this;
  }
  ~Reservation() {
    if (total_) total_->fetch_sub(amount_);
  }

  /// Nothing, and nothing taken, when the total would be more than `most`.
  static std::optional<Reservation> take(Total total, uint64_t amount, uint64_t most) {
    uint64_t used = total->load();
    do {
      if (used > most || amount > most - used) return std::nullopt;
    } while (!total->compare_exchange_weak(used, used + amount));
    Reservation reservation;
    reservation.total_ = std::move(total);
    reservation.amount_ = amount;
    return reservation;
  }

 private:
  Total total_;
  uint64_t amount_ = 0;
};

}  // namespace sotto
