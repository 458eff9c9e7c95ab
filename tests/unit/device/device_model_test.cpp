#include "device/device_model.hpp"

#include "small_site.hpp"

using namespace sotto;

namespace {

ErrorCode opened(const SmallSite& site, const SmallSite::Publication& publication,
                 const std::optional<SeenManifest>& seen = std::nullopt, int64_t now_ms = kNow,
                 uint64_t budget = SmallSite::kBudget) {
  return code_of(open_device_model(publication.files(), site.pinned, seen, budget, now_ms));
}

}  // namespace

TEST_CASE("a publication becomes a model that can score") {
  const SmallSite site;
  const auto model = site.model(3);
  CHECK(model->manifest.sequence == 3);
  CHECK(model->seen.sequence == 3);
  CHECK(model->rows.size() == SmallSite::kItems);
  CHECK(model->items.live_count() == SmallSite::kItems - 1);
  CHECK(model->catalogue.tag_names.size() == 5);
  CHECK(model->content.size() == SmallSite::kItems);
  for (uint32_t i = 0; i < SmallSite::kItems; ++i)
    CHECK(model->rows.vector(i).transpose() == site.snapshot.row(static_cast<Eigen::Index>(i)));
}

TEST_CASE("a snapshot or catalogue with one flipped byte is refused before it is parsed") {
  const SmallSite site;
  const auto good = site.publish(1);
  Random random(1);
  for (int trial = 0; trial < 200; ++trial) {
    auto bad = good;
    Bytes& file = trial % 2 == 0 ? bad.snapshot : bad.catalogue;
    file[static_cast<size_t>(random.below(file.size()))] ^=
        static_cast<uint8_t>(1 + random.below(255));
    CHECK(opened(site, bad) == ErrorCode::kAuthentication);
  }
  for (const bool of_snapshot : {true, false}) {
    auto shorter = good, longer = good;
    (of_snapshot ? shorter.snapshot : shorter.catalogue).pop_back();
    (of_snapshot ? longer.snapshot : longer.catalogue).push_back(0);
    CHECK(opened(site, shorter) == ErrorCode::kAuthentication);
    CHECK(opened(site, longer) == ErrorCode::kAuthentication);
  }
}

TEST_CASE("hashes that the caller has computed stand for those of the files") {
  const SmallSite site;
  const auto published = site.publish(1);
  const auto opened_with = [&](const Digest& snapshot, const Digest& catalogue) {
    ModelFiles files = published.files();
    files.snapshot_hash = snapshot;
    files.catalogue_hash = catalogue;
    return code_of(open_device_model(files, site.pinned, std::nullopt, SmallSite::kBudget, kNow));
  };
  const Digest snapshot = sha256(published.snapshot), catalogue = sha256(published.catalogue);
  CHECK(opened_with(snapshot, catalogue) == ErrorCode::kOk);
  CHECK(opened_with(catalogue, snapshot) == ErrorCode::kAuthentication);
  CHECK(opened_with(snapshot, {}) == ErrorCode::kAuthentication);
  // The size is still that of the bytes.
  ModelFiles longer = published.files();
  const Bytes more(published.snapshot.size() + 1, 0);
  longer.snapshot = more;
  longer.snapshot_hash = snapshot;
  CHECK(code_of(open_device_model(longer, site.pinned, std::nullopt, SmallSite::kBudget, kNow)) ==
        ErrorCode::kAuthentication);
}

TEST_CASE("an older sequence is refused, and another publication of the same one") {
  const SmallSite site;
  const auto seen = site.model(5)->seen;
  CHECK(opened(site, site.publish(5), seen) == ErrorCode::kOk);
  CHECK(opened(site, site.publish(6), seen) == ErrorCode::kOk);
  CHECK(opened(site, site.publish(4), seen) == ErrorCode::kReplay);
  SmallSite other;
  other.snapshot.reg.lambda *= 2;
  CHECK(opened(site, other.publish(5), seen) == ErrorCode::kDisagreement);
}

TEST_CASE("what was taken is taken again when it has expired, and nothing else is") {
  const SmallSite site;
  const int64_t later = kEnd + 1000 * kMinute;
  CHECK(opened(site, site.publish(2), std::nullopt, later) == ErrorCode::kExpired);
  CHECK(opened(site, site.publish(2), site.model(1)->seen, later) == ErrorCode::kExpired);
  CHECK(opened(site, site.publish(2), site.model(2)->seen, later) == ErrorCode::kOk);
}

TEST_CASE("files that do not belong together are refused") {
  SmallSite site;
  auto publication = site.publish(1);
  publication.catalogue.clear();
  CHECK(opened(site, publication) == ErrorCode::kAuthentication);

  site.catalogue.item_index_version += 1;
  CHECK(opened(site, site.publish(1)) == ErrorCode::kDisagreement);

  SmallSite with_floats;
  Matrix values(SmallSite::kItems, 8);
  for (Eigen::Index i = 0; i < values.rows(); ++i) values.row(i) = with_floats.snapshot.row(i);
  with_floats.snapshot.rows = values;
  CHECK(opened(with_floats, with_floats.publish(1)) == ErrorCode::kUnsupported);

  SmallSite broken;
  broken.snapshot.gram = SquareMatrix(2 * *broken.snapshot.gram);
  CHECK(opened(broken, broken.publish(1)) == ErrorCode::kNumerical);
  CHECK(opened(site, SmallSite().publish(1), std::nullopt, kNow, 1000) == ErrorCode::kOutOfMemory);
}
