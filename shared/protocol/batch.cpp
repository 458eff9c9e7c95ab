#include "protocol/batch.hpp"

namespace sotto {

void Batch::count(uint64_t more, const Digest& which) {
  reports += more;
  for (size_t i = 0; i < checksum.size(); ++i) checksum[i] ^= which[i];
}

Status Batch::add(const Vdaf& vdaf, const Nonce& id, const OutShare& out_share) {
  SOTTO_CHECK_OK(vdaf.aggregate(share, out_share));
  count(1, sha256(id));
  return {};
}

Status Batch::merge(const Vdaf& vdaf, const Batch& other) {
  SOTTO_CHECK_OK(vdaf.merge(share, other.share));
  count(other.reports, other.checksum);
  return {};
}

}  // namespace sotto
