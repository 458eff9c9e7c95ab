#include "store/store.hpp"

#include <cstdio>

namespace sotto {

std::string sequence_key(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

}  // namespace sotto
