#include "protocol/batch.hpp"

namespace sotto {
namespace {

void xor_into(Digest& into, const Digest& other) {
  for (size_t i = 0; i < into.size(); ++i) into[i] ^= other[i];
}

}  // namespace

Status Batch::add(const Vdaf& vdaf, const Nonce& id, const OutShare& out_share) {
  SOTTO_CHECK_OK(vdaf.aggregate(share, out_share));
  ++reports;
  xor_into(checksum, sha256(id));
  return {};
}

Status Batch::merge(const Vdaf& vdaf, const Batch& other) {
  SOTTO_CHECK_OK(vdaf.merge(share, other.share));
  reports += other.reports;
  xor_into(checksum, other.checksum);
  return {};
}

}  // namespace sotto
