// Nanoseconds a sample of the discrete Gaussian, beside what its entropy alone costs.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "crypto/random.hpp"
#include "privacy/discrete_gaussian.hpp"

using namespace sotto;

namespace {

constexpr int kRepeats = 5;

// Counts the words that are drawn.
class CountedEntropy final : public EntropySource {
 public:
  void fill(std::span<uint8_t> out) override {
    bytes += out.size();
    source_.fill(out);
  }
  uint64_t bytes = 0;

 private:
  ChaChaEntropy source_{1, 2};
};

// The best of some runs, in nanoseconds.
template <class Run>
double best_ns(Run run) {
  double best = 1e300;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (took.count() < best) best = took.count();
  }
  return best;
}

}  // namespace

int main() {
  constexpr size_t kSamples = 1'000'000;
  std::vector<int64_t> sums(kSamples);
  uint64_t words_seen = 0;

  CountedEntropy source;
  EntropyWords words(source);
  const double word_ns = best_ns([&] {
                           for (size_t i = 0; i < kSamples; ++i) words_seen += words.next32();
                         }) /
                         kSamples;

  std::printf("%10s %12s %14s %16s %12s\n", "sigma", "ns/sample", "words/sample", "entropy alone",
              "table, us");
  for (const uint64_t sigma : {64U, 4096U, 500'000U}) {
    const double table_ns =
        best_ns([&] { words_seen += DiscreteGaussian::create(sigma)->sigma(); });
    const auto gaussian = DiscreteGaussian::create(sigma).value();
    source.bytes = 0;
    const double ns = best_ns([&] { gaussian.add_to(sums, words); }) / kSamples;
    const double words_a_sample =
        static_cast<double>(source.bytes) / 4 / kRepeats / static_cast<double>(kSamples);
    std::printf("%10llu %12.1f %14.2f %16.1f %12.1f\n", static_cast<unsigned long long>(sigma), ns,
                words_a_sample, words_a_sample * word_ns, table_ns / 1e3);
  }
  std::printf("ChaCha20: %.2f ns a 32-bit word\n", word_ns);
  return sums[0] == 42 && words_seen == 42 ? 1 : 0;  // so that nothing is optimised away
}
