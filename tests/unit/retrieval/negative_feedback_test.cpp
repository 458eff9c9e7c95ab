#include "retrieval/negative_feedback.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "retrieval/random_rows.hpp"

namespace sotto {
namespace {

std::vector<ScoredItem> candidates_of(const ItemRows& rows, const Vector& user, size_t k) {
  ScanScratch scratch;
  const auto found = top_k(rows, as_span(user), k, RowFilter(rows.size()), scratch).value();
  return {found.begin(), found.end()};
}

TEST_CASE("dislikes lower scores by the stated penalty, within its bound, and never raise one") {
  Random random(1);
  for (int trial = 0; trial < 200; ++trial) {
    const ItemRows rows = awkward_rows(150, 16, random.next());
    const Vector user = random_vector(16, random.next());
    const auto before = candidates_of(rows, user, 60);
    std::vector<DislikedItem> disliked;
    for (const uint32_t item : random_history(150, random_size(6, random), random))
      disliked.push_back({item, static_cast<float>(random.uniform())});
    const auto strength = static_cast<float>(random.uniform());
    auto after = before;
    REQUIRE(penalize_similar(rows, as_span(user), disliked, strength, after).ok());
    CHECK(after.size() == before.size());
    CHECK(std::is_sorted(after.begin(), after.end(), ranks_before));
    for (const ScoredItem& old : before) {
      const auto now = std::find_if(after.begin(), after.end(),
                                    [&](const auto& item) { return item.item == old.item; });
      REQUIRE(now != after.end());
      float closeness = 0;
      for (const auto& item : disliked)
        closeness = std::max(closeness, item.weight * rows.cosine(item.item, old.item));
      const float length = user.norm() * rows.vector(old.item).norm();
      CHECK(old.score - now->score == doctest::Approx(strength * length * closeness).epsilon(1e-3));
      CHECK(now->score <= old.score);
      CHECK(now->score >= old.score - strength * length * 1.0001F);
    }
  }
}

TEST_CASE("no dislikes, or no strength, change nothing; a twin of a disliked item sinks") {
  QuantizedMatrix matrix = quantize_rows(random_matrix(100, 16, 2));
  const ItemRows plain = ItemRows::create(matrix).value();
  const Vector user = random_vector(16, 3);
  const auto before = candidates_of(plain, user, 20);
  auto list = before;
  REQUIRE(penalize_similar(plain, as_span(user), {}, 1, list).ok());
  CHECK(list.front().item == before.front().item);
  const std::vector<DislikedItem> first{{before.front().item, 1}};
  REQUIRE(penalize_similar(plain, as_span(user), first, 0, list).ok());
  CHECK(list.front().score == before.front().score);
  REQUIRE(penalize_similar(plain, as_span(user), first, 1, list).ok());
  CHECK(list.front().item != before.front().item);
}

TEST_CASE("negative feedback refuses what is out of range") {
  const ItemRows rows = random_rows(10, 8, 1);
  Vector user = random_vector(8, 2);
  std::vector<ScoredItem> list{{1, 1.0F}};
  const auto code = [&](std::vector<DislikedItem> disliked, float strength) {
    const Status status = penalize_similar(rows, as_span(user), disliked, strength, list);
    return status.ok() ? ErrorCode::kOk : status.error().code;
  };
  CHECK(code({{1, 1}}, 0.5F) == ErrorCode::kOk);
  CHECK(code({{10, 1}}, 0.5F) == ErrorCode::kInvalidArgument);
  CHECK(code({{1, 1.5F}}, 0.5F) == ErrorCode::kInvalidArgument);
  CHECK(code({{1, NAN}}, 0.5F) == ErrorCode::kInvalidArgument);
  CHECK(code({{1, 1}}, -0.5F) == ErrorCode::kInvalidArgument);
  user[0] = NAN;
  CHECK(code({{1, 1}}, 0.5F) == ErrorCode::kNumerical);
  user[0] = 0;
  list[0].item = 10;
  CHECK(code({{1, 1}}, 0.5F) == ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sotto
