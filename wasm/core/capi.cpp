#include "capi.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "device/device.hpp"
#include "privacy/accountant.hpp"
#include "protocol/task.hpp"
#include "requests.hpp"
#include "results.hpp"

using namespace sotto;

struct sotto_device {
  static constexpr uint32_t kMark = 0x4f544f53;

  uint32_t mark = kMark;  // tells a handle from other memory
  std::optional<Device> device;
  DeviceOptions options;
  uint64_t memory_budget = 0;
  SystemEntropy entropy;
  Bytes result;
  std::string error;
};

namespace {

// The latest whole number of milliseconds that a double counts exactly.
constexpr double kLatestNow = 9007199254740991.0;
// What a contribution takes a coordinate: integers, field elements, the leader's share, its
// ciphertext, the report, the outbox record and the result, 4 bytes each and some more twice.
constexpr uint64_t kBytesPerCoordinate = 40;

bool in_memory([[maybe_unused]] const void* begin, [[maybe_unused]] size_t size) {
#ifdef __wasm__
  const uint64_t memory = uint64_t{__builtin_wasm_memory_size(0)} << 16;
  return reinterpret_cast<uintptr_t>(begin) + uint64_t{size} <= memory;
#else
  return true;
#endif
}

bool is_handle(const sotto_device* device) {
  return device != nullptr && reinterpret_cast<uintptr_t>(device) % alignof(sotto_device) == 0 &&
         in_memory(device, sizeof *device) && device->mark == sotto_device::kMark;
}

bool is_out(const sotto_bytes* out) {
  return out != nullptr && reinterpret_cast<uintptr_t>(out) % alignof(sotto_bytes) == 0 &&
         in_memory(out, sizeof *out);
}

Error invalid(const char* message) { return {ErrorCode::kInvalidArgument, message}; }

Result<std::span<const uint8_t>> buffer(const uint8_t* data, uint32_t size, const char* what) {
  if (size == 0) return std::span<const uint8_t>();
  if (data == nullptr || !in_memory(data, size))
    return Error{ErrorCode::kInvalidArgument, what, "not in the module's memory"};
  return std::span(data, size);
}

Result<int64_t> milliseconds(double time, const char* what) {
  if (!(time >= 0 && time <= kLatestNow))
    return Error{ErrorCode::kInvalidArgument, what, "must be 0 .. 2^53 - 1"};
  return static_cast<int64_t>(std::floor(time));
}

// Whether so much memory may be taken and is there. Asking the host now is what keeps a later
// allocation from trapping.
Status reserve(uint64_t budget, uint64_t bytes, const char* what) {
  const auto fail = [&](const char* why) { return Status(ErrorCode::kOutOfMemory, what, why); };
  if (bytes > budget) return fail("beyond the memory budget");
  if (bytes > SIZE_MAX / 2) return fail("the host has not so much memory");
  void* const probe = std::malloc(static_cast<size_t>(bytes));
  if (probe == nullptr) return fail("the host has not so much memory");
  std::free(probe);
  return {};
}

// One call: checks the handle, runs `work(handle) -> Result<Bytes>`, keeps what it gives.
template <class Work>
int32_t answer(sotto_device* handle, sotto_bytes* out, const Work& work) {
  if (!is_handle(handle) || !is_out(out)) return static_cast<int32_t>(ErrorCode::kInvalidArgument);
  *out = {nullptr, 0};
  // The arguments may point into the result before this one, so that one goes last.
  Result<Bytes> result = work(*handle);
  if (result.ok() && result->size() > UINT32_MAX)
    result = Error{ErrorCode::kOutOfMemory, "result: more than 4 GiB"};
  if (!result.ok()) {
    const ErrorCode code = result.error().code;
    handle->result.clear();
    handle->error = result.error().message;
    return static_cast<int32_t>(code);
  }
  handle->error.clear();
  handle->result = std::move(result).value();
  *out = {handle->result.data(), static_cast<uint32_t>(handle->result.size())};
  return 0;
}

// The same for calls that need an open device.
template <class Work>
int32_t answer_open(sotto_device* handle, sotto_bytes* out, const Work& work) {
  return answer(handle, out, [&](sotto_device& opened) -> Result<Bytes> {
    if (!opened.device.has_value()) return invalid("device: not open");
    return work(opened, *opened.device);
  });
}

Result<const DeviceModel*> model_of(const Device& device) {
  if (device.model() == nullptr) return Error{ErrorCode::kNotFound, "no model is loaded"};
  return device.model();
}

// `list(device, item or nothing, request) -> Result<recommendations>`
template <class List>
Result<Bytes> answer_list(Device& device, ByteReader& in, const List& list) {
  SOTTO_TRY(const DeviceModel* const model, model_of(device));
  SOTTO_TRY(ListRequest decoded, decode_list_request(in, model->items));
  if (!decoded.allowed.empty())
    decoded.request.allowed = [&decoded](uint32_t row) { return decoded.allowed[row]; };
  SOTTO_TRY(const auto items, list(decoded.request));
  return encode_list(items, model->items);
}

// The task of a file whose signatures nobody has checked yet.
Result<Task> unchecked_task(std::span<const uint8_t> task_file) {
  if (task_file.size() < kTaskSignatures)
    return Error{ErrorCode::kMalformed, "task file: too short"};
  return decode_task(task_file.first(task_file.size() - kTaskSignatures));
}

// A task's size stands in its file: looked at before anything of that size is allocated.
Status reserve_contribution(const sotto_device& handle, std::span<const uint8_t> task_file) {
  SOTTO_TRY(const Task task, unchecked_task(task_file));
  return reserve(handle.memory_budget, task_file.size() + kBytesPerCoordinate * task.dimension,
                 "task");
}

Result<TaskFiles> task_files(const uint8_t* task, uint32_t task_size, const uint8_t* leader_key,
                             uint32_t leader_key_size, const uint8_t* helper_key,
                             uint32_t helper_key_size) {
  TaskFiles files;
  SOTTO_TRY(files.task, buffer(task, task_size, "task file"));
  SOTTO_TRY(files.leader_key, buffer(leader_key, leader_key_size, "leader's key"));
  SOTTO_TRY(files.helper_key, buffer(helper_key, helper_key_size, "helper's key"));
  return files;
}

Result<TaskId> task_id_at(const uint8_t* data) {
  TaskId id{};
  SOTTO_TRY(const auto bytes, buffer(data, id.size(), "task id"));
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

}  // namespace

sotto_device* sotto_device_create() { return new (std::nothrow) sotto_device; }

void sotto_device_close(sotto_device* device) {
  if (!is_handle(device)) return;
  device->mark = 0;
  delete device;
}

void sotto_last_error(const sotto_device* device, sotto_bytes* message) {
  if (!is_out(message)) return;
  *message = {nullptr, 0};
  if (!is_handle(device)) return;
  *message = {reinterpret_cast<const uint8_t*>(device->error.data()),
              static_cast<uint32_t>(device->error.size())};
}

int32_t sotto_device_open(sotto_device* device, const uint8_t* options, uint32_t options_size,
                          const uint8_t* records, uint32_t records_size, double now_ms,
                          sotto_bytes* result) {
  return answer(device, result, [&](sotto_device& handle) -> Result<Bytes> {
    SOTTO_TRY(const auto option_bytes, buffer(options, options_size, "options"));
    SOTTO_TRY(const auto record_bytes, buffer(records, records_size, "records"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const OpenOptions opened_with, decode_options(option_bytes));
    SOTTO_CHECK_OK(reserve(opened_with.memory_budget, 4 * uint64_t{records_size}, "records"));
    SOTTO_TRY(const auto stored, decode_records(record_bytes));
    SOTTO_TRY(Device::Opened opened, Device::open(opened_with.device, stored, now, handle.entropy));
    handle.device.emplace(std::move(opened.device));
    handle.options = opened_with.device;
    handle.memory_budget = opened_with.memory_budget;
    return encode_opened(opened.damage, opened.changes);
  });
}

int32_t sotto_device_save(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    return encode_changes(opened.save());
  });
}

