#include "protocol/task_vdaf.hpp"

#include <array>
#include <cmath>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include "vdaf/sum.hpp"

namespace sotto {
namespace {

#if defined(SOTTO_WITHOUT_DEVICE_PROOFS)
constexpr bool kDeviceProofs = false;
#else
constexpr bool kDeviceProofs = true;
#endif

constexpr std::string_view kContext = "sotto v1";

std::span<const uint8_t> context() {
  return {reinterpret_cast<const uint8_t*>(kContext.data()), kContext.size()};
}

Error invalid(const char* reason) { return {ErrorCode::kInvalidArgument, reason}; }

Status require_dimension_one(const Task& task) {
  if (task.dimension != 1) return invalid("task: this vdaf has dimension 1");
  return {};
}

Status require_no_device_noise(const Task& task) {
  if (task.noise_by == NoiseBy::kServersAndDevice)
    return invalid("task: devices add no noise to what they prove");
  return {};
}

Status require_bound(const Task& task, double squared_distance) {
  SOTTO_CHECK_OK(require_no_device_noise(task));
  const double bound = task.grid.bound;
  if (!(bound * bound >= squared_distance))
    return invalid("task: grid bound is below the sensitivity of its vdaf");
  return {};
}

// The parameters as numbers; anything but exactly these is refused.
template <size_t N>
Result<std::array<uint32_t, N>> read_numbers(const Task& task) {
  ByteReader in(task.vdaf_parameters);
  std::array<uint32_t, N> numbers{};
  for (uint32_t& number : numbers) {
    SOTTO_TRY(number, in.get<uint32_t>("task: vdaf parameters"));
  }
  SOTTO_CHECK_OK(in.finish("task: vdaf parameters"));
  return numbers;
}

Result<PineParameters> read_pine(const Task& task) {
  ByteReader in(task.vdaf_parameters);
  PineParameters parameters;
  parameters.dimension = task.dimension;
  parameters.norm_bound = static_cast<uint64_t>(task.grid.bound);
  SOTTO_TRY(parameters.chunk_length, in.get<uint32_t>("task: chunk length"));
  SOTTO_TRY(parameters.norm_equality_chunk_length,
            in.get<uint32_t>("task: norm equality chunk length"));
  SOTTO_TRY(parameters.proofs, in.get<uint8_t>("task: proofs"));
  SOTTO_TRY(parameters.norm_equality_proofs, in.get<uint8_t>("task: norm equality proofs"));
  SOTTO_TRY(parameters.wraparound_checks, in.get<uint16_t>("task: wraparound checks"));
  SOTTO_TRY(parameters.wraparound_successes, in.get<uint16_t>("task: wraparound successes"));
  SOTTO_TRY(parameters.alpha, in.get<double>("task: alpha"));
  SOTTO_CHECK_OK(in.finish("task: vdaf parameters"));
  return parameters;
}

Bytes write_pine(const PineParameters& parameters) {
  ByteWriter out;
  out.put<uint32_t>(static_cast<uint32_t>(parameters.chunk_length));
  out.put<uint32_t>(static_cast<uint32_t>(parameters.norm_equality_chunk_length));
  out.put<uint8_t>(static_cast<uint8_t>(parameters.proofs));
  out.put<uint8_t>(static_cast<uint8_t>(parameters.norm_equality_proofs));
  out.put<uint16_t>(static_cast<uint16_t>(parameters.wraparound_checks));
  out.put<uint16_t>(static_cast<uint16_t>(parameters.wraparound_successes));
  out.put<double>(parameters.alpha);
  return std::move(out).bytes();
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_task_pine(const Task& task, PineInstance instance) {
  SOTTO_TRY(const PineParameters parameters, read_pine(task));
  SOTTO_CHECK_OK(require_no_device_noise(task));
  SOTTO_TRY(const PineSecurity security, pine_security(instance, parameters));
  if (!(security.zero_knowledge >= kLeastZeroKnowledge))
    return invalid("task: PINE's zero knowledge is below the least");
  if (!(security.wraparound_soundness >= kLeastOfflineSoundness &&
        security.proof_soundness >= kLeastOfflineSoundness &&
        security.norm_equality_soundness >= kLeastOnlineSoundness))
    return invalid("task: PINE's soundness is below the least");
  return make_pine<Interface>(instance, parameters);
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_sum(const Task& task) {
  if (!task.vdaf_parameters.empty()) return invalid("task: sum has no parameters");
  using Half = std::conditional_t<std::is_same_v<Interface, Vdaf>, Sum, SumClient>;
  SOTTO_TRY(Half sum, Half::create(task.dimension));
  return std::unique_ptr<const Interface>(std::make_unique<Half>(std::move(sum)));
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_count(const Task& task) {
  SOTTO_CHECK_OK(require_dimension_one(task));
  SOTTO_CHECK_OK(require_bound(task, 1));
  if (!task.vdaf_parameters.empty()) return invalid("task: Prio3Count has no parameters");
  return make_prio3_count<Interface>(context());
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_task_sum(const Task& task) {
  SOTTO_TRY(const auto numbers, read_numbers<1>(task));
  const double max = numbers[0];
  SOTTO_CHECK_OK(require_dimension_one(task));
  SOTTO_CHECK_OK(require_bound(task, max * max));
  return make_prio3_sum<Interface>(numbers[0], context());
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_sum_vec(const Task& task) {
  SOTTO_TRY(const auto numbers, read_numbers<2>(task));
  const double max = numbers[0];
  SOTTO_CHECK_OK(require_bound(task, task.dimension * max * max));
  return make_prio3_sum_vec<Interface>(task.dimension, numbers[0], numbers[1], context());
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_histogram(const Task& task) {
  SOTTO_TRY(const auto numbers, read_numbers<1>(task));
  SOTTO_CHECK_OK(require_bound(task, 2));
  return make_prio3_histogram<Interface>(task.dimension, numbers[0], context());
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_multihot(const Task& task) {
  SOTTO_TRY(const auto numbers, read_numbers<2>(task));
  SOTTO_CHECK_OK(require_bound(task, numbers[0]));
  return make_prio3_multihot_count_vec<Interface>(task.dimension, numbers[0], numbers[1],
                                                  context());
}

template <class Interface>
Result<std::unique_ptr<const Interface>> make_proven(const Task& task) {
  if (const auto instance = pine_instance(task.vdaf))
    return make_task_pine<Interface>(task, *instance);
  switch (task.vdaf) {
    case VdafId::kPrio3Count: return make_count<Interface>(task);
    case VdafId::kPrio3Sum: return make_task_sum<Interface>(task);
    case VdafId::kPrio3SumVec: return make_sum_vec<Interface>(task);
    case VdafId::kPrio3Histogram: return make_histogram<Interface>(task);
    case VdafId::kPrio3MultihotCountVec: return make_multihot<Interface>(task);
    default: break;
  }
  return Error{ErrorCode::kUnsupported, "task: unknown vdaf"};
}

/// The half that Interface asks for: Vdaf or VdafClient.
template <class Interface>
Result<std::unique_ptr<const Interface>> make(const Task& task) {
  if (task.vdaf == VdafId::kSumField32) return make_sum<Interface>(task);
  if constexpr (kDeviceProofs || std::is_same_v<Interface, Vdaf>)
    return make_proven<Interface>(task);
  return Error{ErrorCode::kUnsupported, "task: unknown vdaf"};
}

}  // namespace

Result<VdafPointer> make_vdaf(const Task& task) { return make<Vdaf>(task); }
Result<VdafClientPointer> make_vdaf_client(const Task& task) { return make<VdafClient>(task); }

Status use_pine(Task& task, PineInstance instance, const PineTarget& target) {
  SOTTO_TRY(const PineParameters parameters,
            choose_pine_parameters(instance, task.dimension, static_cast<uint64_t>(task.grid.bound),
                                   target));
  task.vdaf = pine_id(instance);
  task.vdaf_parameters = write_pine(parameters);
  return {};
}

Status use_prio3_histogram(Task& task) {
  if (task.dimension < 2) return invalid("task: a histogram has at least two buckets");
  ByteWriter out;
  out.put<uint32_t>(static_cast<uint32_t>(prio3_chunk_length(task.dimension)));
  task.vdaf = VdafId::kPrio3Histogram;
  task.vdaf_parameters = std::move(out).bytes();
  return {};
}

std::vector<int32_t> nothing_to_say(const Task& task) {
  std::vector<int32_t> measurement(task.dimension);
  if (task.vdaf == VdafId::kPrio3Histogram && !measurement.empty()) measurement[0] = 1;
  return measurement;
}

}  // namespace sotto
