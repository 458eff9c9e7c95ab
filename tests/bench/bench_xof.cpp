// How fast seeds are expanded and binders absorbed: TurboSHAKE128, each path of AES-128-CTR and the
// XOFs, with ChaCha20 and SHA-256 in the same run for comparison.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/bytes.hpp"
#include "crypto/aes128_ctr.hpp"
#include "crypto/aes128_path.hpp"
#include "crypto/hash.hpp"
#include "crypto/stream.hpp"
#include "crypto/turboshake.hpp"
#include "vdaf/xof.hpp"

using namespace sotto;

namespace {

constexpr size_t kSize = size_t{1} << 20;
constexpr int kRepeats = 101;

template <class Run>
double median_us(Run run) {
  std::vector<double> times;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
  return times[kRepeats / 2];
}

template <class Run>
void throughput(const char* what, Run run) {
  std::printf("%-48s %9.0f MB/s\n", what, static_cast<double>(kSize) / median_us(run));
}

// In portions, because some clocks count no smaller times than these.
template <class Run>
void latency(const char* what, Run run) {
  constexpr int kPortion = 200;
  const double us = median_us([&] {
    for (int i = 0; i < kPortion; ++i) run();
  });
  std::printf("%-48s %9.2f us\n", what, us / kPortion);
}

void aes(const char* what, std::unique_ptr<Aes128Path> path, Bytes& bytes) {
  if (path == nullptr) return;
  Aes128Ctr ctr(std::move(path), std::array<uint8_t, 16>{});
  throughput(what, [&] { ctr.next(bytes); });
}

}  // namespace

int main() {
  Bytes bytes(kSize);
  std::array<uint8_t, 32> seed{};
  const auto half = std::span(seed).first<16>();

  std::printf("1 MiB a call, one thread, medians of %d\n", kRepeats);
  throughput("ChaCha20", [&] { expand_chacha20(seed, 0, bytes); });
  aes("AES-128-CTR, AES-NI", make_aes128_ni(half), bytes);
  aes("AES-128-CTR, bitsliced", make_aes128_bitsliced(half), bytes);
  TurboShake128 sponge(1);
  throughput("TurboSHAKE128, squeeze", [&] { sponge.squeeze(bytes); });
  throughput("TurboSHAKE128, absorb", [&] {
    TurboShake128 absorbing(1);
    absorbing.update(bytes);
    absorbing.squeeze(half);
  });
  throughput("SHA-256", [&] { seed = sha256(bytes); });
  throughput("XOF HMAC-SHA256 and AES-128, binder of 1 MiB",
             [&] { Xof(XofKind::kHmacSha256Aes128, seed, {}, bytes).next(half); });

  latency("XOF TurboSHAKE128, 32 bytes",
          [&] { Xof(XofKind::kTurboShake128, seed, {}, {}).next(seed); });
  latency("XOF HMAC-SHA256 and AES-128, 32 bytes",
          [&] { Xof(XofKind::kHmacSha256Aes128, seed, {}, {}).next(seed); });
  return 0;
}
