# sotto::sodium for WASM: libsodium 1.0.18, compiled from Debian's patched source package, because
# Debian has only the native library. Lists what crypto/ uses and what sodium_init() itself needs.
set(SOTTO_LIBSODIUM_SOURCE "${CMAKE_SOURCE_DIR}/build/deps/libsodium-1.0.18" CACHE PATH
  "Unpacked source of libsodium 1.0.18 (./run fetches it)")
set(sodium_root "${SOTTO_LIBSODIUM_SOURCE}/src/libsodium")
if(NOT EXISTS "${sodium_root}/include/sodium/version.h.in")
  message(FATAL_ERROR "The source of libsodium 1.0.18 is not in '${SOTTO_LIBSODIUM_SOURCE}'. "
    "./run build fetches it, or unpack it yourself (apt-get source libsodium) and configure with "
    "-DSOTTO_LIBSODIUM_SOURCE=DIR.")
endif()

# What libsodium's configure script would have made.
set(VERSION 1.0.18)
set(SODIUM_LIBRARY_VERSION_MAJOR 10)
set(SODIUM_LIBRARY_VERSION_MINOR 3)
set(SODIUM_LIBRARY_MINIMAL_DEF "")
set(sodium_include "${CMAKE_BINARY_DIR}/libsodium/include")
configure_file("${sodium_root}/include/sodium/version.h.in" "${sodium_include}/sodium/version.h"
  @ONLY)
unset(VERSION)
# version.h includes it by its bare name.
configure_file("${sodium_root}/include/sodium/export.h" "${sodium_include}/sodium/export.h" COPYONLY)

set(sodium_sources
  sodium/codecs.c
  sodium/core.c
  sodium/runtime.c
  sodium/utils.c
  sodium/version.c
  randombytes/randombytes.c
  crypto_verify/sodium/verify.c
  # hashing and authentication
  crypto_generichash/crypto_generichash.c
  crypto_generichash/blake2b/generichash_blake2.c
  crypto_generichash/blake2b/ref/blake2b-ref.c
  crypto_generichash/blake2b/ref/generichash_blake2b.c
  crypto_hash/sha256/hash_sha256.c
  crypto_hash/sha256/cp/hash_sha256_cp.c
  crypto_hash/sha512/hash_sha512.c
  crypto_hash/sha512/cp/hash_sha512_cp.c
  crypto_auth/hmacsha256/auth_hmacsha256.c
  crypto_auth/hmacsha512/auth_hmacsha512.c
  # streams and authenticated encryption
  crypto_stream/chacha20/stream_chacha20.c
  crypto_stream/chacha20/ref/chacha20_ref.c
  crypto_onetimeauth/crypto_onetimeauth.c
  crypto_onetimeauth/poly1305/onetimeauth_poly1305.c
  crypto_onetimeauth/poly1305/donna/poly1305_donna.c
  crypto_core/hchacha20/core_hchacha20.c
  crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305.c
  crypto_aead/xchacha20poly1305/sodium/aead_xchacha20poly1305.c
  # Curve25519 and Ed25519
  crypto_core/ed25519/core_ed25519.c
  crypto_core/ed25519/ref10/ed25519_ref10.c
  crypto_scalarmult/crypto_scalarmult.c
  crypto_scalarmult/curve25519/scalarmult_curve25519.c
  crypto_scalarmult/curve25519/ref10/x25519_ref10.c
  crypto_sign/crypto_sign.c
  crypto_sign/ed25519/sign_ed25519.c
  crypto_sign/ed25519/ref10/keypair.c
  crypto_sign/ed25519/ref10/open.c
  crypto_sign/ed25519/ref10/sign.c
  # sodium_init() picks an implementation of these too
  crypto_core/salsa/ref/core_salsa_ref.c
  crypto_stream/salsa20/stream_salsa20.c
  crypto_stream/salsa20/ref/salsa20_ref.c
  crypto_pwhash/argon2/argon2-core.c
  crypto_pwhash/argon2/argon2-fill-block-ref.c
  crypto_pwhash/argon2/blake2b-long.c)
list(TRANSFORM sodium_sources PREPEND "${sodium_root}/")

# Ours, on the library's internals.
list(APPEND sodium_sources "${CMAKE_SOURCE_DIR}/wasm/core/scalarmult_base.c"
  "${CMAKE_SOURCE_DIR}/wasm/core/blake2b_compress.c")

add_library(sotto_sodium STATIC ${sodium_sources})
add_library(sotto::sodium ALIAS sotto_sodium)
target_include_directories(sotto_sodium SYSTEM
  PUBLIC "${sodium_include}" "${sodium_root}/include"
  PRIVATE "${sodium_include}/sodium" "${sodium_root}/include/sodium" "${sodium_root}")
# Not the library's own Emscripten mode: that one reaches into JavaScript glue, which a bare module
# does not have. Its entropy is what wasm/core/entropy.cpp installs.
target_compile_options(sotto_sodium PRIVATE -U__EMSCRIPTEN__ -w)
target_compile_definitions(sotto_sodium PRIVATE CONFIGURED=1 NATIVE_LITTLE_ENDIAN=1 HAVE_STDINT_H
  HAVE_INTTYPES_H RANDOMBYTES_CUSTOM_IMPLEMENTATION RANDOMBYTES_DEFAULT_IMPLEMENTATION=NULL)
# Small where that costs next to nothing: not what runs over every byte of a message.
set(sodium_small ${sodium_sources})
list(FILTER sodium_small INCLUDE REGEX "25519|sha512|blake2b|argon2|salsa|sodium/(utils|core|runtime)")
set_property(SOURCE ${sodium_small} APPEND PROPERTY COMPILE_OPTIONS -Os)
