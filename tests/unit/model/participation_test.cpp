#include "model/participation.hpp"

#include <doctest/doctest.h>

#include <set>

namespace sotto {
namespace {

TEST_CASE("in an epoch every device takes part at most once, over epochs the order changes") {
  const ShuffledEpochs epochs(1003, 0.1, 7);
  CHECK(epochs.rounds_per_epoch() == 10);
  std::set<uint32_t> seen;
  size_t total = 0;
  for (uint32_t round = 0; round < 10; ++round) {
    const auto devices = epochs.participants(round);
    CHECK(devices.size() <= 100);
    CHECK(devices.size() >= 99);
    seen.insert(devices.begin(), devices.end());
    total += devices.size();
  }
  CHECK(seen.size() == total);
  CHECK(epochs.participants(0) != epochs.participants(10));
  CHECK(epochs.participants(3) == ShuffledEpochs(1003, 0.1, 7).participants(3));
}

TEST_CASE("shares that do not divide the devices, one device, everybody") {
  CHECK(ShuffledEpochs(10, 0.7, 1).participants(4).size() == 7);
  CHECK(ShuffledEpochs(10, 1, 1).participants(4).size() == 10);
  CHECK(ShuffledEpochs(1, 0.001, 1).participants(0).size() == 1);
}

TEST_CASE("steps shrink with partial participation only") {
  CHECK(step_size(50, 1) == 1);
  CHECK(step_size(0, 0.1) == 1);
  CHECK(step_size(5, 0.1) == doctest::Approx(0.5));
  CHECK(step_size(1000, 0.1) == doctest::Approx(0.1));
}

TEST_CASE("the first average is the first value, later ones move less and less") {
  Matrix average = Matrix::Constant(2, 2, 9);
  polyak_update(average, Matrix::Constant(2, 2, 1), 0);
  CHECK(average(0, 0) == 1);
  polyak_update(average, Matrix::Constant(2, 2, 2), 2);
  CHECK(average(0, 0) == doctest::Approx(1.5));
}

TEST_CASE("frequencies are those of all batches together") {
  FrequencyEstimate estimate(2);
  CHECK(estimate.frequencies() == std::vector<double>{0, 0});
  estimate.add(std::vector<double>{2, 0}, 4);
  estimate.add(std::vector<double>{0, 3}, 6);
  CHECK(estimate.frequencies()[0] == doctest::Approx(0.2));
  CHECK(estimate.frequencies()[1] == doctest::Approx(0.3));
}

}  // namespace
}  // namespace sotto
