#include "server/server_tasks.hpp"

#include <utility>

namespace sotto {
namespace {

constexpr uint32_t kRetryAfterSeconds = 2;

}  // namespace

Result<std::vector<TaskRecord>> load_task_records(const ServerContext& context, bool abandon_open) {
  SOTTO_TRY(auto records, read_task_records(context.store));
  for (TaskRecord& record : records) {
    if (record.state == TaskState::kOpen && abandon_open) {
      record.state = TaskState::kAbandoned;
      record.closed_ms = context.clock.now_ms();
      record.reason = "the store was put back from a backup";
      const StoreChange change = task_change(record);
      SOTTO_CHECK_OK(context.store.commit({&change, 1}));
    }
    if (record.state != TaskState::kOpen) SOTTO_CHECK_OK(context.store.drop(role_space(record.id)));
  }
  return records;
}

Result<ServerTask> open_server_task(const ServerContext& context, Role role, const HpkeKeys& own,
                                    const TaskRecord& record, const KeyId& own_key) {
  const OwnHpkeKeyPointer key = own.find(own_key);
  if (key == nullptr)
    return Error{ErrorCode::kNotFound, "task: the HPKE key that it names is not in the store"};
  ServerKeys keys{*key->signed_key, HpkeKeyPair::from_secret_key(key->pair.secret_key()),
                  record.collector_key, context.keys.verify_seed.clone()};
  return ServerTask::open(role, record.file, context.pinned, context.floors, std::move(keys),
                          context.clock.now_ms());
}

void count_rejections(Metrics& metrics, const std::map<ErrorCode, uint64_t>& before,
                      const std::map<ErrorCode, uint64_t>& after) {
  for (const auto& [code, n] : after) {
    const auto old = before.find(code);
    const uint64_t more = n - (old == before.end() ? 0 : old->second);
    if (more > 0) metrics.count_rejected(error_code_name(code), more);
  }
}

HttpResponse task_problem(const ErrorInfo& error) {
  if (error.code != ErrorCode::kIo) return problem(error);
  return problem(503, error_code_name(error.code), error.message, kRetryAfterSeconds);
}

}  // namespace sotto