int32_t sotto_device_forget(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    return encode_changes(opened.forget());
  });
}

int32_t sotto_manifest_read(sotto_device* device, const uint8_t* manifest, uint32_t manifest_size,
                            double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device& handle, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const auto bytes, buffer(manifest, manifest_size, "manifest"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const Manifest read, open_manifest(bytes, handle.options.pinned, opened.seen(), now));
    return encode_manifest(read);
  });
}

int32_t sotto_model_load(sotto_device* device, const uint8_t* manifest, uint32_t manifest_size,
                         const uint8_t* snapshot, uint32_t snapshot_size, const uint8_t* catalogue,
                         uint32_t catalogue_size, const uint8_t* hashes, uint32_t hashes_size,
                         double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device& handle, Device& opened) -> Result<Bytes> {
    ModelFiles files;
    SOTTO_TRY(files.manifest, buffer(manifest, manifest_size, "manifest"));
    SOTTO_TRY(files.snapshot, buffer(snapshot, snapshot_size, "snapshot"));
    SOTTO_TRY(files.catalogue, buffer(catalogue, catalogue_size, "catalogue"));
    SOTTO_TRY(const auto hash_bytes, buffer(hashes, hashes_size, "hashes"));
    SOTTO_CHECK_OK(decode_hashes(hash_bytes, files));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    // Both become values of about their files' size; ids and tags more, by their own checks.
    SOTTO_CHECK_OK(
        reserve(handle.memory_budget, 2 * (uint64_t{snapshot_size} + catalogue_size), "model"));
    SOTTO_TRY(auto model, open_device_model(files, handle.options.pinned, opened.seen(),
                                            handle.memory_budget, now));
    SOTTO_TRY(const auto changes, opened.use_model(std::move(model)));
    return encode_changes(changes);
  });
}

