#include "lab/secure_site.hpp"

#include <string>
#include <utility>

#include "base/random.hpp"
#include "model/ials.hpp"
#include "model/quantization.hpp"
#include "model/snapshot.hpp"
#include "protocol/manifest.hpp"

namespace sotto {
namespace {

constexpr uint64_t kSiteStream = 0x73697465;  // "site"
constexpr const char* kSite = "simulation";
constexpr uint64_t kMemoryBudget = uint64_t{4} << 30;
constexpr int64_t kMinute = 60'000;

// In memory; the ids are short and distinct.
ItemIndex number_items(uint32_t n_items) {
  ItemIndex items;
  for (uint32_t i = 0; i < n_items; ++i) static_cast<void>(items.add(std::to_string(i)).ok());
  return items;
}

}  // namespace

SecureSite::Keys::Keys(const Identity& identity, KeyRole role, EntropySource& entropy)
    : pair(HpkeKeyPair::generate(entropy)),
      // Cannot fail: the times are in order and within the longest life of a key.
      key(sign_key(identity, role, pair.public_key(), kBeginMs - kMinute,
                   kBeginMs - kMinute + kMaxKeyLifetimeMs)
              .value()) {}

SecureSite::SecureSite(uint32_t n_items, uint64_t seed)
    : seed_(seed),
      entropy_(seed, kSiteStream),
      publisher_(Identity::generate(entropy_)),
      leader_(Identity::generate(entropy_)),
      helper_(Identity::generate(entropy_)),
      leader_keys_(leader_, KeyRole::kLeader, entropy_),
      helper_keys_(helper_, KeyRole::kHelper, entropy_),
      collector_keys_(publisher_, KeyRole::kCollector, entropy_),
      verify_seed_(Seed::random(entropy_)),
      pinned_{kSite, publisher_.key(), leader_.key(), helper_.key()},
      items_(number_items(n_items)) {}

Result<std::shared_ptr<const DeviceModel>> SecureSite::publish(const SumJob& job) const {
  if (job.items->rows() != static_cast<Eigen::Index>(items_.size()))
    return Error{ErrorCode::kInvalidArgument, "model: it has not the items of the site"};
  if (job.stream >= kMostWindows)
    return Error{ErrorCode::kInvalidArgument, "rounds: more than the simulated site has windows"};
  const bool no_model = job.items->isZero(0);
  const Matrix items = no_model
                           ? as_published(random_items(
                                 items_.size(), static_cast<uint32_t>(job.items->cols()), seed_))
                           : *job.items;
  QuantizedMatrix quantized = quantize_rows(items);
  if (dequantize(quantized) != items)
    return Error{ErrorCode::kInvalidArgument, "model: it is not as published"};

  Snapshot snapshot;
  snapshot.rows = std::move(quantized);
  snapshot.items = items_;
  snapshot.reg = job.reg;
  snapshot.gram = published_gram(items);
  snapshot.popularity = job.popularity;
  SOTTO_TRY(const Bytes file, write_snapshot(snapshot));

  const int64_t now_ms = window_start(job.stream);
  Manifest manifest;
  manifest.site = kSite;
  manifest.sequence = job.stream + 1;
  manifest.created_ms = now_ms;
  manifest.expires_ms = window_end(job.stream);
  manifest.label = SiteLabel::kDemo;
  manifest.model = published_file(file);
  SOTTO_TRY(const Bytes signed_manifest, sign_manifest(publisher_, manifest));
  return open_device_model({signed_manifest, file, {}}, pinned_, std::nullopt, kMemoryBudget,
                           now_ms);
}

Result<PublishedTask> SecureSite::publish_task(Task task, const DeviceModel& model,
                                               uint64_t number) const {
  task.site = pinned_.site;
  task.model_hash = model.manifest.model.hash;
  task.model_sequence = model.manifest.sequence;
  task.catalogue_hash = model.manifest.catalogue.hash;
  task.catalogue_version = model.manifest.catalogue_version;
  task.window_start_ms = window_start(number);
  task.window_end_ms = window_end(number);
  task.time_precision_ms = kWindowMs;
  task.leader_key = leader_keys_.key.id();
  task.helper_key = helper_keys_.key.id();
  task.collector_key = collector_keys_.key.id();
  SOTTO_TRY(const Bytes half, sign_task(publisher_, task));
  SOTTO_TRY(Bytes file, countersign_task(helper_, pinned_, floors_, half, task.window_start_ms));
  return PublishedTask{std::move(file), encode_signed_key(leader_keys_.key),
                       encode_signed_key(helper_keys_.key)};
}

ServerKeys SecureSite::server_keys(const Keys& keys) const {
  return {encode_signed_key(keys.key), HpkeKeyPair::from_secret_key(keys.pair.secret_key()),
          encode_signed_key(collector_keys_.key), verify_seed_.clone()};
}

Result<TaskServers> SecureSite::open_servers(const PublishedTask& task, Executor& executor,
                                             int64_t now_ms) const {
  SOTTO_TRY(ServerTask leader, ServerTask::open(Role::kLeader, task.file, pinned_, floors_,
                                                server_keys(leader_keys_), now_ms));
  SOTTO_TRY(ServerTask helper, ServerTask::open(Role::kHelper, task.file, pinned_, floors_,
                                                server_keys(helper_keys_), now_ms));
  SOTTO_TRY(CollectorRole collector,
            CollectorRole::create(
                task.file, pinned_, floors_, encode_signed_key(collector_keys_.key),
                HpkeKeyPair::from_secret_key(collector_keys_.pair.secret_key()), now_ms));
  return TaskServers{LeaderRole(std::move(leader), &executor),
                     HelperRole(std::move(helper), &executor), std::move(collector)};
}

}  // namespace sotto
