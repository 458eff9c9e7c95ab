// Multiples of Curve25519's base point without libsodium's table of them: 30 kB that no compressor
// shrinks, a quarter of what a page may download. The linker puts this in place of
// ge25519_scalarmult_base (--wrap). It is slower, and a device needs it twice a report.
#include <private/ed25519_ref10.h>

void __wrap_ge25519_scalarmult_base(ge25519_p3 *h, const unsigned char *a) {
  // The base point as RFC 8032 encodes it: y = 4/5, x even.
  static const unsigned char kBase[32] = {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                          0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                          0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
                                          0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66};
  ge25519_p3 base;
  ge25519_frombytes(&base, kBase);  // a constant: it decodes
  ge25519_scalarmult(h, a, &base);  // constant-time in a, as the function that it replaces
}
