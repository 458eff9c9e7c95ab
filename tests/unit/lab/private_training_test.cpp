#include "lab/private_training.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "lab/small_world.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {
namespace {

PrivateOptions small_options() {
  PrivateOptions options;
  options.z = 0.7;
  PrivateRecipe recipe;
  recipe.dim = 10;
  options.recipe = recipe;
  return options;
}

struct Run {
  std::vector<PrivateRelease> releases;
  std::vector<Matrix> models;  // after each release
};

Run run(const Histories& devices, const Matrix& content, const PrivateOptions& options,
        unsigned threads = 2) {
  ThreadPool pool(threads);
  auto training = PrivateTraining::create(devices, content, options, pool);
  REQUIRE(training.ok());
  Run out;
  while (!training->finished()) {
    auto release = training->run_next();
    REQUIRE(release.ok());
    out.releases.push_back(std::move(release).value());
    out.models.push_back(training->published());
  }
  return out;
}

Histories without_user(const Histories& devices, size_t user) {
  Histories out;
  for (size_t u = 0; u < devices.size(); ++u)
    out.add(u == user ? std::span<const uint32_t>{} : devices[u]);
  return out;
}

TEST_CASE("the model is a function of the released coordinates and public inputs alone") {
  const SmallWorld world = small_world();
  const Run original = run(world.split.train, world.content, small_options());
  // A training that never sees a device: only the releases are fed to it.
  Histories nobody;
  for (size_t u = 0; u < world.split.train.size(); ++u) nobody.add({});
  ThreadPool pool(1);
  auto replayed = PrivateTraining::create(nobody, world.content, small_options(), pool);
  REQUIRE(replayed.ok());
  for (size_t r = 0; r < original.releases.size(); ++r) {
    REQUIRE(replayed->replay(original.releases[r]).ok());
    CHECK((replayed->published() - original.models[r]).cwiseAbs().maxCoeff() == 0);
  }
}

TEST_CASE(
    "worlds that differ in one user, with identical noise: the releases differ by that "
    "user's grid vector, of norm at most the sensitivity, and by nothing else") {
  const SmallWorld world = small_world();
  const PrivateOptions options = small_options();
  ThreadPool pool(2);
  // The next release of a population, after a past that both worlds share.
  const auto release_after = [&](const Histories& devices,
                                 const std::vector<PrivateRelease>& past) {
    auto training = PrivateTraining::create(devices, world.content, options, pool);
    REQUIRE(training.ok());
    for (const auto& release : past) REQUIRE(training->replay(release).ok());
    auto next = training->run_next();
    REQUIRE(next.ok());
    return std::move(next).value();
  };
  for (const size_t user : {0UL, 17UL, 200UL}) {
    const Histories neighbour = without_user(world.split.train, user);
    std::vector<PrivateRelease> past;
    for (int r = 0; r < 3; ++r) {
      const PrivateRelease with = release_after(world.split.train, past);
      const PrivateRelease without = release_after(neighbour, past);
      REQUIRE(with.sum.size() == without.sum.size());
      double squares = 0;
      for (size_t j = 0; j < with.sum.size(); ++j)
        squares += std::pow(static_cast<double>(with.sum[j] - without.sum[j]), 2);
      CHECK(std::sqrt(squares) <= options.grid_bound);
      CHECK(squares > 0);
      past.push_back(with);
    }
  }
}

TEST_CASE(
    "a release that gives no model leaves the one before, if asked, and is replayed as such") {
  const SmallWorld world = small_world();
  ThreadPool pool(1);
  PrivateOptions options = small_options();
  options.recipe->rounds = 3;
  options.sum = [](const SumJob& job, Executor& executor,
                   const SumProgress& progress) -> Result<DeviceSum> {
    if (job.stream == 1) return Error{ErrorCode::kTooFewReports, "too few"};
    return sum_in_clear(job, executor, progress);
  };
  auto strict = PrivateTraining::create(world.split.train, world.content, options, pool);
  REQUIRE(strict->run_next().ok());
  CHECK(strict->run_next().error().code == ErrorCode::kTooFewReports);

  options.keep_model = true;
  const Run kept = run(world.split.train, world.content, options);
  REQUIRE(kept.models.size() == 4);
  CHECK(kept.releases[1].kept_because == "too few");
  CHECK((kept.models[1].array() == kept.models[0].array()).all());
  CHECK(kept.releases[2].kept_because.empty());
  CHECK_FALSE((kept.models[2].array() == kept.models[1].array()).all());
  auto replayed = PrivateTraining::create(world.split.train, world.content, options, pool);
  for (const PrivateRelease& release : kept.releases) REQUIRE(replayed->replay(release).ok());
  CHECK((replayed->published().array() == kept.models.back().array()).all());
}

TEST_CASE("the accountant's price is that of one server's noise, for every way of adding it") {
  const SmallWorld world = small_world();
  PrivateOptions options = small_options();
  for (const NoiseBy by : {NoiseBy::kLeader, NoiseBy::kServers}) {
    options.by = by;
    ThreadPool pool(2);
    auto training = PrivateTraining::create(world.split.train, world.content, options, pool);
    REQUIRE(training.ok());
    while (!training->finished()) REQUIRE(training->run_next().ok());
    // sigma is rounded up to whole grid units: never dearer than planned, and hardly cheaper.
    const double planned = zcdp_rho(options.z);
    CHECK(training->spent().rho() <= planned);
    CHECK(training->spent().rho() > planned * 0.999);
  }
}

TEST_CASE("same seed, same releases, whatever the number of threads") {
  const SmallWorld world = small_world();
  const Run one = run(world.split.train, world.content, small_options(), 1);
  const Run three = run(world.split.train, world.content, small_options(), 3);
  for (size_t r = 0; r < one.releases.size(); ++r)
    CHECK(one.releases[r].sum == three.releases[r].sum);
}

}  // namespace
}  // namespace sotto
