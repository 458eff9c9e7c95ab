#include "publishing/delta.hpp"

#include "base/random.hpp"
#include "publishing/site.hpp"

namespace sotto {
namespace {

Bytes random_bytes(size_t n, uint64_t seed) {
  Bytes bytes(n);
  TestEntropy(seed).fill(bytes);
  return bytes;
}

void check_round_trip(const Bytes& from, const Bytes& to) {
  const auto back = apply_delta(from, make_delta(from, to), to.size());
  REQUIRE(back.ok());
  CHECK(*back == to);
}

TEST_CASE("a delta makes its target: equal, empty, unrelated, periodic") {
  const Bytes some = random_bytes(1000, 1), others = random_bytes(777, 2);
  const Bytes zeros(500, 0), more_zeros(5000, 0);
  for (const auto& from : {some, others, Bytes{}, zeros, more_zeros})
    for (const auto& to : {some, others, Bytes{}, zeros, more_zeros}) check_round_trip(from, to);
}

TEST_CASE("random edits come back exactly") {
  Random random(3);
  for (int t = 0; t < 200; ++t) {
    const Bytes from = random_bytes(random.below(3000), random.next());
    Bytes to = from;
    for (uint64_t edits = random.below(6); edits > 0; --edits) {
      const auto at = static_cast<ptrdiff_t>(random.below(to.size() + 1));
      const Bytes piece = random_bytes(random.below(100), random.next());
      if (random.below(2) == 0) {
        to.insert(to.begin() + at, piece.begin(), piece.end());
      } else {
        const auto n = std::min<ptrdiff_t>(static_cast<ptrdiff_t>(piece.size()),
                                           static_cast<ptrdiff_t>(to.size()) - at);
        to.erase(to.begin() + at, to.begin() + at + n);
      }
    }
    check_round_trip(from, to);
  }
}

TEST_CASE("a shifted copy costs its insertion and little more") {
  const Bytes from = random_bytes(100'000, 4);
  Bytes to = from;
  const Bytes piece = random_bytes(333, 5);
  to.insert(to.begin() + 12'345, piece.begin(), piece.end());
  CHECK(make_delta(from, to).size() < 333 + 200);
}

TEST_CASE("new items without new training: the delta is a small part of the file") {
  TrainingSite site = training_site(200);
  Course course = Course::create(course_options(), site.content).value();
  SerialExecutor executor;
  for (int j = 0; j < 2; ++j)
    REQUIRE(course.accept(collect(course, site.world.split.train, 5), executor).ok());
  const Bytes from = write_snapshot(course.snapshot().value()).value();
  SiteContent grown = site.content;
  const auto n = grown.content.rows();
  REQUIRE(grown.items.add("the new one").ok());
  grown.catalogue.items.push_back(grown.catalogue.items[0]);
  grown.catalogue.item_index_version = grown.items.version();
  grown.content.conservativeResize(n + 1, Eigen::NoChange);
  grown.content.row(n) = grown.content.row(0);
  REQUIRE(course.use_content(grown).ok());
  const Bytes to = write_snapshot(course.snapshot().value()).value();
  const Bytes delta = make_delta(from, to);
  CHECK(delta.size() < to.size() / 3);
  check_round_trip(from, to);
}

TEST_CASE("damaged deltas, other bases and targets above the limit are refused") {
  const Bytes from = random_bytes(300, 6);
  Bytes to = from;
  to.insert(to.begin() + 100, {1, 2, 3});
  const Bytes delta = make_delta(from, to);
  for (size_t length = 0; length < delta.size(); ++length)
    CHECK_FALSE(apply_delta(from, std::span(delta).first(length), 1000).ok());
  for (size_t j = 0; j < delta.size(); ++j) {
    Bytes damaged = delta;
    damaged[j] ^= 0x80;
    CHECK_FALSE(apply_delta(from, damaged, 1000).ok());
  }
  Bytes other = from;
  ++other[0];
  CHECK(apply_delta(other, delta, 1000).error().code == ErrorCode::kDisagreement);
  CHECK(apply_delta(from, delta, to.size() - 1).error().code == ErrorCode::kOutOfMemory);
  CHECK(apply_delta(from, delta, to.size()).ok());
}

}  // namespace
}  // namespace sotto
