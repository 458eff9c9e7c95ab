#include "protocol/signed_task.hpp"

#include <algorithm>
#include <utility>

#include "crypto/hash.hpp"

namespace sotto {
namespace {

constexpr DomainTag kPublisherDomain = "task v1";
constexpr DomainTag kHelperDomain = "task countersigned v1";
constexpr size_t kSignature = std::tuple_size_v<Signature>;

void append(Bytes& bytes, const Signature& signature) {
  bytes.insert(bytes.end(), signature.begin(), signature.end());
}

// Takes the signature off the end. Requires that there is one.
Signature split_signature(std::span<const uint8_t>& bytes) {
  Signature signature;
  std::copy_n(bytes.last(kSignature).begin(), kSignature, signature.begin());
  bytes = bytes.first(bytes.size() - kSignature);
  return signature;
}

Result<Task> open_signed_task(std::span<const uint8_t> bytes, const PinnedSite& pinned) {
  if (bytes.size() < kSignature) return Error{ErrorCode::kMalformed, "task: too short"};
  const Signature signature = split_signature(bytes);
  SOTTO_TRY(Task task, decode_task(bytes));
  SOTTO_CHECK_OK(verify_signature(pinned.publisher, kPublisherDomain, bytes, signature));
  if (task.site != pinned.site) return Error{ErrorCode::kAuthentication, "task: of another site"};
  return task;
}

}  // namespace

Result<Bytes> sign_task(const Identity& publisher, const Task& task) {
  SOTTO_TRY(Bytes bytes, encode_task(task));
  append(bytes, publisher.sign(kPublisherDomain, bytes));
  return bytes;
}

Result<Bytes> countersign_task(const Identity& helper, const PinnedSite& pinned,
                               const Floors& floors, std::span<const uint8_t> signed_task,
                               int64_t now_ms) {
  SOTTO_TRY(const Task task, open_signed_task(signed_task, pinned));
  SOTTO_CHECK_OK(floors.check(task));
  if (now_ms >= task.window_end_ms) return Error{ErrorCode::kExpired, "task: its window is over"};
  Bytes file(signed_task.begin(), signed_task.end());
  append(file, helper.sign(kHelperDomain, signed_task));
  return file;
}

Result<VerifiedTask> VerifiedTask::open(std::span<const uint8_t> file, const PinnedSite& pinned) {
  if (file.size() < kTaskSignatures) return Error{ErrorCode::kMalformed, "task: too short"};
  std::span<const uint8_t> signed_task = file;
  const Signature countersignature = split_signature(signed_task);
  SOTTO_TRY(Task task, open_signed_task(signed_task, pinned));
  SOTTO_CHECK_OK(verify_signature(pinned.helper, kHelperDomain, signed_task, countersignature));
  return VerifiedTask(std::move(task), sha256(file));
}

Result<SignedKey> open_task_key(std::span<const uint8_t> bytes, const IdentityKey& identity,
                                KeyRole role, const KeyId& named, int64_t now_ms) {
  SOTTO_TRY(const SignedKey key, open_signed_key(bytes, identity, role, now_ms));
  if (key.id() != named)
    return Error{ErrorCode::kAuthentication, "signed key: not the one that the task names"};
  return key;
}

}  // namespace sotto
