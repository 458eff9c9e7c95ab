// A fixed script of the core, from a site's files (tests/fixture) to what a device makes of them.
// Prints what came out, one result a line: agree.mjs compares that with results.txt. Integers,
// cryptography and re-scored lists are digests, floats stand there as they are.
//   agreement DIR
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "base/random.hpp"
#include "crypto/hash.hpp"
#include "device/device.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/device_role.hpp"
#include "vdaf/sum.hpp"

using namespace sotto;

namespace {

constexpr int64_t kNow = 1'700'000'640'000;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "agreement: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T take(Result<T> result) {
  if (!result.ok()) fail(result.error().message);
  return std::move(result).value();
}

void check(const Status& status) {
  if (!status.ok()) fail(status.error().message);
}

void print_digest(const std::string& name, std::span<const uint8_t> bytes) {
  std::printf("digest %s ", name.c_str());
  for (const uint8_t byte : sha256(bytes)) std::printf("%02x", byte);
  std::printf("\n");
}

template <class T>
void print_digest_of(const std::string& name, std::span<const T> values) {
  print_digest(name, {reinterpret_cast<const uint8_t*>(values.data()), values.size_bytes()});
}

template <class Values>
void print_floats(const char* name, const Values& values) {
  std::printf("floats %s", name);
  for (const auto value : values) std::printf(" %.9g", static_cast<double>(value));
  std::printf("\n");
}

// Exact in float on every platform.
std::vector<float> random_floats(size_t n, uint64_t seed) {
  Random random(seed);
  std::vector<float> values(n);
  for (float& value : values)
    value = (static_cast<float>(random.below(1U << 24)) - static_cast<float>(1U << 23)) * 0x1p-22F;
  return values;
}

struct Files {
  explicit Files(std::string folder) : folder_(std::move(folder)) {}

