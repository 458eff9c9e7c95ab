// The measurements of edge.mjs through the same C ABI, natively. Prints JSON for edge_bench.mjs.
//   bench_edge DIR full|quick ITEMS...      DIR/ITEMS and DIR/contribution: files of make_site
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "capi.h"
#include "requests.hpp"
#include "results.hpp"

using namespace sotto;

namespace {

constexpr double kNow = 1'700'000'640'000;
constexpr uint32_t kHistory = 200;

Bytes read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "bench_edge: cannot read %s\n", path.c_str());
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

double milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

uint32_t size_of(const Bytes& bytes) { return static_cast<uint32_t>(bytes.size()); }

class Visitor {
 public:
  explicit Visitor(const std::string& folder) : folder_(folder) {
    ByteWriter options;
    put_text(options, "shop.example");
    options.put_bytes(read(folder + "/identities.bin"));
    options.put<uint8_t>(0);
    for (const double rho : {8.0, 8.0}) options.put<double>(rho);
    options.put<int64_t>(0);
    options.put<double>(0);
    for (int i = 0; i < 3; ++i) options.put<uint32_t>(0);
    options.put<uint64_t>(uint64_t{1} << 30);
    options.put<uint8_t>(0);
    const Bytes& bytes = options.bytes();
    must(sotto_device_open(device_, bytes.data(), size_of(bytes), nullptr, 0, kNow, &result_));
    const Bytes manifest = read(folder + "/manifest.bin"), model = read(folder + "/snapshot.bin"),
                catalogue = read(folder + "/catalogue.bin");
    must(sotto_model_load(device_, manifest.data(), size_of(manifest), model.data(), size_of(model),
                          catalogue.data(), size_of(catalogue), nullptr, 0, kNow, &result_));
  }
  ~Visitor() { sotto_device_close(device_); }
  Visitor(const Visitor&) = delete;
  Visitor& operator=(const Visitor&) = delete;

  void like(uint64_t item, double at) {
    ByteWriter event;
    event.put<EventType>(EventType::kLike);
    event.put<uint8_t>(1);
    event.put<int64_t>(static_cast<int64_t>(at));
    event.put<double>(1);
    put_text(event, "item-" + std::to_string(item));
    put_text(event, "");
    const Bytes& bytes = event.bytes();
    must(sotto_event_track(device_, bytes.data(), size_of(bytes), at, &result_));
    must(result_.data[0]);  // dropped
  }
  void recommend(double at) {
    ByteWriter request;
    request.put<uint32_t>(50);
    request.put<float>(0);
    request.put<float>(0.5F);
    request.put<uint8_t>(0);
    put_text(request, "");
    request.put<uint8_t>(0);
    const Bytes& bytes = request.bytes();
    must(sotto_items_recommend(device_, bytes.data(), size_of(bytes), at, &result_));
  }
  double contribute(const char* task, double at) {
    const Bytes file = read(folder_ + '/' + task + ".bin"),
                leader = read(folder_ + "/leader-key.bin"),
                helper = read(folder_ + "/helper-key.bin");
    const double time = milliseconds([&] {
      must(sotto_task_contribute(device_, file.data(), size_of(file), leader.data(),
                                 size_of(leader), helper.data(), size_of(helper), at, &result_));
    });
    must(result_.data[0] - static_cast<int>(Participation::kReport));
    return time;
  }

 private:
  void must(int32_t code) {
    if (code == 0) return;
    sotto_bytes message;
    sotto_last_error(device_, &message);
    std::fprintf(stderr, "bench_edge: %d %.*s\n", code, static_cast<int>(message.size),
                 reinterpret_cast<const char*>(message.data));
    std::exit(1);
  }

  std::string folder_;
  sotto_device* device_ = sotto_device_create();
  sotto_bytes result_{};
};

void measure_lists(const std::string& folder, const char* size, int repeats) {
  const uint64_t n_items = std::strtoull(size, nullptr, 10);
  Visitor visitor(folder + '/' + size);
  Random random(n_items);
  std::vector<uint64_t> items;
  for (uint64_t i = 0; i < kHistory; ++i)
    items.push_back(i * (n_items / kHistory) + random.below(n_items / kHistory));
  double at = kNow;
  for (const uint64_t item : items) visitor.like(item, at += 2000);
  std::vector<double> track, list;
  for (int r = -5; r < repeats; ++r) {
    at += 2000;
    const uint64_t item = items[static_cast<size_t>(random.below(kHistory))];
    const double tracked = milliseconds([&] { visitor.like(item, at); });
    const double listed = milliseconds([&] { visitor.recommend(at); });
    if (r < 0) continue;
    track.push_back(tracked);
    list.push_back(listed);
  }
  std::printf("\"track %s\": %g, \"list %s\": %g, ", size, median(track), size, median(list));
}

double measure_contribution(const std::string& folder, const char* task, int repeats) {
  std::vector<double> times;
  for (int r = 0; r < repeats; ++r) {
    Visitor visitor(folder + "/contribution");
    for (uint32_t i = 0; i < kHistory; ++i) visitor.like(11 * i, kNow + 2000 * i);
    times.push_back(visitor.contribute(task, kNow + 2000 * kHistory));
  }
  return median(times);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 1;
  const bool quick = std::strcmp(argv[2], "quick") == 0;
  std::printf("{");
  for (int i = 3; i < argc; ++i)
    measure_lists(argv[1], argv[i], quick ? 5 : std::strlen(argv[i]) < 7 ? 200 : 40);
  std::printf("\"task\": %g, ", measure_contribution(argv[1], "task", quick ? 2 : 20));
  std::printf("\"task-device-noise\": %g}\n",
              measure_contribution(argv[1], "task-device-noise", quick ? 2 : 20));
  return 0;
}
