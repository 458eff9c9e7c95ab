// The decoders of Prio3: everything that devices and the other server send.
#include "vdaf/prio3.hpp"
#include "vdaf_target.hpp"

using namespace sotto;

namespace {

const VdafTarget& target() {
  static const VdafPointer kVdaf =
      make_prio3_multihot_count_vec(6, 3, 3, Bytes{'f', 'u', 'z', 'z'}, 3).value();
  static const VdafTarget kTarget(*kVdaf, std::vector<int32_t>{1, 0, 0, 1, 0, 0});
  return kTarget;
}

}  // namespace

std::vector<Bytes> fuzz_seeds() { return target().seeds(); }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target().feed({data, size});
  return 0;
}
