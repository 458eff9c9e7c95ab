// What a device makes of stored records that somebody has damaged: it opens with what is left, and
// a ledger that is not the very one that was stored never pays for anything again.
//
// An input is a list of records: u8 key length, key, u16 size, bytes.
#include <algorithm>
#include <map>

#include "base/entropy.hpp"
#include "device/device.hpp"
#include "model/snapshot.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr int64_t kMinute = 60'000;
constexpr int64_t kStart = 1'700'000'040'000;  // a whole minute
constexpr int64_t kEnd = kStart + 60 * kMinute;
constexpr uint32_t kItems = 6;
constexpr const char* kInstallationKey = "device/installation";

using Records = std::map<std::string, Bytes>;

void commit(Records& records, const std::vector<KeyedRecord>& changes) {
  for (const KeyedRecord& change : changes) {
    if (change.bytes.has_value())
      records[change.key] = *change.bytes;
    else
      records.erase(change.key);
  }
}

std::vector<KeyedRecord> list_of(const Records& records) {
  std::vector<KeyedRecord> list;
  for (const auto& [key, bytes] : records) list.push_back({key, bytes});
  return list;
}

Bytes encode(const Records& records) {
  ByteWriter out;
  for (const auto& [key, bytes] : records) {
    must(key.size() < 256 && bytes.size() < 65536, "small records");
    out.put<uint8_t>(static_cast<uint8_t>(key.size()));
    out.put_bytes({reinterpret_cast<const uint8_t*>(key.data()), key.size()});
    out.put<uint16_t>(static_cast<uint16_t>(bytes.size()));
    out.put_bytes(bytes);
  }
  return std::move(out).bytes();
}

// Every input is a list: what ends too early is shorter.
Records decode(std::span<const uint8_t> input) {
  ByteReader in(input);
  Records records;
  while (in.remaining() > 0) {
    const size_t n_key = in.get<uint8_t>("key").value();
    const auto key = in.get_bytes(std::min(n_key, in.remaining()), "key").value();
    const auto stored = in.get<uint16_t>("size");
    const size_t n = std::min<size_t>(stored.ok() ? *stored : 0, in.remaining());
    const auto bytes = in.get_bytes(n, "bytes").value();
    records[std::string(key.begin(), key.end())] = Bytes(bytes.begin(), bytes.end());
  }
  return records;
}

// A site with one small model, and a task for it.
struct Site {
  TestEntropy entropy{1};
  Identity publisher = Identity::generate(entropy);
  Identity leader = Identity::generate(entropy);
  Identity helper = Identity::generate(entropy);
  SignedKey leader_key = key_of(leader, KeyRole::kLeader);
  SignedKey helper_key = key_of(helper, KeyRole::kHelper);
  SignedKey collector_key = key_of(publisher, KeyRole::kCollector);
  PinnedSite pinned{"shop.example", publisher.key(), leader.key(), helper.key()};
  std::shared_ptr<const DeviceModel> model = make_model();

  SignedKey key_of(const Identity& identity, KeyRole role) {
    const HpkeKeyPair pair = HpkeKeyPair::generate(entropy);
    return sign_key(identity, role, pair.public_key(), kStart - kMinute, kEnd).value();
  }
  std::shared_ptr<const DeviceModel> make_model() const {
    Snapshot snapshot;
    Matrix values(kItems, 2);
    for (Eigen::Index j = 0; j < values.size(); ++j)
      values.data()[j] = 1 - .3F * static_cast<float>(j);
    snapshot.rows = quantize_rows(values);
    for (uint32_t i = 0; i < kItems; ++i)
      must(snapshot.items.add("item" + std::to_string(i)).ok(), "items");
    const Bytes file = write_snapshot(snapshot).value();
    Manifest manifest;
    manifest.site = pinned.site;
    manifest.sequence = 1;
    manifest.created_ms = kStart;
    manifest.expires_ms = kEnd;
    manifest.label = SiteLabel::kDemo;
    manifest.model = published_file(file);
    const Bytes signed_manifest = sign_manifest(publisher, manifest).value();
    return open_device_model({signed_manifest, file, {}}, pinned, std::nullopt, 1 << 20, kStart)
        .value();
  }
  DeviceOptions options() const {
    DeviceOptions options;
    options.pinned = pinned;
    options.floors = Floors::none();
    options.limits = {5, 20, LedgerLimits::kNinetyDays};
    return options;
  }
  Bytes task_file(TaskKind kind) const {
    const TaskLayout layout = CountsTask{{kItems}, 4};
    Task task;
    task.site = pinned.site;
    task.kind = kind;
    task.model_hash = model->manifest.model.hash;
    task.model_sequence = 1;
    task.layout = layout_name(layout);
    task.layout_parameters = encode_layout(layout);
    task.dimension = static_cast<uint32_t>(layout_dimension(layout));
    task.grid = {1000, layout_clip(layout)};
    task.sigma = 1000;
    task.min_batch = 3;
    task.max_batch = 20;
    task.window_start_ms = kStart;
    task.window_end_ms = kEnd;
    task.time_precision_ms = kMinute;
    task.leader_key = leader_key.id();
    task.helper_key = helper_key.id();
    task.collector_key = collector_key.id();
    return countersign_task(helper, pinned, Floors::none(), sign_task(publisher, task).value(),
                            kStart)
        .value();
  }
  Result<ContributeOutcome> contribute(Device& device, TaskKind kind, EntropySource& source) const {
    static const Bytes kLearning = task_file(TaskKind::kLearning),
                       kEvaluation = task_file(TaskKind::kEvaluation),
                       kLeader = encode_signed_key(leader_key),
                       kHelper = encode_signed_key(helper_key);
    return device.contribute(
        {kind == TaskKind::kLearning ? kLearning : kEvaluation, kLeader, kHelper}, kStart + kMinute,
        source);
  }
};

