// What a fuzz target gives to whoever drives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/bytes.hpp"

/// Feeds one input to the code under test. Returns 0; a broken promise ends the program.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/// Valid inputs, for mutations to start from.
std::vector<sotto::Bytes> fuzz_seeds();

/// A promise of the code under test.
inline void must(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}