int32_t sotto_model_describe(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const DeviceModel* const model, model_of(opened));
    return encode_model(*model);
  });
}

int32_t sotto_items_list(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const DeviceModel* const model, model_of(opened));
    return encode_items(model->items);
  });
}

int32_t sotto_event_track(sotto_device* device, const uint8_t* event, uint32_t event_size,
                          double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const auto bytes, buffer(event, event_size, "event"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const Event decoded, decode_event_request(bytes));
    SOTTO_TRY(const TrackOutcome outcome, opened.record(decoded, now));
    return encode_tracked(outcome);
  });
}

int32_t sotto_event_settle(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    return encode_changes(opened.settle());
  });
}

int32_t sotto_profile_prepare(sotto_device* device, double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_CHECK_OK(opened.prepare(now));
    return Bytes();
  });
}

int32_t sotto_events_list(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    return encode_log(opened.log());
  });
}

int32_t sotto_cleaning_count(sotto_device* device, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    return encode_counts(opened.cleaning_counts());
  });
}

int32_t sotto_items_recommend(sotto_device* device, const uint8_t* request, uint32_t request_size,
                              double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const auto bytes, buffer(request, request_size, "request"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    ByteReader in(bytes);
    return answer_list(opened, in, [&](const RecommendRequest& decoded) {
      return opened.recommend(decoded, now);
    });
  });
}

int32_t sotto_device_tune(sotto_device* device, uint32_t steps, double now_ms,
                          sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const bool more, opened.tune(steps, now));
    return Bytes{static_cast<uint8_t>(more ? 1 : 0)};
  });
}

int32_t sotto_items_similar(sotto_device* device, const uint8_t* request, uint32_t request_size,
                            double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const auto bytes, buffer(request, request_size, "request"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    ByteReader in(bytes);
    SOTTO_TRY(const std::string item, get_text(in, "item"));
    return answer_list(opened, in, [&](const RecommendRequest& decoded) {
      return opened.similar(item, decoded, now);
    });
  });
}

int32_t sotto_item_explain(sotto_device* device, const uint8_t* request, uint32_t request_size,
                           double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const auto bytes, buffer(request, request_size, "request"));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const ExplainRequest decoded, decode_explain_request(bytes));
    SOTTO_TRY(const Explanation explanation, opened.explain(decoded.item, decoded.n_reasons, now));
    SOTTO_TRY(const Profile* const profile, opened.profile(now));
    return encode_explanation(explanation, profile->history, opened.model()->items);
  });
}

