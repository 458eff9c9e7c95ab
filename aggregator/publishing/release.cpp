#include "base/bytes.hpp"
#include "protocol/fields.hpp"
#include "publishing/course.hpp"
#include "publishing/stored.hpp"

namespace sotto {
namespace {

constexpr StoredKind kRelease{"sotto release", 1, "release"};
// A task's fields besides its layout parameters take less than 1 kB.
constexpr uint64_t kMaxTaskFile = Task::kMaxLayoutParameters + 4096;

}  // namespace

Bytes encode_release(const StoredRelease& release) {
  ByteWriter out;
  out.reserve(release.task_file.size() + release.sum.size() * sizeof(int64_t) + 128);
  begin_record(out, kRelease);
  out.put<uint64_t>(release.number);
  out.put_bytes(release.task);
  out.put_array(std::span<const uint8_t>(release.task_file));
  out.put<uint64_t>(release.reports);
  out.put_array(std::span<const int64_t>(release.sum));
  return std::move(out).bytes();
}

Result<StoredRelease> decode_release(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  SOTTO_CHECK_OK(begin_record(in, kRelease));
  StoredRelease release;
  SOTTO_TRY(release.number, in.get<uint64_t>("release: number"));
  SOTTO_CHECK_OK(get_array(in, release.task, "release: task id"));
  SOTTO_TRY(release.task_file, in.get_array<uint8_t>(kMaxTaskFile, "release: task file"));
  SOTTO_TRY(release.reports, in.get<uint64_t>("release: reports"));
  SOTTO_TRY(release.sum, in.get_array<int64_t>(StoredRelease::kMaxDimension, "release: sum"));
  SOTTO_CHECK_OK(in.finish("release"));
  if (sha256(release.task_file) != release.task)
    return Error{ErrorCode::kMalformed, "release: the task id is not that of the task file"};
  return release;
}

}  // namespace sotto
