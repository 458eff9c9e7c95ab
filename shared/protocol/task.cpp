#include "protocol/task.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "privacy/accountant.hpp"
#include "privacy/discrete_gaussian.hpp"
#include "protocol/fields.hpp"
#include "protocol/task_vdaf.hpp"

namespace sotto {
namespace {

constexpr std::string_view kDomain = "sotto task";
constexpr uint8_t kVersion = 1;

bool is_layout_name(std::string_view text) {
  return !text.empty() && text.size() <= Task::kMaxLayoutName &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

bool known(TaskKind kind) {
  return kind == TaskKind::kLearning || kind == TaskKind::kEvaluation ||
         kind == TaskKind::kExperiment;
}

bool known(NoiseBy noise_by) {
  return noise_by == NoiseBy::kLeader || noise_by == NoiseBy::kServers ||
         noise_by == NoiseBy::kServersAndDevice;
}

Status check_times(const Task& task) {
  if (task.time_precision_ms < 1 || task.time_precision_ms > Task::kMaxWindowMs)
    return {ErrorCode::kInvalidArgument, "task: time precision out of range"};
  if (task.window_start_ms < 0 || task.window_end_ms <= task.window_start_ms ||
      task.window_end_ms - task.window_start_ms > Task::kMaxWindowMs)
    return {ErrorCode::kInvalidArgument, "task: window out of range"};
  if (task.window_start_ms % task.time_precision_ms != 0 ||
      task.window_end_ms % task.time_precision_ms != 0)
    return {ErrorCode::kInvalidArgument, "task: window is not of whole time precisions"};
  return {};
}

Status check_noise(const Task& task) {
  if (!known(task.noise_by)) return {ErrorCode::kInvalidArgument, "task: unknown noise by"};
  if (task.sigma > DiscreteGaussian::kMaxSigma)
    return {ErrorCode::kInvalidArgument, "task: sigma out of range"};
  if (task.min_batch < 1 || task.min_batch > task.max_batch || task.max_batch > Task::kMaxBatch)
    return {ErrorCode::kInvalidArgument, "task: batch sizes out of range"};
  return check_batch_fits(task.max_batch, task.grid, task.total_sigma());
}

}  // namespace

double Task::noise_multiplier() const {
  return static_cast<double>(sigma) / static_cast<double>(grid.bound);
}

double Task::price_rho() const {
  return sigma == 0 ? std::numeric_limits<double>::infinity() : zcdp_rho(noise_multiplier());
}

uint64_t Task::device_sigma() const {
  if (noise_by != NoiseBy::kServersAndDevice || sigma == 0) return 0;
  // sigma <= 2^26 and min_batch <= 2^32, so the root is within one of its double. sigma^2 <= 2^52
  // and whole, hence ceil(sigma^2 / min_batch) decides the comparison in integers.
  const uint64_t variance = sigma * sigma;
  const uint64_t per_device = (variance + min_batch - 1) / min_batch;
  auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(per_device)));
  while (root > 0 && (root - 1) * (root - 1) >= per_device) --root;
  while (root * root < per_device) ++root;
  return root;
}

double Task::total_sigma() const {
  const auto server = static_cast<double>(sigma);
  const auto device = static_cast<double>(device_sigma());
  const double servers = noise_by == NoiseBy::kLeader ? 1 : 2;
  return std::sqrt(servers * server * server + static_cast<double>(max_batch) * device * device);
}

bool operator==(const Task& a, const Task& b) {
  const auto encoded_a = encode_task(a);
  const auto encoded_b = encode_task(b);
  return encoded_a.ok() && encoded_b.ok() && *encoded_a == *encoded_b;
}

