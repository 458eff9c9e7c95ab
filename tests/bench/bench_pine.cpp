// What one report of PINE costs each role, where the time goes, and the bare cost of the XOF's
// bytes in the same run, below which no implementation of this instance can be.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#ifdef __EMSCRIPTEN__
#include <emscripten/heap.h>
#else
#include <sys/resource.h>

#include <ctime>
#endif

#include "base/entropy.hpp"
#include "base/random.hpp"
#include "vdaf/field32.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/flp.hpp"
#include "vdaf/grid.hpp"
#include "vdaf/pine.hpp"
#include "vdaf/pine_circuit.hpp"
#include "vdaf/wraparound.hpp"

using namespace sotto;

namespace {

using Field = Field32;
constexpr PineInstance kInstance = PineInstance::kPine32HmacSha256Aes128;
constexpr int32_t kBound = 1 << 15;

// Natively the time of this thread, so that a busy machine measures the same.
double now_ms() {
#ifdef __EMSCRIPTEN__
  const std::chrono::duration<double, std::milli> now =
      std::chrono::steady_clock::now().time_since_epoch();
  return now.count();
#else
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
#endif
}

template <class Prepare, class Run>
double median_ms(int repeats, Prepare prepare, Run run) {
  std::vector<double> times;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    auto input = prepare();
    const double begin = now_ms();
    run(input);
    times.push_back(now_ms() - begin);
  }
  const auto middle = times.begin() + repeats / 2;
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}
template <class Run>
double median_ms(int repeats, Run run) {
  return median_ms(
      repeats, [] { return 0; }, [&run](int) { run(); });
}

double peak_megabytes() {
#ifdef __EMSCRIPTEN__
  return static_cast<double>(emscripten_get_heap_size()) / 1e6;
#else
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1e3;
#endif
}

void check(bool ok) {
  if (ok) return;
  std::fprintf(stderr, "a report is refused\n");
  std::exit(1);
}

std::vector<int32_t> gradient(size_t dimension) {
  Random random(1);
  std::vector<float> values(dimension);
  for (float& value : values) value = static_cast<float>(random.normal());
  std::vector<int32_t> measurement(dimension);
  check(encode_on_grid(values, {kBound, 1.0}, measurement).ok());
  return measurement;
}

// The parts of a report's cost, measured one by one.
class Parts {
 public:
  Parts(const PineParameters& parameters, int repeats)
      : parameters_(parameters),
        layout_(pine_layout(kInstance, parameters).value()),
        repeats_(repeats),
        bytes_(std::max(layout_.shared_size() * 4 + 17, checks_bytes())) {}

  size_t checks_bytes() const { return layout_.wraparound_checks * ((layout_.dimension + 3) / 4); }

  // AES-128-CTR: the random vectors, and a helper's share.
  double stream(bool with_share) {
    return median_ms(repeats_, [&] {
      Xof xof(XofKind::kHmacSha256Aes128, seed_, {}, {});
      const size_t share = with_share ? layout_.shared_size() * 4 : 0;
      // In pieces as PINE takes them.
      for (size_t left = checks_bytes() + share; left > 0;) {
        const size_t n = std::min(left, size_t{1} << 15);
        xof.next(std::span(bytes_).first(n));
        left -= n;
      }
    });
  }
  // HMAC-SHA256 of a share: twice for each share that a party knows.
  double hash(int times) {
    return median_ms(repeats_, [&] {
      for (int i = 0; i < times; ++i)
        Xof(XofKind::kHmacSha256Aes128, seed_, {},
            std::span<const uint8_t>(bytes_).first(layout_.shared_size() * 4 + 17))
            .next(seed_);
    });
  }
  double dots() {
    FieldVector<Field> vector(layout_.dimension);
    for (size_t j = 0; j < vector.size(); ++j) vector[j] = static_cast<uint32_t>(j * 7919);
    FieldVector<Field> out(layout_.wraparound_checks);
    constexpr size_t kAtOnce = WraparoundDigits<Field>::kMaxAtOnce;
    Bytes random(kAtOnce * (layout_.dimension / 4 + 32), 0x9c);
    return median_ms(repeats_, [&] {
      const WraparoundDigits<Field> digits(vector.all());
      for (size_t i = 0; i < out.size(); i += kAtOnce) {
        const size_t n = std::min(kAtOnce, out.size() - i);
        digits.add_checks(random, n, out.all().subspan(i, n));
      }
    });
  }
  // Transforms and gadgets of all proofs; for a server their query.
  double proofs(bool device) {
    const Flp<PineNormEquality<Field>, ProofBasis::kMonomial> norm_equality(
        {layout_, parameters_.norm_equality_chunk_length});
    const Flp<PineValid<Field>, ProofBasis::kMonomial> valid({layout_, parameters_.chunk_length});
    const FieldVector<Field> measurement(layout_.measurement_size());
    const auto each = [&](const auto& flp, size_t n) {
      FieldVector<Field> rand(flp.prove_rand_size() + 1);
      for (size_t i = 0; i < rand.size(); ++i) rand[i] = static_cast<uint32_t>(i + 7);
      FieldVector<Field> proof(flp.proof_size());
      FieldVector<Field> verifier(flp.verifier_size());
      for (size_t i = 0; i < n; ++i) {
        if (device)
          flp.prove(measurement.all(), rand.all(), rand.all(), proof.all());
        else
          check(
              flp.query(measurement.all(), proof.all(), rand.all(), rand.all(), 1, verifier.all()));
      }
    };
    return median_ms(repeats_, [&] {
      each(norm_equality, parameters_.norm_equality_proofs);
      each(valid, parameters_.proofs);
    });
  }

