/* The C ABI of sotto.wasm: what the JavaScript package calls, and nothing else.
 *
 * Conventions: a host calls `_initialize` once, before anything else. Sizes are in bytes.
 * Buffers that cross the border live in the module's memory: sotto_alloc, write, call, sotto_free.
 * Memory may grow in any call, so a host makes its views anew after each one.
 * A module that has trapped is never used again.
 * Thread safety: none; one instance belongs to one thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SOTTO_EXPORT(name) __attribute__((export_name(#name))) name

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one whenever a function here changes its meaning. A loader refuses any other number. */
#define SOTTO_ABI_VERSION 1
uint32_t SOTTO_EXPORT(sotto_abi_version)(void);

/* `size` bytes, aligned for every type, or NULL when there is no memory. The host owns them. */
void* SOTTO_EXPORT(sotto_alloc)(size_t size);
/* `bytes` came from sotto_alloc, or is NULL. */
void SOTTO_EXPORT(sotto_free)(void* bytes);

/* Checks that this build computes what it should on this machine: 0, or the sum of the parts that
 * do not. A few microseconds. */
enum {
  SOTTO_SELF_TEST_CRYPTO = 1,  /* ChaCha20 and BLAKE2b against known answers */
  SOTTO_SELF_TEST_ENTROPY = 2, /* the host's entropy import delivers */
  SOTTO_SELF_TEST_SIMD = 4     /* linear algebra is vectorised, and right */
};
int32_t SOTTO_EXPORT(sotto_self_test)(void);

#ifdef __cplusplus
}
#endif
