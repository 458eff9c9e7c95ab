// Everything that Prio3 draws from its XOF (draft-irtf-cfrg-vdaf section 7.2): shares from seeds,
// seeds from shares, and the randomness of proofs and queries, each under its own tag.
// Thread safety: immutable.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <utility>

#include "base/bytes.hpp"
#include "crypto/secret.hpp"
#include "vdaf/field.hpp"
#include "vdaf/field_xof.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

class Prio3Randomness {
 public:
  static constexpr size_t kSeedSize = Seed::size();

  Prio3Randomness(VdafId id, size_t proofs, std::span<const uint8_t> context)
      : id_(static_cast<uint32_t>(id)),
        proofs_(static_cast<uint8_t>(proofs)),
        context_(context.begin(), context.end()) {}

  Xof measurement_share(size_t aggregator, std::span<const uint8_t> seed) const {
    return Xof(kKind, seed, tag(Usage::kMeasurementShare), bytes({byte(aggregator)}).bytes());
  }
  Xof proofs_share(size_t aggregator, std::span<const uint8_t> seed) const {
    return Xof(kKind, seed, tag(Usage::kProofShare), bytes({proofs_, byte(aggregator)}).bytes());
  }
  Xof joint_rand(const Seed& seed) const {
    return Xof(kKind, seed.reveal(), tag(Usage::kJointRandomness), bytes({proofs_}).bytes());
  }
  Xof prove_rand(std::span<const uint8_t> seed) const {
    return Xof(kKind, seed, tag(Usage::kProveRandomness), bytes({proofs_}).bytes());
  }
  Xof query_rand(std::span<const uint8_t> verify_key, const Nonce& nonce) const {
    ByteWriter binder = bytes({proofs_});
    binder.put_bytes(nonce);
    return Xof(kKind, verify_key, tag(Usage::kQueryRandomness), binder.bytes());
  }

  /// One aggregator's part of the joint randomness: a hash of its measurement share, blinded.
  template <class Field>
  void derive_part(size_t aggregator, std::span<const uint8_t> blind,
                   std::span<const typename Field::Element> share, const Nonce& nonce,
                   std::span<uint8_t> out) const {
    SecretBytes binder(1 + nonce.size() + share.size() * Field::kEncodedSize);
    const auto to = binder.reveal_mutable();
    to[0] = byte(aggregator);
    std::copy(nonce.begin(), nonce.end(), to.begin() + 1);
    encode<Field>(share, to.subspan(1 + nonce.size()));
    derive_seed(kKind, blind, tag(Usage::kJointRandPart), binder.reveal(), out);
  }
  /// The seed of the joint randomness, from the parts of all aggregators.
  Seed joint_rand_seed(std::span<const uint8_t> parts) const {
    Seed seed;
    const Seed zero;
    derive_seed(kKind, zero.reveal(), tag(Usage::kJointRandSeed), parts, seed.reveal_mutable());
    return seed;
  }

 private:
  // Section 7.2, table 11.
  enum class Usage : uint8_t {
    kMeasurementShare = 1,
    kProofShare = 2,
    kJointRandomness = 3,
    kProveRandomness = 4,
    kQueryRandomness = 5,
    kJointRandSeed = 6,
    kJointRandPart = 7,
  };
  static constexpr XofKind kKind = XofKind::kTurboShake128;
  static constexpr uint8_t kVersion = 18;
  static constexpr uint8_t kClass = 0;  // a VDAF

  static uint8_t byte(size_t value) { return static_cast<uint8_t>(value); }
  static ByteWriter bytes(std::initializer_list<uint8_t> values) {
    ByteWriter writer;
    for (const uint8_t value : values) writer.put<uint8_t>(value);
    return writer;
  }
  // Version, class, algorithm, usage, context; numbers big-endian.
  Bytes tag(Usage usage) const {
    ByteWriter tag = bytes({kVersion, kClass, byte(id_ >> 24), byte(id_ >> 16), byte(id_ >> 8),
                            byte(id_), 0, static_cast<uint8_t>(usage)});
    tag.put_bytes(context_);
    return std::move(tag).bytes();
  }

  uint32_t id_;
  uint8_t proofs_;
  Bytes context_;
};

}  // namespace sotto