const Site& site() {
  static const Site kSite;
  return kSite;
}

// Every opening draws from entropy of its own, as on a machine: a key that is drawn twice is one
// that somebody knew.
Device::Opened open(const Records& records) {
  static uint64_t opened_before = 100;
  TestEntropy entropy(++opened_before);
  auto opened = Device::open(site().options(), list_of(records), kStart + kMinute, entropy);
  must(opened.ok(), "damage of records is no error");
  return std::move(*opened);
}

// One installation at several moments of its life.
const std::vector<Records>& lives() {
  static const std::vector<Records> kLives = [] {
    std::vector<Records> lives;
    Records stored;
    Device::Opened opened = open(stored);
    commit(stored, opened.changes);
    Device& device = opened.device;
    lives.push_back(stored);  // new
    commit(stored, device.use_model(site().model).value());
    TestEntropy entropy(8);
    for (uint32_t i = 0; i < 4; ++i) {
      const int64_t now = kStart + 2000 * (i + 1);
      commit(stored, device
                         .track({.type = EventType::kLike,
                                 .item = "item" + std::to_string(i),
                                 .timestamp_ms = now},
                                now)
                         .value()
                         .changes);
    }
    lives.push_back(stored);  // with a history
    const auto paid = site().contribute(device, TaskKind::kLearning, entropy);
    must(paid.ok() && paid->rho > 0, "the first contribution is paid for");
    commit(stored, paid->changes);
    lives.push_back(stored);  // with a report that waits
    commit(stored, device.acknowledge(paid->task));
    const auto second = site().contribute(device, TaskKind::kEvaluation, entropy);
    must(second.ok() && second->rho > 0, "the second one too");
    commit(stored, second->changes);
    lives.push_back(stored);  // with one that is sent
    must(list_of(stored).size() == device.save().size(), "what was committed is what is saved");
    commit(stored, device.forget());
    lives.push_back(stored);  // forgotten
    return lives;
  }();
  return kLives;
}

const Bytes* find(const Records& records, const char* key) {
  const auto found = records.find(key);
  return found == records.end() ? nullptr : &found->second;
}

bool owned(const std::string& key) {
  return key.starts_with("log/") || key.starts_with("outbox/") || key.starts_with("device/") ||
         key == Ledger::kKey;
}

// Whether these records may give a ledger that spends: a new installation's, or one that was stored
// under the installation's own key.
bool may_spend(const Records& records) {
  if (std::none_of(records.begin(), records.end(),
                   [](const auto& record) { return owned(record.first); }))
    return true;
  const Bytes* const ledger = find(records, Ledger::kKey);
  const Bytes* const installation = find(records, kInstallationKey);
  if (ledger == nullptr || installation == nullptr) return false;
  return std::any_of(lives().begin(), lives().end(), [&](const Records& life) {
    return *find(life, Ledger::kKey) == *ledger && *find(life, kInstallationKey) == *installation;
  });
}

void use(Device& device) {
  TestEntropy entropy(9);
  if (device.seen().has_value() && device.seen()->sequence > 1) {
    must(device.use_model(site().model).error().code == ErrorCode::kReplay, "no way back");
  } else {
    must(device.use_model(site().model).ok(), "the first model");
  }
  const int64_t now = kStart + 2 * kMinute;
  (void)device.track({.type = EventType::kView, .item = "item5", .timestamp_ms = now}, now);
  if (device.model() != nullptr) {
    (void)device.recommend({}, now);
    (void)device.interests(now);
    const bool damaged = device.ledger().state() == Ledger::State::kDamaged;
    const auto outcome = site().contribute(device, TaskKind::kLearning, entropy);
    must(!damaged || !outcome.ok(), "a damaged ledger pays for nothing");
  }
  for (const TaskId& task : device.outbox().due(now)) (void)device.acknowledge(task);
  (void)device.expire(now);
  (void)device.set_opted_out(true);
  (void)device.forget();
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  std::vector<Bytes> seeds;
  // The moments in between are parts of these.
  for (const size_t moment : {size_t{0}, size_t{3}, size_t{4}})
    seeds.push_back(encode(lives()[moment]));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Records records = decode({data, size});
  Device::Opened first = open(records);
  const Ledger::State state = first.device.ledger().state();
  must((state == Ledger::State::kDamaged) == first.damage.ledger, "damage is told");
  must(state == Ledger::State::kDamaged || may_spend(records), "fails closed");

  // Committed and opened again, it is what it was: above all, still closed.
  commit(records, first.changes);
  Device::Opened second = open(records);
  must(second.device.ledger().state() == state, "a ledger stays what it is");
  must(second.device.ledger().left(BudgetKind::kLearning) ==
           first.device.ledger().left(BudgetKind::kLearning),
       "and pays what it paid");
  must(second.device.outbox().records() == first.device.outbox().records(), "the same outbox");
  must(second.damage.outbox == 0, "what was dropped is deleted");
  Records saved;
  commit(saved, second.device.save());
  Device::Opened third = open(saved);
  must(third.device.ledger().state() == state, "saved in full, too");
  must(!third.damage.log.any() && !third.damage.cleaner && !third.damage.prequential &&
           !third.damage.model && third.damage.outbox == 0,
       "what is saved is whole");
  use(third.device);
  must(third.device.ledger().state() == Ledger::State::kDamaged || state != Ledger::State::kDamaged,
       "nothing opens a damaged ledger");
  return 0;
}
