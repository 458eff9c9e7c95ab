# Build options, and the INTERFACE targets that carry flags. No flag is set globally.
option(SOTTO_TESTS "Build the tests" ON)
option(SOTTO_WERROR "Warnings are errors" OFF)
set(SOTTO_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread; empty: none")
option(SOTTO_FUZZ "Build tests/fuzz as libFuzzer programs (clang only)" OFF)
if(SOTTO_FUZZ AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "SOTTO_FUZZ needs clang; the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug or Release" FORCE)
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# Warnings of our own code.
add_library(sotto_warnings INTERFACE)
add_library(sotto::warnings ALIAS sotto_warnings)
target_compile_options(sotto_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<BOOL:${SOTTO_WERROR}>:-Werror>)

# What every translation unit and link needs: sanitizers, and floating point that rounds alike
# natively and in WASM (no fused multiply-add behind the code's back).
add_library(sotto_platform INTERFACE)
add_library(sotto::platform ALIAS sotto_platform)
target_compile_options(sotto_platform INTERFACE -ffp-contract=off)
if(SOTTO_SANITIZE)
  # g++ 12 sees uninitialised members in moved variants where the sanitizers' own code is in the way.
  target_compile_options(sotto_platform INTERFACE -fsanitize=${SOTTO_SANITIZE}
    -fno-sanitize-recover=all -fno-omit-frame-pointer
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(sotto_platform INTERFACE -fsanitize=${SOTTO_SANITIZE})
endif()
if(SOTTO_FUZZ)
  # clang 14 cannot check the types of called functions in a file with coroutines: "Cannot represent a
  # difference across sections".
  target_compile_options(sotto_platform INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize=function)
endif()

# Eigen, with SIMD in WASM too: its SSE path runs on WASM SIMD behind an empty mmintrin.h.
# Never at -Os or -Oz: 10 to 60 times slower and hardly smaller.
add_library(sotto_eigen INTERFACE)
add_library(sotto::eigen ALIAS sotto_eigen)
if(EMSCRIPTEN)
  target_include_directories(sotto_eigen SYSTEM INTERFACE
    "${CMAKE_SOURCE_DIR}/cmake/wasm-shim" /usr/include/eigen3)
  target_compile_options(sotto_eigen INTERFACE -msimd128 -msse4.1 -fgnuc-version=5.20.0)
else()
  target_include_directories(sotto_eigen SYSTEM INTERFACE /usr/include/eigen3)
endif()
target_compile_definitions(sotto_eigen INTERFACE EIGEN_MPL2_ONLY EIGEN_DONT_PARALLELIZE)
