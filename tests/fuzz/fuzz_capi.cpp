// The C ABI under arbitrary requests: it answers with a code, and what it opened it saves and opens
// again. The first byte of an input says which call. (Calls that need a model: tests/wasm.)
#include "base/bytes.hpp"
#include "capi.h"
#include "events/event.hpp"
#include "requests.hpp"
#include "results.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr double kNow = 1'700'000'640'000;
constexpr uint8_t kCalls = 5;

Bytes options() {
  ByteWriter out;
  put_text(out, "shop.example");
  out.put_bytes(Bytes(3 * 32, 7));
  out.put_bytes(Bytes(1 + 8 + 8 + 8 + 8 + 4 + 4 + 4 + 8 + 1, 0));
  return std::move(out).bytes();
}

Bytes event() {
  ByteWriter out;
  out.put<EventType>(EventType::kRating);
  out.put<uint8_t>(1);
  out.put<int64_t>(static_cast<int64_t>(kNow));
  out.put<double>(4);
  put_text(out, "item-1");
  put_text(out, "session");
  return std::move(out).bytes();
}

Bytes list_request(uint8_t filter) {
  ByteWriter out;
  out.put<uint32_t>(10);
  out.put<float>(0.5F);
  out.put<float>(0.5F);
  out.put<uint8_t>(1);
  put_text(out, "item-1");
  out.put<uint8_t>(filter);
  out.put<uint32_t>(2);
  put_text(out, "item-0");
  put_text(out, "item-2");
  return std::move(out).bytes();
}

const ItemIndex& items() {
  static const ItemIndex kItems = [] {
    ItemIndex index;
    for (const char* id : {"item-0", "item-1", "item-2"}) must(index.add(id).ok(), "a good id");
    return index;
  }();
  return kItems;
}

Bytes copy_of(const sotto_bytes& result) { return {result.data, result.data + result.size}; }

class Opened {
 public:
  explicit Opened(const Bytes& records = {}) {
    const Bytes opened_with = options();
    code_ =
        sotto_device_open(device_, opened_with.data(), static_cast<uint32_t>(opened_with.size()),
                          records.data(), static_cast<uint32_t>(records.size()), kNow, &result_);
  }
  ~Opened() { sotto_device_close(device_); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  sotto_device* device() const { return device_; }
  int32_t code() const { return code_; }
  Bytes save() {
    must(sotto_device_save(device_, &result_) == 0, "an open device can be saved");
    return copy_of(result_);
  }

 private:
  sotto_device* device_ = sotto_device_create();
  sotto_bytes result_{};
  int32_t code_ = 0;
};

void try_records(const Bytes& records) {
  Opened first(records);
  if (first.code() != 0) return;
  Opened second(first.save());
  must(second.code() == 0 && second.save() == first.save(), "what is saved is what is opened");
}

void try_call(uint8_t call, std::span<const uint8_t> bytes) {
  const auto size = static_cast<uint32_t>(bytes.size());
  sotto_bytes result;
  switch (call) {
    case 0: {
      Opened opened;
      const int32_t code =
          sotto_device_open(opened.device(), bytes.data(), size, nullptr, 0, kNow, &result);
      must((code == 0) == (result.data != nullptr), "a result or a code");
      return;
    }
    case 1: return try_records({bytes.begin(), bytes.end()});
    case 2: {
      Opened opened;
      const int32_t code = sotto_event_track(opened.device(), bytes.data(), size, kNow, &result);
      must((code == 0) == (result.data != nullptr), "a result or a code");
      must(sotto_event_settle(opened.device(), &result) == 0, "what is due can be done");
      return;
    }
    case 3: {
      ByteReader in(bytes);
      const auto list = decode_list_request(in, items());
      must(!list.ok() || list->allowed.empty() || list->allowed.size() == 3, "a row an item");
      return;
    }
    default: (void)decode_explain_request(bytes);
  }
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  Opened opened;
  const Bytes tracked = event();
  sotto_bytes result;
  must(sotto_event_track(opened.device(), tracked.data(), static_cast<uint32_t>(tracked.size()),
                         kNow, &result) == 0,
       "a good event");
  std::vector<Bytes> seeds{options(),
                           opened.save(),
                           tracked,
                           list_request(1),
                           {6, 0, 'i', 't', 'e', 'm', '-', '1', 3, 0, 0, 0}};
  for (uint8_t call = 0; call < kCalls; ++call) seeds[call].insert(seeds[call].begin(), call);
  for (const uint8_t filter : {uint8_t{0}, uint8_t{2}, uint8_t{3}}) {
    seeds.push_back(list_request(filter));
    seeds.back().insert(seeds.back().begin(), uint8_t{3});
  }
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try_call(data[0] % kCalls, {data + 1, size - 1});
  return 0;
}