 private:
  PineParameters parameters_;
  PineLayout layout_;
  int repeats_;
  Bytes bytes_;
  std::array<uint8_t, 32> seed_{};
};

void row(const char* what, double all, double stream, double hash, double dots, double proofs) {
  std::printf("  %-28s %9.2f %9.2f %9.2f %9.2f %9.2f %9.2f %6.2f\n", what, all, stream, hash, dots,
              proofs, all - stream - hash - dots - proofs, all / (stream + hash));
}

void bench(size_t dimension, int repeats) {
  const PineParameters parameters =
      choose_pine_parameters(kInstance, dimension, uint64_t{kBound}).value();
  const VdafPointer vdaf = make_pine(kInstance, parameters).value();
  const auto measurement = gradient(dimension);
  TestEntropy entropy(1);
  Nonce nonce;
  entropy.fill(nonce);
  const Bytes verify_key(vdaf->sizes().verify_key, 7);
  const Shards shards = vdaf->shard(measurement, nonce, entropy).value();
  size_t report = shards.public_share.size();
  for (const auto& share : shards.input_shares) report += share.size();
  std::printf("d = %zu: %zu + %zu proofs, chunks of %zu and %zu; a report has %zu bytes\n",
              dimension, parameters.norm_equality_proofs, parameters.proofs,
              parameters.norm_equality_chunk_length, parameters.chunk_length, report);

  const double shard =
      median_ms(repeats, [&] { check(vdaf->shard(measurement, nonce, entropy).ok()); });
  Parts parts(parameters, repeats);
  const double dots = parts.dots();
  row("device: shard and prove", shard, parts.stream(true), parts.hash(4), dots,
      parts.proofs(true));

  std::vector<Prepared> prepared;
  double prepare[2];
  for (size_t i = 0; i < 2; ++i) {
    const auto share = [&] { return shards.input_shares[i].clone(); };
    const auto run = [&](SecretBytes& input) {
      return vdaf->prepare_init(verify_key, i, nonce, shards.public_share, std::move(input));
    };
    prepare[i] = median_ms(repeats, share, [&](SecretBytes& input) { check(run(input).ok()); });
    SecretBytes input = share();
    prepared.push_back(run(input).value());
  }
  const double query = parts.proofs(false);
  row("leader: prepare", prepare[0], parts.stream(false), parts.hash(2), dots, query);
  row("helper: prepare", prepare[1], parts.stream(true), parts.hash(2), dots, query);

  const std::vector<Bytes> prepare_shares{prepared[0].prepare_share, prepared[1].prepare_share};
  const Bytes message = vdaf->prepare_message(prepare_shares).value();
  std::printf("  %-28s %9.3f\n", "decide",
              median_ms(repeats, [&] { check(vdaf->prepare_message(prepare_shares).ok()); }));
  for (size_t i = 0; i < 2; ++i) {
    const OutShare out_share = vdaf->prepare_next(std::move(prepared[i].state), message).value();
    AggregateShare total = vdaf->aggregate_init();
    std::printf("  %-28s %9.3f\n", i == 0 ? "leader: aggregate" : "helper: expand, aggregate",
                median_ms(repeats, [&] { check(vdaf->aggregate(total, out_share).ok()); }));
  }
  std::printf("  a core prepares %.0f reports a second as leader, %.0f as helper\n",
              1e3 / prepare[0], 1e3 / prepare[1]);
  std::printf("  peak memory so far %.0f MB\n", peak_megabytes());
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("Pine32HmacSha256Aes128, bound 2^15, one thread, medians in ms\n");
  std::printf("  %-28s %9s %9s %9s %9s %9s %9s %6s\n", "", "all", "AES", "SHA-256", "dots",
              "proofs", "rest", "ratio");
  for (const size_t dimension : {size_t{10'000}, size_t{118'592}, size_t{1'000'000}}) {
    if (argc > 1 && dimension != std::strtoul(argv[1], nullptr, 10)) continue;
    bench(dimension, dimension < 1'000'000 ? 41 : 11);
  }
  std::printf("ratio: all / (AES + SHA-256), the bare cost of the XOF's bytes in the same run\n");
  return 0;
}
