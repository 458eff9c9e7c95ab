#include "crypto/hash.hpp"
#include "publishing/course.hpp"
#include "publishing/site.hpp"

namespace sotto {
namespace {

StoredRelease example() {
  StoredRelease release;
  release.number = 7;
  release.task_file = {1, 2, 3};
  release.task = sha256(release.task_file);
  release.reports = 1234;
  release.sum = {0, -1, INT64_MAX, INT64_MIN};
  return release;
}

TEST_CASE("a stored release is read as it was") {
  const StoredRelease release = example();
  const auto back = decode_release(encode_release(release));
  REQUIRE(back.ok());
  CHECK(back->number == release.number);
  CHECK(back->task == release.task);
  CHECK(back->task_file == release.task_file);
  CHECK(back->reports == release.reports);
  CHECK(back->sum == release.sum);
}

TEST_CASE("releases that are cut, extended or of another version are refused") {
  const Bytes bytes = encode_release(example());
  for (size_t length = 0; length < bytes.size(); ++length)
    CHECK(decode_release(std::span(bytes).first(length)).error().code == ErrorCode::kMalformed);
  Bytes longer = bytes;
  longer.push_back(0);
  CHECK(decode_release(longer).error().code == ErrorCode::kMalformed);
  const size_t version = std::string_view("sotto release").size();
  Bytes other = bytes;
  ++other[version];
  CHECK(decode_release(other).error().code == ErrorCode::kUnsupported);
  other = bytes;
  ++other[0];
  CHECK(decode_release(other).error().code == ErrorCode::kMalformed);
  other = bytes;
  ++other[version + 1 + 8];  // the task id
  CHECK(decode_release(other).error().code == ErrorCode::kMalformed);
}

TEST_CASE("lengths are checked before anything is allocated") {
  Bytes bytes = encode_release(example());
  const size_t task_file_length = std::string_view("sotto release").size() + 1 + 8 + 32;
  for (size_t j = 0; j < 8; ++j) bytes[task_file_length + j] = 0xFF;
  CHECK(decode_release(bytes).error().code == ErrorCode::kMalformed);
  bytes = encode_release(example());
  const size_t sum_length = task_file_length + 8 + 3 + 8;
  for (size_t j = 0; j < 7; ++j) bytes[sum_length + j] = 0xFF;
  CHECK(decode_release(bytes).error().code == ErrorCode::kMalformed);
}

}  // namespace
}  // namespace sotto
