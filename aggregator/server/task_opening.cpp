#include "server/task_opening.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace sotto {
namespace {

void set_window(Task& task, const ServerConfig& config, int64_t now_ms) {
  const int64_t begin = now_ms + config.pause_ms;
  task.window_start_ms = begin - begin % config.time_precision_ms;
  task.window_end_ms = task.window_start_ms + config.window_ms;
  // A window that has nearly passed by rounding gets another precision's time.
  if (task.window_start_ms < begin) task.window_end_ms += config.time_precision_ms;
  task.time_precision_ms = config.time_precision_ms;
}

}  // namespace

Result<AgreedTask> agree_on_task(const ServerContext& context, const HpkeKeys& own,
                                 const HpkeKeys& collector, PeerClient& helper,
                                 const Manifest& published, Task task) {
  task.site = context.pinned.site;
  task.model_hash = published.model.hash;
  task.model_sequence = published.sequence;
  task.catalogue_hash = published.catalogue.hash;
  task.catalogue_version = published.catalogue_version;
  set_window(task, context.config, context.clock.now_ms());
  const OwnHpkeKeyPointer own_key = own.newest(), collector_key = collector.newest();
  task.leader_key = own_key->key.id();
  task.collector_key = collector_key->key.id();
  // The helper names its own key: it is asked for it, and its signature is checked.
  SOTTO_TRY(Bytes helper_key, helper.call("GET", "/v1/keys/current", nullptr));
  SOTTO_TRY(const SignedKey checked, open_signed_key(helper_key, context.pinned.helper,
                                                     KeyRole::kHelper, context.clock.now_ms()));
  task.helper_key = checked.id();
  for (const auto& [name, key] :
       {std::pair{"leader", &own_key->key}, std::pair{"collector", &collector_key->key},
        std::pair{"helper", &checked}})
    if (key->not_after_ms < task.window_end_ms)
      return Error{ErrorCode::kExpired, std::string("keys.life: the ") + name +
                                            "'s HPKE key ends before the task's window"};
  SOTTO_CHECK_OK(context.floors.check(task));
  SOTTO_TRY(const Bytes half, sign_task(*context.keys.publisher, task));
  Bytes body = *collector_key->signed_key;
  body.insert(body.end(), half.begin(), half.end());
  SOTTO_TRY(Bytes file,
            helper.call("POST", "/v1/tasks", std::make_shared<const Bytes>(std::move(body))));
  SOTTO_TRY(const VerifiedTask verified, VerifiedTask::open(file, context.pinned));
  if (!(verified.task() == task))
    return Error{ErrorCode::kDisagreement, "helper: it has countersigned another task"};
  return AgreedTask{verified.id(), std::move(task), std::move(file), *collector_key->signed_key,
                    std::move(helper_key)};
}

}  // namespace sotto
