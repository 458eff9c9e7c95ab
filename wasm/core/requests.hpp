// The requests of capi.h: from bytes to values.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/keyed_record.hpp"
#include "base/result.hpp"
#include "device/device.hpp"

namespace sotto {

/// What sotto_device_open is given.
struct OpenOptions {
  static constexpr uint64_t kDefaultMemoryBudget = uint64_t{256} << 20;

  DeviceOptions device;
  uint64_t memory_budget = kDefaultMemoryBudget;
};

/// A request for a list, with the caller's filter as rows of the model.
struct ListRequest {
  RecommendRequest request;
  std::vector<uint8_t> allowed;  ///< 0 or 1 a row; empty: all. request.allowed: for the caller.
};

struct ExplainRequest {
  static constexpr uint32_t kMostReasons = 100;

  std::string item;
  uint32_t n_reasons = 0;
};

/// All decoders: kMalformed for bytes that end too early or are left over, kInvalidArgument for
/// values that are none.
Result<OpenOptions> decode_options(std::span<const uint8_t> bytes);
Result<std::vector<KeyedRecord>> decode_records(std::span<const uint8_t> bytes);
/// Those of the two files, when there are any bytes.
Status decode_hashes(std::span<const uint8_t> bytes, ModelFiles& files);
/// Whatever can be read is an event: whether it is a good one is cleaning's business.
Result<Event> decode_event_request(std::span<const uint8_t> bytes);
Result<ListRequest> decode_list_request(ByteReader& in, const ItemIndex& items);
Result<ExplainRequest> decode_explain_request(std::span<const uint8_t> bytes);
/// u16 length | bytes.
Result<std::string> get_text(ByteReader& in, const char* what);

}  // namespace sotto