int32_t sotto_interests_list(sotto_device* device, double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_TRY(const DeviceModel* const model, model_of(opened));
    SOTTO_TRY(const auto interests, opened.interests(now));
    return encode_interests(interests, *model);
  });
}

int32_t sotto_prequential_summarize(sotto_device* device, double since_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t since, milliseconds(since_ms, "since"));
    return encode_means(opened.prequential().means(since));
  });
}

int32_t sotto_task_read(sotto_device* device, const uint8_t* task, uint32_t task_size,
                        sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device&) -> Result<Bytes> {
    SOTTO_TRY(const auto file, buffer(task, task_size, "task file"));
    SOTTO_TRY(const Task read, unchecked_task(file));
    return encode_task_summary(read, sha256(file));
  });
}

int32_t sotto_task_preview(sotto_device* device, const uint8_t* task, uint32_t task_size,
                           const uint8_t* leader_key, uint32_t leader_key_size,
                           const uint8_t* helper_key, uint32_t helper_key_size, double now_ms,
                           sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device& handle, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const TaskFiles files, task_files(task, task_size, leader_key, leader_key_size,
                                                helper_key, helper_key_size));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_CHECK_OK(reserve_contribution(handle, files.task));
    SOTTO_TRY(const ContributionPreview preview, opened.preview(files, now, handle.entropy));
    return encode_preview(preview);
  });
}

int32_t sotto_task_contribute(sotto_device* device, const uint8_t* task, uint32_t task_size,
                              const uint8_t* leader_key, uint32_t leader_key_size,
                              const uint8_t* helper_key, uint32_t helper_key_size, double now_ms,
                              sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device& handle, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const TaskFiles files, task_files(task, task_size, leader_key, leader_key_size,
                                                helper_key, helper_key_size));
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    SOTTO_CHECK_OK(reserve_contribution(handle, files.task));
    SOTTO_TRY(const ContributeOutcome outcome, opened.contribute(files, now, handle.entropy));
    return encode_contributed(outcome);
  });
}

int32_t sotto_outbox_list(sotto_device* device, double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    return encode_outbox(opened.outbox(), now);
  });
}

int32_t sotto_outbox_expire(sotto_device* device, double now_ms, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const int64_t now, milliseconds(now_ms, "now"));
    return encode_changes(opened.expire(now));
  });
}

int32_t sotto_report_read(sotto_device* device, const uint8_t* task_id, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const TaskId task, task_id_at(task_id));
    const OutboxEntry* const entry = opened.outbox().find(task);
    if (entry == nullptr || entry->state != OutboxState::kWaiting)
      return Error{ErrorCode::kNotFound, "no report waits for this task"};
    return encode_waiting_report(entry->report);
  });
}

int32_t sotto_report_acknowledge(sotto_device* device, const uint8_t* task_id,
                                 sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const TaskId task, task_id_at(task_id));
    return encode_changes(opened.acknowledge(task));
  });
}

int32_t sotto_privacy_overview(sotto_device* device, double delta, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    SOTTO_TRY(const LedgerOverview overview, opened.ledger().overview(delta));
    return encode_privacy(opened.ledger(), overview);
  });
}

int32_t sotto_privacy_epsilon(sotto_device* device, double rho, double delta, sotto_bytes* result) {
  return answer(device, result, [&](sotto_device&) -> Result<Bytes> {
    if (!(rho >= 0 && rho <= Ledger::kLargestRho)) return invalid("rho: must be 0 .. 10^6");
    if (!(delta > 0 && delta < 1)) return invalid("delta: must be in (0, 1)");
    return encode_number(rho == 0 ? 0 : zcdp_epsilon(rho, delta));
  });
}

int32_t sotto_privacy_set_opted_out(sotto_device* device, int32_t opted_out, sotto_bytes* result) {
  return answer_open(device, result, [&](sotto_device&, Device& opened) -> Result<Bytes> {
    if (opted_out != 0 && opted_out != 1) return invalid("opted out: must be 0 or 1");
    return encode_changes(opened.set_opted_out(opted_out == 1));
  });
}
