// libsodium's randomness under WASM: the host's CSPRNG, through one imported function.
#include <sodium.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

extern "C" {

/// Fills `size` bytes at `out` from the host's CSPRNG (crypto.getRandomValues). Traps or throws if
/// it cannot: there is no safe way on.
__attribute__((import_module("env"), import_name("sotto_random_get"))) void sotto_random_get(
    uint8_t* out, size_t size);
}

namespace sotto {
namespace {

// The most that crypto.getRandomValues gives in one call.
constexpr size_t kMaxRequest = 65536;

void fill(void* out, size_t size) {
  auto* bytes = static_cast<uint8_t*>(out);
  while (size > 0) {
    const size_t n = std::min(size, kMaxRequest);
    sotto_random_get(bytes, n);
    bytes += n;
    size -= n;
  }
}

uint32_t random_word() {
  uint32_t word = 0;
  fill(&word, sizeof word);
  return word;
}

const char* name() { return "sotto host"; }

randombytes_implementation host_entropy = {.implementation_name = name,
                                           .random = random_word,
                                           .stir = nullptr,
                                           .uniform = nullptr,
                                           .buf = fill,
                                           .close = nullptr};

// Before main() or _initialize() returns, so before anybody can call sodium_init().
__attribute__((constructor)) void install_host_entropy() {
  randombytes_set_implementation(&host_entropy);
}

}  // namespace
}  // namespace sotto
