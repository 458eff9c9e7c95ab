// The decoders of PINE: everything that devices and the other server send.
#include "vdaf/pine.hpp"
#include "vdaf_target.hpp"

using namespace sotto;

namespace {

// Fewer checks and proofs than are secure, so that more inputs are tried; a proof that does not
// hold passes with less than 2^-40 all the same.
const VdafTarget& target() {
  static const VdafPointer kVdaf = [] {
    constexpr PineInstance kInstance = PineInstance::kPine32HmacSha256Aes128;
    PineParameters parameters = choose_pine_parameters(kInstance, 7, 1 << 15).value();
    parameters.wraparound_checks = parameters.wraparound_successes = 4;
    parameters.chunk_length = 24;
    parameters.norm_equality_proofs = 2;
    parameters.proofs = 2;
    return make_pine(kInstance, parameters).value();
  }();
  static const VdafTarget kTarget(*kVdaf, std::vector<int32_t>{1, -20'000, 300, 0, 0, 7, -1});
  return kTarget;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() { return target().seeds(); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target().feed({data, size});
  return 0;
}
