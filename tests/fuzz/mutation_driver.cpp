// A fuzzer for compilers without libFuzzer: every truncation and every changed byte of the seeds,
// then random mutations, the same in every run.
// 20,000 of them, 2,000,000 with SOTTO_TEST_LONG (./run test --long).
// Usage: fuzz_NAME [ITERATIONS | FILE...]; a file is fed as it is, as libFuzzer does.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/random.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

void feed(const Bytes& input) { LLVMFuzzerTestOneInput(input.data(), input.size()); }

void feed_neighbours(const Bytes& seed) {
  feed(seed);
  for (size_t size = 0; size < seed.size(); ++size)
    feed(Bytes(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)));
  for (size_t i = 0; i < seed.size(); ++i) {
    for (const uint8_t mask : {uint8_t{1}, uint8_t{0x80}, uint8_t{0xff}}) {
      Bytes changed = seed;
      changed[i] ^= mask;
      feed(changed);
    }
  }
}

// One step: a byte, a number that breaks limits, an insertion, a deletion, or a piece of the other.
void mutate(Bytes& input, const Bytes& other, Random& random) {
  static constexpr uint64_t kNumbers[] = {
      0, 0x7f, 0xff, 0x7fffffff, 0xffffffff, ~uint64_t{0} / 2, ~uint64_t{0}};
  const auto place = [&random](size_t size) { return static_cast<size_t>(random.below(size)); };
  const uint64_t kind = random.below(5);
  if (kind == 2 || input.empty()) {
    const Bytes inserted(1 + place(16), static_cast<uint8_t>(random.below(256)));
    const auto at = static_cast<std::ptrdiff_t>(place(input.size() + 1));
    input.insert(input.begin() + at, inserted.begin(), inserted.end());
    return;
  }
  const size_t at = place(input.size());
  const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
  if (kind == 0) {
    *begin = static_cast<uint8_t>(random.below(256));
  } else if (kind == 1) {
    const uint64_t number = kNumbers[place(std::size(kNumbers))];
    std::memcpy(&*begin, &number, std::min(sizeof number, input.size() - at));
  } else if (kind == 3) {
    input.erase(begin, begin + static_cast<std::ptrdiff_t>(1 + place(input.size() - at)));
  } else if (!other.empty()) {
    const size_t from = place(other.size());
    const size_t n = std::min(other.size() - from, input.size() - at);
    std::memcpy(&*begin, &other[from], n);
  }
}

void feed_mutations(const std::vector<Bytes>& seeds, uint64_t iterations) {
  Random random(1);
  const auto any = [&]() -> const Bytes& {
    return seeds[static_cast<size_t>(random.below(seeds.size()))];
  };
  for (uint64_t i = 0; i < iterations; ++i) {
    Bytes input = any();
    for (uint64_t steps = 1 + random.below(8); steps > 0; --steps) mutate(input, any(), random);
    feed(input);
  }
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t iterations = std::getenv("SOTTO_TEST_LONG") != nullptr ? 2'000'000 : 20'000;
  for (int i = 1; i < argc; ++i) {
    const char* const end = argv[i] + std::strlen(argv[i]);
    if (std::from_chars(argv[i], end, iterations).ptr == end) continue;
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argv[i]);
      return 2;
    }
    feed(Bytes(std::istreambuf_iterator<char>(file), {}));
    return 0;
  }
  const std::vector<Bytes> seeds = fuzz_seeds();
  for (const Bytes& seed : seeds) feed_neighbours(seed);
  feed_mutations(seeds, iterations);
  std::printf("%zu seeds and their neighbours, %llu mutations\n", seeds.size(),
              static_cast<unsigned long long>(iterations));
  return 0;
}