bool is_site_name(std::string_view text) {
  return !text.empty() && text.size() <= Task::kMaxSite &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Status check_task(const Task& task) {
  if (!is_site_name(task.site)) return {ErrorCode::kInvalidArgument, "task: site"};
  if (!known(task.kind)) return {ErrorCode::kInvalidArgument, "task: unknown kind"};
  if (!is_layout_name(task.layout)) return {ErrorCode::kInvalidArgument, "task: layout"};
  if (task.layout_parameters.size() > Task::kMaxLayoutParameters)
    return {ErrorCode::kInvalidArgument, "task: layout parameters too long"};
  if (task.vdaf_parameters.size() > Task::kMaxVdafParameters)
    return {ErrorCode::kInvalidArgument, "task: vdaf parameters too long"};
  SOTTO_CHECK_OK(check_noise(task));
  SOTTO_CHECK_OK(check_times(task));
  SOTTO_CHECK_OK(make_vdaf_client(task));
  return {};
}

Result<Bytes> encode_task(const Task& task) {
  SOTTO_CHECK_OK(check_task(task));
  ByteWriter out;
  out.put_bytes({reinterpret_cast<const uint8_t*>(kDomain.data()), kDomain.size()});
  out.put<uint8_t>(kVersion);
  out.put_string(task.site);
  out.put(task.kind);
  out.put_bytes(task.model_hash);
  out.put<uint64_t>(task.model_sequence);
  out.put_bytes(task.catalogue_hash);
  out.put<uint64_t>(task.catalogue_version);
  out.put_string(task.layout);
  out.put_array(std::span(task.layout_parameters));
  out.put(task.vdaf);
  out.put<uint32_t>(task.dimension);
  out.put_array(std::span(task.vdaf_parameters));
  out.put<int32_t>(task.grid.bound);
  out.put<double>(task.grid.clip);
  out.put<uint64_t>(task.sigma);
  out.put(task.noise_by);
  out.put<uint64_t>(task.min_batch);
  out.put<uint64_t>(task.max_batch);
  out.put<int64_t>(task.window_start_ms);
  out.put<int64_t>(task.window_end_ms);
  out.put<int64_t>(task.time_precision_ms);
  out.put_bytes(task.leader_key);
  out.put_bytes(task.helper_key);
  out.put_bytes(task.collector_key);
  return std::move(out).bytes();
}

Result<Task> decode_task(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_TRY(const auto domain, in.get_bytes(kDomain.size(), "task: domain tag"));
  if (!std::equal(domain.begin(), domain.end(), kDomain.begin()))
    return Error{ErrorCode::kMalformed, "task: wrong domain tag"};
  SOTTO_TRY(const auto version, in.get<uint8_t>("task: version"));
  if (version != kVersion) return Error{ErrorCode::kUnsupported, "task: unknown version"};
  Task task;
  SOTTO_TRY(task.site, in.get_string(Task::kMaxSite, "task: site"));
  SOTTO_TRY(task.kind, in.get<TaskKind>("task: kind"));
  SOTTO_CHECK_OK(get_array(in, task.model_hash, "task: model hash"));
  SOTTO_TRY(task.model_sequence, in.get<uint64_t>("task: model sequence"));
  SOTTO_CHECK_OK(get_array(in, task.catalogue_hash, "task: catalogue hash"));
  SOTTO_TRY(task.catalogue_version, in.get<uint64_t>("task: catalogue version"));
  SOTTO_TRY(task.layout, in.get_string(Task::kMaxLayoutName, "task: layout"));
  SOTTO_TRY(task.layout_parameters,
            in.get_array<uint8_t>(Task::kMaxLayoutParameters, "task: layout parameters"));
  SOTTO_TRY(task.vdaf, in.get<VdafId>("task: vdaf"));
  SOTTO_TRY(task.dimension, in.get<uint32_t>("task: dimension"));
  SOTTO_TRY(task.vdaf_parameters,
            in.get_array<uint8_t>(Task::kMaxVdafParameters, "task: vdaf parameters"));
  SOTTO_TRY(task.grid.bound, in.get<int32_t>("task: grid bound"));
  SOTTO_TRY(task.grid.clip, in.get<double>("task: grid clip"));
  SOTTO_TRY(task.sigma, in.get<uint64_t>("task: sigma"));
  SOTTO_TRY(task.noise_by, in.get<NoiseBy>("task: noise by"));
  SOTTO_TRY(task.min_batch, in.get<uint64_t>("task: min batch"));
  SOTTO_TRY(task.max_batch, in.get<uint64_t>("task: max batch"));
  SOTTO_TRY(task.window_start_ms, in.get<int64_t>("task: window start"));
  SOTTO_TRY(task.window_end_ms, in.get<int64_t>("task: window end"));
  SOTTO_TRY(task.time_precision_ms, in.get<int64_t>("task: time precision"));
  SOTTO_CHECK_OK(get_array(in, task.leader_key, "task: leader key"));
  SOTTO_CHECK_OK(get_array(in, task.helper_key, "task: helper key"));
  SOTTO_CHECK_OK(get_array(in, task.collector_key, "task: collector key"));
  SOTTO_CHECK_OK(in.finish("task"));
  if (Status status = check_task(task); !status.ok()) {
    const bool unsupported = status.error().code == ErrorCode::kUnsupported;
    return Error{unsupported ? ErrorCode::kUnsupported : ErrorCode::kMalformed,
                 status.error().message};
  }
  return task;
}

}  // namespace sotto
