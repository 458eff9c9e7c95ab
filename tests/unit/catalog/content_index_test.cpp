#include "catalog/content_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.hpp"

using namespace sotto;

namespace {

ItemFeatures tagged(std::vector<uint32_t> tags) {
  ItemFeatures item;
  item.tags = std::move(tags);
  return item;
}

std::vector<ItemFeatures> random_items(size_t n, uint32_t n_tags, Random& random) {
  std::vector<ItemFeatures> items(n);
  for (ItemFeatures& item : items)
    for (uint64_t t = random.below(6); t > 0; --t)
      item.tags.push_back(static_cast<uint32_t>(random.below(n_tags)));  // in any order, also twice
  return items;
}

// All coordinates.
std::vector<double> dense(std::span<const TagWeight> vector, uint32_t n_tags) {
  std::vector<double> all(n_tags, 0);
  for (const TagWeight& entry : vector) all.at(entry.tag) += double{entry.weight};
  return all;
}

double inner(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

}  // namespace

TEST_CASE("content vectors of a small example, computed by hand") {
  // m = 4; tag 0 on three items, tag 1 on two, tag 2 on one, tag 3 on none.
  const std::vector<ItemFeatures> items{tagged({0, 1}), tagged({0}), tagged({0, 1, 2}), tagged({})};
  const ContentIndex index(items, 4);
  REQUIRE(index.size() == 4);
  const double w0 = std::log(1 + 4.0 / 3), w1 = std::log(1 + 4.0 / 2), w2 = std::log(1 + 4.0 / 1);
  const double norm0 = std::hypot(w0, w1), norm2 = std::hypot(w0, w1, w2);
  const auto first = index.vector(0);
  REQUIRE(first.size() == 2);
  CHECK(first[0].tag == 0);
  CHECK(first[1].tag == 1);
  CHECK(first[0].weight == doctest::Approx(w0 / norm0));
  CHECK(first[1].weight == doctest::Approx(w1 / norm0));
  REQUIRE(index.vector(1).size() == 1);
  CHECK(index.vector(1)[0].weight == doctest::Approx(1));
  REQUIRE(index.vector(2).size() == 3);
  CHECK(index.vector(2)[2].weight == doctest::Approx(w2 / norm2));
  CHECK(index.vector(3).empty());
  CHECK(index.similarity(0, 1) == doctest::Approx(w0 / norm0));
  CHECK(index.similarity(0, 2) == doctest::Approx(norm0 / norm2));

  // Interests: twice the second item and half of the first.
  const auto interests = index.interests(std::vector<uint32_t>{1, 0}, std::vector<float>{2, 0.5F});
  REQUIRE(interests.size() == 2);
  CHECK(interests[0].tag == 0);
  CHECK(interests[0].weight == doctest::Approx(2 + 0.5 * w0 / norm0));
  CHECK(interests[1].tag == 1);
  CHECK(interests[1].weight == doctest::Approx(0.5 * w1 / norm0));
}

TEST_CASE("a similarity is the inner product of two vectors of length one") {
  Random random(1);
  for (int trial = 0; trial < 50; ++trial) {
    const auto n_tags = static_cast<uint32_t>(1 + random.below(12));
    const auto items = random_items(1 + static_cast<size_t>(random.below(30)), n_tags, random);
    const ContentIndex index(items, n_tags);
    REQUIRE(index.size() == items.size());
    for (uint32_t a = 0; a < index.size(); ++a) {
      const auto x = index.vector(a);
      for (size_t j = 1; j < x.size(); ++j) CHECK(x[j - 1].tag < x[j].tag);
      const auto dense_a = dense(x, n_tags);
      if (!x.empty()) CHECK(inner(dense_a, dense_a) == doctest::Approx(1));
      for (uint32_t b = 0; b < index.size(); ++b) {
        const float similarity = index.similarity(a, b);
        CHECK(similarity ==
              doctest::Approx(inner(dense_a, dense(index.vector(b), n_tags))).epsilon(1e-5));
        CHECK(similarity >= 0);
        CHECK(similarity <= 1);
        CHECK(similarity == index.similarity(b, a));
      }
      CHECK(index.similarity(a, a) == (x.empty() ? doctest::Approx(0) : doctest::Approx(1)));
    }
  }
}

TEST_CASE("scores are the inner products with the interests, for every item") {
  Random random(2);
  for (int trial = 0; trial < 50; ++trial) {
    const auto n_tags = static_cast<uint32_t>(1 + random.below(12));
    const auto items = random_items(static_cast<size_t>(random.below(40)), n_tags, random);
    const ContentIndex index(items, n_tags);
    std::vector<TagWeight> wanted;
    for (uint32_t tag = 0; tag < n_tags; ++tag)
      if (random.below(2) == 0)
        wanted.push_back({tag, static_cast<float>(random.uniform() * 4 - 2)});
    std::reverse(wanted.begin(), wanted.end());  // order is of no importance
    std::vector<float> scores(items.size() + 3, 77);
    index.score(wanted, scores);
    for (uint32_t i = 0; i < index.size(); ++i)
      CHECK(scores[i] ==
            doctest::Approx(inner(dense(index.vector(i), n_tags), dense(wanted, n_tags)))
                .epsilon(1e-5));
    for (size_t beyond = items.size(); beyond < scores.size(); ++beyond) CHECK(scores[beyond] == 0);
  }
}

TEST_CASE("interests of a history score as the sum of its similarities") {
  Random random(3);
  const auto items = random_items(40, 10, random);
  const ContentIndex index(items, 10);
  const std::vector<uint32_t> history{3, 17, 17, 22, 39};
  const std::vector<float> weights{1, 0.5F, 0.25F, 2, 0};
  std::vector<float> scores(40);
  const auto interests = index.interests(history, weights);
  CHECK(std::is_sorted(interests.begin(), interests.end(),
                       [](const TagWeight& a, const TagWeight& b) { return a.tag < b.tag; }));
  index.score(interests, scores);
  for (uint32_t i = 0; i < 40; ++i) {
    double expected = 0;
    for (size_t j = 0; j < history.size(); ++j)
      expected += double{weights[j]} * double{index.similarity(i, history[j])};
    CHECK(scores[i] == doctest::Approx(expected).epsilon(1e-4));
  }
  CHECK(index.interests({}, {}).empty());
}

TEST_CASE("items without tags, and items that are not in the index, are like nothing") {
  const std::vector<ItemFeatures> items{tagged({}), tagged({1}), tagged({})};
  const ContentIndex index(items, 2);
  CHECK(index.vector(0).empty());
  CHECK(index.similarity(0, 1) == 0);
  CHECK(index.similarity(0, 0) == 0);
  for (const uint32_t beyond : {3U, 4U, UINT32_MAX}) {
    CHECK(index.vector(beyond).empty());
    CHECK(index.similarity(beyond, 1) == 0);
    CHECK(index.similarity(beyond, beyond) == 0);
    CHECK(index.interests(std::vector<uint32_t>{beyond}, std::vector<float>{1}).empty());
  }
}

TEST_CASE("a tag that an item has twice counts once") {
  const std::vector<ItemFeatures> once{tagged({0, 1}), tagged({1})};
  const std::vector<ItemFeatures> twice{tagged({1, 0, 1, 0, 0}), tagged({1, 1})};
  const ContentIndex a(once, 2), b(twice, 2);
  for (const uint32_t item : {0U, 1U}) {
    REQUIRE(a.vector(item).size() == b.vector(item).size());
    for (size_t j = 0; j < a.vector(item).size(); ++j) {
      CHECK(a.vector(item)[j].tag == b.vector(item)[j].tag);
      CHECK(a.vector(item)[j].weight == b.vector(item)[j].weight);
    }
  }
}

TEST_CASE("tags beyond the number of tags are passed over, in items and in interests") {
  const std::vector<ItemFeatures> items{tagged({0, 2, UINT32_MAX}), tagged({5}), tagged({1})};
  const ContentIndex index(items, 2);
  REQUIRE(index.vector(0).size() == 1);
  CHECK(index.vector(0)[0].tag == 0);
  CHECK(index.vector(0)[0].weight == doctest::Approx(1));
  CHECK(index.vector(1).empty());
  std::vector<float> scores(3, 1);
  index.score(std::vector<TagWeight>{{2, 9}, {UINT32_MAX, 9}, {1, 3}}, scores);
  CHECK(scores == std::vector<float>{0, 0, 3});
  const ContentIndex no_tags(items, 0);
  CHECK(no_tags.size() == 3);
  no_tags.score(std::vector<TagWeight>{{0, 1}}, scores);
  CHECK(scores == std::vector<float>{0, 0, 0});
}

TEST_CASE("an empty index knows nothing and fills scores with zeros") {
  const std::vector<ItemFeatures> none;
  for (const ContentIndex& index : {ContentIndex(), ContentIndex(none, 3)}) {
    CHECK(index.size() == 0);
    CHECK(index.vector(0).empty());
    CHECK(index.similarity(0, 1) == 0);
    std::vector<float> scores(2, 1);
    index.score(std::vector<TagWeight>{{0, 1}}, scores);
    CHECK(scores == std::vector<float>{0, 0});
    index.score({}, {});
    CHECK(index.interests(std::vector<uint32_t>{0}, std::vector<float>{1}).empty());
  }
}
