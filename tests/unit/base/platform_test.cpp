// What the build must have switched on, native and WASM.
#include <doctest/doctest.h>

#include <Eigen/Core>

TEST_CASE("linear algebra is vectorised") {
#ifdef EIGEN_VECTORIZE
  constexpr bool kVectorised = true;
#else
  constexpr bool kVectorised = false;
#endif
  CHECK(kVectorised);
  // Four floats an instruction: SSE, NEON, or SSE by way of WASM SIMD.
  CHECK(Eigen::internal::packet_traits<float>::size >= 4);
#ifdef __EMSCRIPTEN__
#ifdef __wasm_simd128__
  constexpr bool kWasmSimd = true;
#else
  constexpr bool kWasmSimd = false;
#endif
  CHECK(kWasmSimd);
#endif
}

TEST_CASE("multiplication and addition are not fused behind the code's back") {
  // (1 + e)(1 - e) = 1 - e^2 rounds to 1, so the sum is 0 unless it was fused.
  volatile float e = 0x1p-13F;
  const float a = 1 + e;
  const float b = 1 - e;
  const float sum = a * b - 1;
  CHECK(sum == 0);
}
