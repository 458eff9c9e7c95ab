// What durable records cost, by the size of SQLite's pages: many small records and few large ones,
// beside a plain file that gets the same bytes with one fdatasync a group.
//   bench_store [FOLDER]      on the disk that matters; by default the folder for temporary files
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "store/sqlite_store.hpp"

using namespace sotto;

namespace {

using Group = std::vector<StoreChange>;

struct Workload {
  const char* name;
  size_t n_groups, n_records;      ///< Records put by one group, which is one commit.
  size_t least_bytes, most_bytes;  ///< Of a record.
  size_t n_kept;                   ///< Groups that stay: older ones are deleted with the new.
};

// One change that waits for nobody; ids of reports and jobs with their states; reports themselves
// as they wait for their job, of which a group of the queue holds 16 (8 MiB).
constexpr Workload kLoads[] = {{"single", 1000, 1, 50, 1000, 1000},
                               {"small", 200, 512, 50, 1000, 200},
                               {"large", 60, 16, 500'000, 500'000, 20}};

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "bench_store: %s\n", message.c_str());
  std::exit(1);
}

void must(const Status& status) {
  if (!status.ok()) fail(status.error().message);
}

// What this process has sent to disks so far; 0 where the system does not tell.
double written_bytes() {
  std::ifstream file("/proc/self/io");
  std::string name;
  double value = 0;
  while (file >> name >> value)
    if (name == "write_bytes:") return value;
  return 0;
}

std::string random_key(Random& random) {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random.next()),
                static_cast<unsigned long long>(random.next()));
  return text;
}

Group puts_of(const Workload& load, Random& random) {
  Group group;
  for (size_t i = 0; i < load.n_records; ++i) {
    Bytes bytes(load.least_bytes +
                static_cast<size_t>(random.below(load.most_bytes - load.least_bytes + 1)));
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random.next());
    group.push_back({"space", {random_key(random), std::move(bytes)}});
  }
  return group;
}

// The groups of a workload, one after the other; the same ones whenever it begins.
class Traffic {
 public:
  explicit Traffic(const Workload& load) : load_(load), random_(1) {}
  Group next() {
    Group group = puts_of(load_, random_);
    std::vector<std::string> keys;
    for (const auto& change : group) keys.push_back(change.record.key);
    kept_.push_back(std::move(keys));
    if (kept_.size() > load_.n_kept) {
      for (auto& key : kept_.front()) group.push_back({"space", {std::move(key), std::nullopt}});
      kept_.erase(kept_.begin());
    }
    return group;
  }

 private:
  const Workload& load_;
  Random random_;
  std::vector<std::vector<std::string>> kept_;
};

struct Figures {
  double bytes = 0, written = 0;
  std::vector<double> times;  ///< Of each group.
};

Figures measure(const Workload& load, const std::function<void(const Group&)>& commit) {
  Traffic traffic(load);
  Figures figures;
  const double before = written_bytes();
  for (size_t i = 0; i < load.n_groups; ++i) {
    const Group group = traffic.next();
    for (const auto& change : group)
      if (change.record.bytes) figures.bytes += static_cast<double>(change.record.bytes->size());
    figures.times.push_back(seconds([&] { commit(group); }));
  }
  figures.written = written_bytes() - before;
  return figures;
}

void print(const Workload& load, const char* what, Figures figures, double read_seconds) {
  double total = 0;
  for (const double time : figures.times) total += time;
  std::sort(figures.times.begin(), figures.times.end());
  const size_t n = figures.times.size();
  const double records = static_cast<double>(load.n_groups * load.n_records);
  std::printf("%-6s %-22s %9.0f %7.1f %8.2f %8.2f %8.2f", load.name, what, records / total,
              figures.bytes / total / 1e6, figures.times[n / 2] * 1e3,
              figures.times[n * 99 / 100] * 1e3, figures.written / figures.bytes);
  if (read_seconds > 0) std::printf(" %8.1f", read_seconds * 1e3);
  std::printf("\n");
  std::fflush(stdout);
}

void measure_file(const Workload& load, const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) fail("cannot write " + path);
  const Figures figures = measure(load, [&](const Group& group) {
    for (const auto& change : group) {
      if (!change.record.bytes) continue;
      const Bytes& bytes = *change.record.bytes;
      if (::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        fail("cannot write " + path);
    }
    if (::fdatasync(file) != 0) fail("cannot write " + path);
  });
  ::close(file);
  std::filesystem::remove(path);
  print(load, "file, fdatasync", figures, 0);
}

void measure_store(const Workload& load, const std::string& path, uint32_t page_size) {
  SqliteOptions options;
  options.page_size = page_size;
  {
    auto store = open_sqlite_store(path, StoreAccess::kServe, true, options);
    if (!store.ok()) fail(store.error().message);
    const Figures figures =
        measure(load, [&](const Group& group) { must((*store)->commit(group)); });
    const double read = seconds([&] {
      const auto records = (*store)->list("space", "");
      if (!records.ok() || records->size() != load.n_kept * load.n_records) fail("records missing");
    });
    print(load, ("store, pages of " + std::to_string(page_size)).c_str(), figures, read);
  }
  for (const char* suffix : {"", ".lock"}) std::filesystem::remove(path + suffix);
}

}  // namespace

int main(int argc, char** argv) {
  const std::filesystem::path folder =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) /
      ("bench_store_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  for (const Workload& load : kLoads)
    std::printf(
        "%-6s %zu commits of %zu new records of %zu to %zu bytes; those of %zu commits stay\n",
        load.name, load.n_groups, load.n_records, load.least_bytes, load.most_bytes, load.n_kept);
  std::printf("written: bytes sent to the disk for each byte put. list: all that stay\n");
  std::printf("%-6s %-22s %9s %7s %8s %8s %8s %8s\n", "", "", "records/s", "MB/s", "ms", "ms, 99%",
              "written", "list, ms");
  for (const Workload& load : kLoads)
    for (const uint32_t page_size : {4096U, 8192U, 16384U, 32768U}) {
      measure_file(load, (folder / "file").string());
      measure_store(load, (folder / "store").string(), page_size);
    }
  std::filesystem::remove_all(folder);
  return 0;
}
