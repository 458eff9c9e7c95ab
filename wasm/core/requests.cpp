#include "requests.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "capi.h"

namespace sotto {
namespace {

enum class FilterKind : uint8_t { kNone = 0, kAllBut = 1, kOnly = 2, kRows = 3 };

Error invalid(const char* message) { return {ErrorCode::kInvalidArgument, message}; }

Result<bool> get_flag(ByteReader& in, const char* what) {
  SOTTO_TRY(const auto byte, in.get<uint8_t>(what));
  if (byte > 1) return Error{ErrorCode::kInvalidArgument, what, "must be 0 or 1"};
  return byte == 1;
}

// A key or a hash.
Status get_32_bytes(ByteReader& in, std::array<uint8_t, 32>& out, const char* what) {
  SOTTO_TRY(const auto bytes, in.get_bytes(out.size(), what));
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return {};
}

// Zero stands for what is there already.
template <Plain T>
Status get_unless_zero(ByteReader& in, T& value, const char* what) {
  SOTTO_TRY(const auto given, in.get<T>(what));
  if (given != T{}) value = given;
  return {};
}

Status get_limits(ByteReader& in, DeviceOptions& options) {
  SOTTO_CHECK_OK(get_unless_zero(in, options.limits.window_rho, "window rho"));
  SOTTO_CHECK_OK(get_unless_zero(in, options.limits.lifetime_rho, "lifetime rho"));
  SOTTO_CHECK_OK(get_unless_zero(in, options.limits.window_ms, "window"));
  SOTTO_CHECK_OK(get_unless_zero(in, options.participation, "participation"));
  SOTTO_CHECK_OK(get_unless_zero(in, options.least_history, "least history"));
  SOTTO_CHECK_OK(get_unless_zero(in, options.log_limits.max_events, "most events"));
  return get_unless_zero(in, options.log_limits.max_summaries, "most summaries");
}

Result<std::vector<uint8_t>> get_rows(ByteReader& in, uint32_t n_rows) {
  SOTTO_TRY(const auto n, in.get<uint32_t>("filter: rows"));
  if (n != n_rows) return invalid("filter: not one bit a row of the model");
  SOTTO_TRY(const auto bits, in.get_bytes((size_t{n} + 7) / 8, "filter: rows"));
  std::vector<uint8_t> allowed(n);
  for (uint32_t row = 0; row < n; ++row) allowed[row] = (bits[row / 8] >> (row % 8) & 1) != 0;
  return allowed;
}

Result<std::vector<uint8_t>> get_filter(ByteReader& in, const ItemIndex& items) {
  SOTTO_TRY(const auto kind, in.get<FilterKind>("filter"));
  if (kind == FilterKind::kNone) return std::vector<uint8_t>();
  if (kind == FilterKind::kRows) return get_rows(in, items.size());
  if (kind != FilterKind::kAllBut && kind != FilterKind::kOnly)
    return invalid("filter: must be 0 .. 3");
  const bool listed = kind == FilterKind::kOnly;
  std::vector<uint8_t> allowed(items.size(), !listed);
  SOTTO_TRY(const auto n, in.get<uint32_t>("filter: ids"));
  for (uint32_t i = 0; i < n; ++i) {
    SOTTO_TRY(const auto id, get_text(in, "filter: ids"));
    if (const auto row = items.find(id); row.has_value()) allowed[*row] = listed;
  }
  return allowed;
}

}  // namespace

Result<std::string> get_text(ByteReader& in, const char* what) {
  SOTTO_TRY(const auto size, in.get<uint16_t>(what));
  SOTTO_TRY(const auto bytes, in.get_bytes(size, what));
  return std::string(bytes.begin(), bytes.end());
}

Result<OpenOptions> decode_options(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  OpenOptions options;
  PinnedSite& pinned = options.device.pinned;
  SOTTO_TRY(pinned.site, get_text(in, "site"));
  if (!is_site_name(pinned.site))
    return invalid("site: must be 1 .. 253 printable characters without space");
  SOTTO_CHECK_OK(get_32_bytes(in, pinned.publisher, "publisher"));
  SOTTO_CHECK_OK(get_32_bytes(in, pinned.leader, "leader"));
  SOTTO_CHECK_OK(get_32_bytes(in, pinned.helper, "helper"));
  SOTTO_TRY(const bool demo, get_flag(in, "floors"));
  if (demo) options.device.floors = {SOTTO_DEMO_MIN_BATCH, SOTTO_DEMO_MIN_Z, true};
  SOTTO_CHECK_OK(get_limits(in, options.device));
  SOTTO_CHECK_OK(get_unless_zero(in, options.memory_budget, "memory budget"));
  SOTTO_TRY(const bool plain, get_flag(in, "without fine-tuning"));
  if (plain) options.device.fine_tuning.reset();
  SOTTO_CHECK_OK(in.finish("options"));
  return options;
}

Result<std::vector<KeyedRecord>> decode_records(std::span<const uint8_t> bytes) {
  std::vector<KeyedRecord> records;
  if (bytes.empty()) return records;
  ByteReader in(bytes);
  SOTTO_TRY(const auto n, in.get<uint32_t>("records"));
  for (uint32_t i = 0; i < n; ++i) {
    KeyedRecord record;
    SOTTO_TRY(record.key, get_text(in, "records: key"));
    SOTTO_TRY(const bool deleted, get_flag(in, "records: deleted"));
    if (deleted) return invalid("records: what is deleted is not stored");
    SOTTO_TRY(const auto size, in.get<uint32_t>("records: length"));
    SOTTO_TRY(const auto value, in.get_bytes(size, "records: bytes"));
    record.bytes.emplace(value.begin(), value.end());
    records.push_back(std::move(record));
  }
  SOTTO_CHECK_OK(in.finish("records"));
  return records;
}

Status decode_hashes(std::span<const uint8_t> bytes, ModelFiles& files) {
  if (bytes.empty()) return {};
  ByteReader in(bytes);
  SOTTO_CHECK_OK(get_32_bytes(in, files.snapshot_hash.emplace(), "hashes: snapshot"));
  SOTTO_CHECK_OK(get_32_bytes(in, files.catalogue_hash.emplace(), "hashes: catalogue"));
  return in.finish("hashes");
}

Result<Event> decode_event_request(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  Event event;
  SOTTO_TRY(event.type, in.get<EventType>("event: type"));
  SOTTO_TRY(const bool has_value, get_flag(in, "event: has value"));
  SOTTO_TRY(event.timestamp_ms, in.get<int64_t>("event: timestamp"));
  SOTTO_TRY(const auto value, in.get<double>("event: value"));
  if (has_value) {
    event.value = value;
  } else {
    event.value.reset();
  }
  SOTTO_TRY(event.item, get_text(in, "event: item"));
  SOTTO_TRY(event.session, get_text(in, "event: session"));
  SOTTO_CHECK_OK(in.finish("event"));
  return event;
}

Result<ListRequest> decode_list_request(ByteReader& in, const ItemIndex& items) {
  ListRequest list;
  SOTTO_TRY(list.request.count, in.get<uint32_t>("count"));
  SOTTO_TRY(list.request.diversity, in.get<float>("diversity"));
  SOTTO_TRY(list.request.dislike_strength, in.get<float>("dislike strength"));
  SOTTO_TRY(list.request.include_seen, get_flag(in, "include seen"));
  SOTTO_TRY(const auto context, get_text(in, "context item"));
  if (!context.empty()) list.request.context_item = items.find(context);
  SOTTO_TRY(list.allowed, get_filter(in, items));
  SOTTO_CHECK_OK(in.finish("request"));
  return list;
}

Result<ExplainRequest> decode_explain_request(std::span<const uint8_t> bytes) {
  ByteReader in(bytes);
  ExplainRequest request;
  SOTTO_TRY(request.item, get_text(in, "item"));
  SOTTO_TRY(request.n_reasons, in.get<uint32_t>("reasons"));
  if (request.n_reasons < 1 || request.n_reasons > ExplainRequest::kMostReasons)
    return invalid("reasons: must be 1 .. 100");
  SOTTO_CHECK_OK(in.finish("request"));
  return request;
}

}  // namespace sotto
