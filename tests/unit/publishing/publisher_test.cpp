#include "publishing/publisher.hpp"

#include "device/device_model.hpp"
#include "publishing/site.hpp"

namespace sotto {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;
constexpr int64_t kDay = 86'400'000;
constexpr Digest kHead{7};

Identity identity(uint64_t seed = 1) {
  TestEntropy entropy(seed);
  return Identity::generate(entropy);
}

Publisher::Options options() {
  Publisher::Options out;
  out.site = "shop.example";
  out.label = SiteLabel::kDemo;
  return out;
}

struct Parts {
  Snapshot snapshot;
  Catalogue catalogue;
};
Parts parts(uint64_t seed = 1) {
  static const TrainingSite kSite = training_site(60);
  CourseOptions course = course_options();
  course.seed = seed;
  return {Course::create(course, kSite.content)->snapshot().value(), kSite.content.catalogue};
}

// A publisher and its store, as a server uses them.
struct Site {
  MemoryStore store;
  Identity publisher = identity();
  Publisher versions;

  explicit Site(const Publisher::Options& with = options())
      : versions(Publisher::open(with, store).value()) {}

  uint64_t commit(PublishedVersion version, const std::vector<StoreChange>& changes) {
    REQUIRE(store.commit(changes).ok());
    const uint64_t sequence = version.publication.sequence;
    versions.installed(std::move(version));
    return sequence;
  }
  Result<PublishedVersion> prepare(const Parts& made, Publication lineage, int64_t now_ms,
                                   std::vector<StoreChange>& changes) const {
    SOTTO_TRY(VersionFiles files, versions.make_files(made.snapshot, made.catalogue));
    return versions.prepare(publisher, std::move(files), std::move(lineage), kHead, now_ms,
                            changes);
  }
  uint64_t publish(const Parts& made, Publication lineage = {.why = "release"},
                   int64_t now_ms = kNow) {
    std::vector<StoreChange> changes;
    auto version = prepare(made, std::move(lineage), now_ms, changes);
    REQUIRE(version.ok());
    return commit(std::move(version).value(), changes);
  }
  Bytes file(const PublishedFile& named) const {
    if (named.size == 0) return {};
    const auto bytes = store.get("file", file_key(named.hash)).value();
    REQUIRE(bytes.has_value());
    return *bytes;
  }
  Result<std::shared_ptr<const DeviceModel>> open_on_device(const std::optional<SeenManifest>& seen,
                                                            int64_t now_ms = kNow) const {
    const PublishedVersion& live = *versions.latest();
    const Bytes model = file(live.manifest.model), catalogue = file(live.manifest.catalogue);
    return open_device_model({live.publication.manifest, model, catalogue},
                             {"shop.example", publisher.key(), {}, {}}, seen, uint64_t{1} << 28,
                             now_ms);
  }
};

Publication lineage_example() {
  Publication lineage;
  lineage.why = "release";
  lineage.releases = 3;
  lineage.rho = 0.25;
  lineage.reports = 1234;
  lineage.metrics = PrequentialRelease{10, 0.1, 0.2, 0.3};
  lineage.drift = 0.5;
  lineage.movers = {{"a", 2.0}, {"b", 1.0}};
  return lineage;
}

TEST_CASE("a device opens what was published, and refuses to go back") {
  Site site;
  CHECK(site.versions.latest() == nullptr);
  CHECK(site.publish(parts(1)) == 1);
  const auto first = site.open_on_device(std::nullopt);
  REQUIRE(first.ok());
  CHECK((*first)->manifest.label == SiteLabel::kDemo);
  CHECK((*first)->manifest.audit_head == kHead);
  CHECK((*first)->items.size() == parts().snapshot.items.size());
  CHECK((*first)->catalogue.tag_names == parts().catalogue.tag_names);
  CHECK(site.publish(parts(2)) == 2);
  const auto second = site.open_on_device((*first)->seen);
  REQUIRE(second.ok());
  CHECK((*second)->manifest.sequence == 2);
  const Manifest& live = site.versions.latest()->manifest;
  CHECK(live.expires_ms == kNow + options().manifest_life_ms);
  const Snapshot float32 = load_snapshot(site.file(live.model_float32), 1 << 28).value();
  CHECK(float32.row(3) == parts(2).snapshot.row(3));
  CHECK(site.open_on_device(std::nullopt, live.expires_ms).error().code == ErrorCode::kExpired);
}

TEST_CASE("preparing changes nothing until it is committed and installed") {
  Site site;
  std::vector<StoreChange> changes;
  REQUIRE(site.prepare(parts(), {.why = "bootstrap"}, kNow, changes).ok());
  const auto of = [&](const char* space) {
    return std::count_if(changes.begin(), changes.end(),
                         [&](const StoreChange& change) { return change.space == space; });
  };
  CHECK(of("file") == 3);  // two models, a catalogue
  CHECK(of("publication") == 1);
  CHECK(of("file") + of("form") + of("publication") == static_cast<ptrdiff_t>(changes.size()));
  CHECK(site.versions.latest() == nullptr);
  CHECK(Publisher::open(options(), site.store)->latest() == nullptr);
}

TEST_CASE("forms are stored where they pay, once, and go with their file") {
  Publisher::Options few = options();
  few.keep_files = 1;
  Site site(few);
  site.publish(parts(1));
  const Manifest first = site.versions.latest()->manifest;
  const auto has = [&](const PublishedFile& file, const char* coding) {
    return site.store.get("form", form_key(file.hash, coding))->has_value();
  };
  for (const char* coding : kCodings) {
    CHECK(has(first.model_float32, coding));
    CHECK_FALSE(has(first.model, coding));
  }
  // What is published already is not compressed again.
  CHECK(
      site.versions.make_files(parts(1).snapshot, parts(1).catalogue)->model_float32.forms.empty());
  site.publish(parts(2));
  const Manifest second = site.versions.latest()->manifest;
  CHECK(second.catalogue == first.catalogue);
  for (const char* coding : kCodings) {
    CHECK_FALSE(has(first.model_float32, coding));
    CHECK(has(second.model_float32, coding));
  }
}

TEST_CASE("what was published is read again, with its lineage") {
  Site site;
  site.publish(parts(1), {.why = "bootstrap"});
  site.publish(parts(2), lineage_example());
  const auto again = Publisher::open(options(), site.store);
  REQUIRE(again.ok());
  REQUIRE(again->versions().size() == 2);
  const PublishedVersion& version = *again->latest();
  CHECK(version.manifest == site.versions.latest()->manifest);
  const Publication& read = version.publication;
  CHECK(read.sequence == 2);
  CHECK(read.parent == 1);
  CHECK(read.source == 0);
  CHECK(read.releases == 3);
  CHECK(read.why == "release");
  CHECK(read.rho == 0.25);
  CHECK(read.reports == 1234);
  REQUIRE(read.metrics.has_value());
  CHECK(read.metrics->reciprocal == 0.3);
  CHECK(read.drift == 0.5);
  CHECK(read.movers == lineage_example().movers);
}

TEST_CASE("publication records that are cut, extended or changed in form are refused") {
  Site site;
  site.publish(parts(1), lineage_example());
  const Bytes bytes = encode_publication(site.versions.latest()->publication);
  CHECK(encode_publication(decode_publication(bytes).value()) == bytes);
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(decode_publication(std::span(bytes).first(length)).error().code == ErrorCode::kMalformed);
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(decode_publication(longer).error().code == ErrorCode::kMalformed);
  Bytes newer = bytes;
  ++newer[std::string_view("sotto publication").size()];
  CHECK(decode_publication(newer).error().code == ErrorCode::kUnsupported);
}

TEST_CASE("a store whose records do not fit is refused") {
  Site site;
  site.publish(parts(1));
  const Bytes record = *site.store.get("publication", sequence_key(1)).value();
  const auto opens = [&] { return Publisher::open(options(), site.store); };
  REQUIRE(opens().ok());

  Publisher::Options other = options();
  other.site = "elsewhere.example";
  CHECK(Publisher::open(other, site.store).error().code == ErrorCode::kMalformed);
  const StoreChange wrong_key{"publication", {sequence_key(2), record}};
  REQUIRE(site.store.commit({&wrong_key, 1}).ok());
  CHECK(opens().error().code == ErrorCode::kMalformed);
  const StoreChange undo{"publication", {sequence_key(2), std::nullopt}};
  const StoreChange no_file{"file",
                            {file_key(site.versions.latest()->manifest.model.hash), std::nullopt}};
  REQUIRE(site.store.commit({&undo, 1}).ok());
  REQUIRE(opens().ok());
  REQUIRE(site.store.commit({&no_file, 1}).ok());
  CHECK(opens().error().code == ErrorCode::kMalformed);
}

TEST_CASE("a rollback is the old files under the next sequence") {
  Site site;
  site.publish(parts(1));
  site.publish(parts(2), lineage_example());
  std::vector<StoreChange> changes;
  Publication paid;
  paid.rho = 0.5;
  paid.metrics = PrequentialRelease{10, 0.1, 0.2, 0.3};
  auto back = site.versions.prepare_rollback(site.publisher, 1, paid, kHead, kNow + 5, changes);
  REQUIRE(back.ok());
  CHECK(changes.size() == 1);  // no file
  CHECK(site.commit(std::move(back).value(), changes) == 3);
  const PublishedVersion& live = *site.versions.latest();
  CHECK(live.publication.why == "rollback");
  CHECK(live.publication.source == 1);
  CHECK(live.publication.parent == 2);
  CHECK(live.publication.releases == 0);
  CHECK(live.publication.rho == 0.5);
  REQUIRE(live.publication.metrics.has_value());
  CHECK(live.publication.metrics->ndcg_100 == paid.metrics->ndcg_100);
  CHECK(live.manifest.model == site.versions.versions().at(1).manifest.model);
  CHECK(site.open_on_device(std::nullopt, kNow + 5).ok());
  CHECK(site.versions.prepare_rollback(site.publisher, 9, {}, kHead, kNow, changes).error().code ==
        ErrorCode::kNotFound);
}

TEST_CASE("a manifest is renewed when half of its life is over, with the same files") {
  Site site;
  std::vector<StoreChange> changes;
  const auto renewal = [&](int64_t now_ms) {
    changes.clear();
    return site.versions.prepare_renewal(site.publisher, kHead, now_ms, changes).value();
  };
  CHECK_FALSE(renewal(kNow).has_value());
  site.publish(parts(1));
  CHECK_FALSE(renewal(kNow + 15 * kDay - 1).has_value());
  auto due = renewal(kNow + 15 * kDay);
  REQUIRE(due.has_value());
  CHECK(due->publication.why == "renewal");
  CHECK(site.commit(std::move(*due), changes) == 2);
  CHECK(site.versions.latest()->manifest.model == site.versions.versions().at(1).manifest.model);
  CHECK(site.open_on_device(std::nullopt, kNow + 40 * kDay).ok());
}

TEST_CASE("files of old models go when no kept version names them; the lineage stays") {
  Publisher::Options few = options();
  few.keep_files = 2;
  few.float32 = false;
  Site site(few);
  for (uint64_t seed = 1; seed <= 4; ++seed) site.publish(parts(seed));
  CHECK(site.store.keys("file", "")->size() == 3);  // two models, the catalogue that all share
  CHECK(site.store.keys("publication", "")->size() == 4);
  std::vector<StoreChange> changes;
  CHECK(site.versions.prepare_rollback(site.publisher, 2, {}, kHead, kNow, changes).error().code ==
        ErrorCode::kNotFound);
  auto back = site.versions.prepare_rollback(site.publisher, 3, {}, kHead, kNow, changes);
  REQUIRE(back.ok());
  site.commit(std::move(back).value(), changes);
  CHECK(site.store.keys("file", "")->size() == 3);  // no new model came
  CHECK(site.open_on_device(std::nullopt).ok());
  site.publish(parts(5));
  CHECK(site.store.keys("file", "")->size() == 3);
  const auto reopened = Publisher::open(few, site.store);
  REQUIRE(reopened.ok());
  CHECK(reopened->versions().size() == 6);
}

TEST_CASE("parts that do not belong together, or do not work, are not published") {
  Site site;
  std::vector<StoreChange> changes;
  const auto refused = [&](const Parts& made, Publication lineage = {.why = "release"}) {
    const auto version = site.prepare(made, std::move(lineage), kNow, changes);
    CHECK(changes.empty());
    REQUIRE_FALSE(version.ok());
    return version.error().code;
  };
  Parts float_rows = parts();
  float_rows.snapshot.rows = dequantize(std::get<QuantizedMatrix>(float_rows.snapshot.rows));
  CHECK(refused(float_rows) == ErrorCode::kInvalidArgument);
  Parts other_items = parts();
  ++other_items.catalogue.item_index_version;
  CHECK(refused(other_items) == ErrorCode::kInvalidArgument);
  Parts zeros = parts();
  auto& rows = std::get<QuantizedMatrix>(zeros.snapshot.rows);
  rows.codes.setZero();
  std::fill(rows.scales.begin(), rows.scales.end(), 0.0F);
  zeros.snapshot.gram.reset();
  CHECK(refused(zeros) == ErrorCode::kNumerical);
  CHECK(refused(parts(), {.why = ""}) == ErrorCode::kMalformed);
}

}  // namespace
}  // namespace sotto