  Bytes read(const std::string& name) const {
    std::ifstream file(folder_ + '/' + name + ".bin", std::ios::binary);
    if (!file) fail("cannot read " + name);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  PinnedSite pinned() const {
    const Bytes keys = read("identities");
    PinnedSite pinned{"shop.example", {}, {}, {}};
    IdentityKey* const into[] = {&pinned.publisher, &pinned.leader, &pinned.helper};
    for (size_t i = 0; i < 3; ++i)
      std::copy_n(keys.begin() + static_cast<std::ptrdiff_t>(32 * i), 32, into[i]->begin());
    return pinned;
  }

 private:
  std::string folder_;
};

void run_integers() {
  const std::vector<float> real = random_floats(50'000, 1);
  std::vector<int32_t> grid(real.size());
  check(encode_on_grid(real, {.bound = 1 << 15, .clip = 37.5}, grid));
  print_digest_of("grid", std::span<const int32_t>(grid));

  TestEntropy noise_source(2);
  EntropyWords words(noise_source);
  std::vector<int64_t> noise(50'000);
  take(DiscreteGaussian::create(40'000)).add_to(noise, words);
  print_digest_of("discrete_gaussian", std::span<const int64_t>(noise));

  TestEntropy shard_source(3);
  const Sum sum = take(Sum::create(grid.size()));
  const Shards shards = take(sum.shard(grid, {}, shard_source));
  for (const SecretBytes& share : shards.input_shares) print_digest("share", share.reveal());
}

void run_report(const Files& files) {
  TestEntropy entropy(4);
  for (const char* name : {"task", "task-device-noise"}) {
    const DeviceTask task =
        take(DeviceTask::open(files.read(name), files.pinned(), Floors::production(),
                              files.read("leader-key"), files.read("helper-key"), kNow));
    std::vector<int32_t> vector(task.task().dimension);
    for (size_t j = 0; j < vector.size(); ++j) vector[j] = static_cast<int32_t>(j * j % 201) - 100;
    print_digest(std::string("report/") + name, take(task.report(vector, kNow, entropy)));
  }
}

void run_scan(const DeviceModel& model) {
  ScanScratch scratch;
  RowFilter filter(model.rows.size());
  for (uint32_t row = 0; row < model.rows.size(); row += 3) filter.exclude(row);
  const auto list =
      take(top_k(model.rows, random_floats(model.rows.dim(), 5), 50, filter, scratch));
  std::vector<uint32_t> bits;
  for (const ScoredItem& item : list) {
    bits.push_back(item.item);
    bits.push_back(__builtin_bit_cast(uint32_t, item.score));
  }
  print_digest_of("scan", std::span<const uint32_t>(bits));
}

void run_device(const Files& files) {
  DeviceOptions options;
  options.pinned = files.pinned();
  TestEntropy entropy(6);
  Device device = std::move(take(Device::open(options, {}, kNow, entropy)).device);
  const Bytes manifest = files.read("manifest"), snapshot = files.read("snapshot"),
              catalogue = files.read("catalogue");
  const auto model = take(open_device_model({manifest, snapshot, catalogue}, options.pinned,
                                            device.seen(), uint64_t{1} << 26, kNow));
  take(device.use_model(model));
  run_scan(*model);

  Random random(7);
  int64_t now = kNow;
  for (int e = 0; e < 300; ++e) {
    now += 2000 + static_cast<int64_t>(random.below(4000));
    const auto type = kEventTypes[static_cast<size_t>(random.below(kEventTypes.size() - 1))];
    const std::string item = "item-" + std::to_string(random.below(40) * 10 + random.below(2));
    Event event{.type = type, .item = item, .timestamp_ms = now};
    if (type == EventType::kDwell) event.value = static_cast<double>(random.below(60'000));
    take(device.track(event, now));
  }
  std::vector<uint8_t> log;
  for (const KeyedRecord& record : device.log().records())
    log.insert(log.end(), record.bytes->begin(), record.bytes->end());
  print_digest("log", log);

  const Profile* const profile = take(device.profile(now));
  print_digest_of("history", std::span<const uint32_t>(profile->history));
  print_floats("fold_in", profile->user);
  const auto print_list = [&](const char* name, const std::vector<Recommendation>& list) {
    std::vector<uint32_t> items;
    std::vector<float> scores;
    for (const Recommendation& item : list) {
      items.push_back(item.item);
      scores.push_back(item.score);
    }
    print_digest_of(std::string(name) + "/items", std::span<const uint32_t>(items));
    print_floats(name, scores);
  };
  const auto plain = take(device.recommend({.count = 30}, now));
  print_list("recommend", plain);
  print_list("diverse", take(device.recommend({.count = 30, .diversity = 0.4F}, now)));
  print_list("similar", take(device.similar("item-7", {.count = 30}, now)));
  const Explanation why = take(device.explain("item-" + std::to_string(plain[0].item), 5, now));
  print_floats("explain/terms", why.terms);
  std::vector<float> drops;
  for (const Reason& reason : why.reasons) drops.push_back(reason.drop);
  print_floats("explain/drops", drops);
  std::vector<double> shares;
  for (const Interest& interest : take(device.interests(now))) shares.push_back(interest.share);
  print_floats("interests", shares);

  const Task task = take(VerifiedTask::open(files.read("task"), options.pinned)).task();
  const TaskLayout layout = take(decode_layout(task.layout, task.layout_parameters, 1U << 20));
  const std::vector<float> metrics = device.prequential().coordinates(0);
  print_floats("prequential", metrics);
  Random own(8);
  Contribution contribution;
  check(contribute(layout,
                   {profile->history, model->rows.gather(profile->history), &model->gram,
                    model->rows.size(), metrics},
                   own, contribution));
  print_digest_of("contribution/indices", std::span<const uint32_t>(contribution.indices));
  print_floats("contribution", contribution.values);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: agreement DIR");
  const Files files(argv[1]);
  for (const char* name : {"manifest", "snapshot", "catalogue", "task", "leader-key"})
    print_digest(std::string("file/") + name, files.read(name));
  run_integers();
  run_report(files);
  run_device(files);
  return 0;
}
