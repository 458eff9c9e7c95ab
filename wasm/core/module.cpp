// What belongs to the module and to no device: memory, versions, the self test.
#include <malloc.h>

#include <Eigen/Core>
#include <array>
#include <cstdlib>

#include "base/result.hpp"
#include "capi.h"
#include "crypto/random.hpp"

namespace sotto {
namespace {

bool crypto_works() {
  // RFC 8439, appendix A.1, test vector 1: key, nonce and counter all zero.
  static constexpr std::array<uint8_t, 16> kKeystream = {0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1,
                                                         0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5,
                                                         0x53, 0x86, 0xbd, 0x28};
  // The key is a BLAKE2b hash; the first bytes of ChaChaEntropy(1, 2) as native builds give them.
  static constexpr std::array<uint8_t, 8> kSeeded = {0x7e, 0x6f, 0x50, 0x65,
                                                     0x7d, 0xbd, 0x0f, 0xe3};

  std::array<uint8_t, 16> keystream{};
  const std::array<uint8_t, 32> key{};
  ChaChaEntropy(key).fill(keystream);
  std::array<uint8_t, 8> seeded{};
  ChaChaEntropy(1, 2).fill(seeded);
  return keystream == kKeystream && seeded == kSeeded;
}

bool entropy_works() {
  std::array<uint8_t, 32> first{};
  std::array<uint8_t, 32> second{};
  SystemEntropy entropy;
  entropy.fill(first);
  entropy.fill(second);
  return first != second;  // equal by chance once in 2^256 calls
}

bool simd_works() {
#ifdef EIGEN_VECTORIZE
  // 1 + 2 + ... + 8 and the sum of the first eight squares, exact in float.
  const Eigen::Matrix<float, 8, 1> ramp = Eigen::Matrix<float, 8, 1>::LinSpaced(8, 1, 8);
  return ramp.sum() == 36 && ramp.dot(ramp) == 204;
#else
  return false;
#endif
}

}  // namespace
}  // namespace sotto

uint32_t sotto_abi_version() { return SOTTO_ABI_VERSION; }

void* sotto_alloc(uint32_t size) { return std::malloc(size); }

void sotto_free(void* bytes) { std::free(bytes); }

uint32_t sotto_memory_used() {
#ifdef __wasm__
  return static_cast<uint32_t>(mallinfo().uordblks);
#else
  return static_cast<uint32_t>(mallinfo2().uordblks);
#endif
}

const char* sotto_core_version() { return SOTTO_VERSION; }

const char* sotto_error_name(int32_t code) {
  return sotto::error_code_name(static_cast<sotto::ErrorCode>(code));
}

int32_t sotto_self_test() {
  int32_t failed = 0;
  if (!sotto::crypto_works()) failed |= SOTTO_SELF_TEST_CRYPTO;
  if (!sotto::entropy_works()) failed |= SOTTO_SELF_TEST_ENTROPY;
  if (!sotto::simd_works()) failed |= SOTTO_SELF_TEST_SIMD;
  return failed;
}
