#include "server/site_publisher.hpp"

#include "publishing/site.hpp"
#include "server/server_parts.hpp"

namespace sotto {
namespace {

struct Fixture : ServerParts {
  std::vector<uint64_t> announced;
  std::unique_ptr<SitePublisher> site = open();

  std::unique_ptr<SitePublisher> open() {
    return SitePublisher::open(context,
                               [this](const PublishedSite& published) {
                                 announced.push_back(published.manifest.sequence);
                               })
        .value();
  }
  Status publish(uint64_t seed) {
    static const TrainingSite kSite = training_site(60);
    CourseOptions options = course_options();
    options.seed = seed;
    const Course course = Course::create(options, kSite.content).value();
    auto files = site->make_files(course.snapshot().value(), kSite.content.catalogue);
    REQUIRE(files.ok());
    return site->install(
        [&](const Publisher& publisher_,
            std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
          SOTTO_TRY(auto version,
                    publisher_.prepare(publisher, std::move(*files), {.why = "release"},
                                       audit.head(), kNow, changes));
          return std::optional(std::move(version));
        },
        "server", "publish");
  }
  Status roll_back(uint64_t sequence) {
    return site->install(
        [&](const Publisher& publisher_,
            std::vector<StoreChange>& changes) -> Result<std::optional<PublishedVersion>> {
          SOTTO_TRY(auto version, publisher_.prepare_rollback(publisher, sequence, {}, audit.head(),
                                                              kNow, changes));
          return std::optional(std::move(version));
        },
        "operator", "roll back");
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a version is shown and announced once it is durable, or not at all") {
  CHECK(site->published() == nullptr);
  store.answer = [] { return Status(ErrorCode::kIo, "store: the disk is full"); };
  CHECK(publish(1).error().code == ErrorCode::kIo);
  CHECK(site->published() == nullptr);
  CHECK(announced.empty());
  store.answer = {};
  REQUIRE(publish(1).ok());
  CHECK(announced == std::vector<uint64_t>{1});
  CHECK(site->published()->manifest.sequence == 1);
  CHECK(open()->published()->manifest.sequence == 1);
  CHECK(AuditLog::read(store, 0, 10)->back().action == "publish");
}

TEST_CASE_FIXTURE(Fixture, "a rollback is known within its commit, and not when that fails") {
  REQUIRE(publish(1).ok());
  REQUIRE(publish(2).ok());
  CHECK(site->rolled_back() == 0);
  uint64_t within = 0;
  store.answer = [&] {
    within = site->rolled_back();
    return Status(ErrorCode::kIo, "store: the disk is full");
  };
  CHECK(roll_back(1).error().code == ErrorCode::kIo);
  CHECK(within == 3);
  CHECK(site->rolled_back() == 0);
  CHECK(site->published()->manifest.sequence == 2);
  store.answer = {};
  CHECK(roll_back(9).error().code == ErrorCode::kNotFound);
  CHECK(site->rolled_back() == 0);
  REQUIRE(roll_back(1).ok());
  CHECK(site->rolled_back() == 3);
  REQUIRE(publish(2).ok());
  CHECK(site->rolled_back() == 3);
  CHECK(open()->rolled_back() == 3);
}

TEST_CASE_FIXTURE(Fixture, "files have their forms while they are live, and are in memory once") {
  REQUIRE(publish(1).ok());
  const Manifest first = site->published()->manifest;
  CHECK(site->file(first.model.hash).forms.empty());
  const PublishedContent float32 = site->file(first.model_float32.hash);
  REQUIRE(float32.forms.size() == 2);
  for (const HttpVariant& form : float32.forms)
    CHECK(form.bytes->size() * 10 <= float32.bytes->size() * 9);
  REQUIRE(publish(2).ok());
  const PublishedContent old = site->file(first.model.hash);
  REQUIRE(old.bytes != nullptr);
  CHECK(sha256(*old.bytes) == first.model.hash);
  CHECK(site->file(first.model.hash).bytes == old.bytes);
  CHECK(site->file(Digest{1}).bytes == nullptr);
}

}  // namespace sotto
