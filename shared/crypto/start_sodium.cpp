#include "crypto/start_sodium.hpp"

#include <sodium.h>

#include <cstdlib>

namespace sotto {

void start_sodium() {
  static const bool kStarted = sodium_init() >= 0;
  if (!kStarted) std::abort();
}

}  // namespace sotto
