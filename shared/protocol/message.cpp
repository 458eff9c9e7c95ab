#include "protocol/message.hpp"

#include "protocol/fields.hpp"

namespace sotto {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

void put_header(ByteWriter& out, MessageType type, const TaskId& task) {
  out.put(type);
  out.put<uint8_t>(kVersion);
  out.put_bytes(task);
}

Status get_header(ByteReader& in, MessageType type, const TaskId& task) {
  SOTTO_TRY(const auto message, in.get<MessageType>("message: type"));
  if (message != type) return {ErrorCode::kMalformed, "message: not the expected one"};
  SOTTO_TRY(const auto version, in.get<uint8_t>("message: version"));
  if (version != kVersion) return {ErrorCode::kUnsupported, "message: unknown version"};
  TaskId named;
  SOTTO_CHECK_OK(get_array(in, named, "message: task id"));
  if (named != task) return {ErrorCode::kAuthentication, "message: of another task"};
  return {};
}

Result<Bytes> get_bytes(ByteReader& in, size_t size, const char* what) {
  SOTTO_TRY(const auto bytes, in.get_bytes(size, what));
  return Bytes(bytes.begin(), bytes.end());
}

Bytes hpke_info(std::string_view protocol, Role sender, Role recipient) {
  ByteWriter out;
  out.put_bytes({reinterpret_cast<const uint8_t*>(protocol.data()), protocol.size()});
  out.put(sender);
  out.put(recipient);
  return std::move(out).bytes();
}

}  // namespace sotto
