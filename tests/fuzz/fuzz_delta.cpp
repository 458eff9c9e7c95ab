// Deltas of published files: what is made of one is its target and nothing else, within the limit.
#include <algorithm>

#include "base/entropy.hpp"
#include "crypto/hash.hpp"
#include "publishing/delta.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

constexpr uint64_t kLimit = 4096;

const Bytes& base() {
  static const Bytes kBase = [] {
    Bytes bytes(600);
    TestEntropy(1).fill(bytes);
    return bytes;
  }();
  return kBase;
}

Bytes longer() {
  Bytes bytes = base();
  bytes.insert(bytes.begin() + 200, {1, 2, 3, 4, 5});
  bytes.insert(bytes.end(), base().begin(), base().begin() + 100);
  return bytes;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  return {make_delta(base(), base()), make_delta(base(), longer()), make_delta(base(), {})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, data + size);
  if (const auto made = apply_delta(base(), bytes, kLimit); made.ok()) {
    must(made->size() <= kLimit, "no target is above the limit");
    const Digest digest = sha256(*made);
    must(std::search(bytes.begin(), bytes.end(), digest.begin(), digest.end()) != bytes.end(),
         "a target is the one that the delta names");
  }
  // And as a file: any two have a delta.
  const auto back = apply_delta(base(), make_delta(base(), bytes), size);
  must(back.ok() && *back == bytes, "a delta makes its target");
  must(apply_delta(bytes, make_delta(bytes, base()), base().size()).ok(), "from anything");
  return 0;
}
