// What the leader's and the helper's service do alike with their tasks.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"
#include "protocol/server_task.hpp"
#include "server/context.hpp"
#include "server/task_record.hpp"

namespace sotto {

/// The records of all tasks at a start. abandon_open: the store was put back from a backup; those
/// that were open are abandoned first. Of closed tasks whatever a stop has left of their reports is
/// dropped. Errors: those of the store; kMalformed, kUnsupported.
Result<std::vector<TaskRecord>> load_task_records(const ServerContext& context, bool abandon_open);

/// The task as this server's role works with it, with the own key that it names.
/// Errors: kNotFound when that key is not there; those of ServerTask::open.
Result<ServerTask> open_server_task(const ServerContext& context, Role role, const HpkeKeys& own,
                                    const TaskRecord& record, const KeyId& own_key);

/// Counts what a step has rejected.
void count_rejections(Metrics& metrics, const std::map<ErrorCode, uint64_t>& before,
                      const std::map<ErrorCode, uint64_t>& after);

/// problem(error), but a store that fails is asked again soon.
HttpResponse task_problem(const ErrorInfo& error);

}  // namespace sotto
