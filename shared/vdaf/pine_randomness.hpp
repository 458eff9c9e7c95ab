// Everything that PINE draws from its XOF (draft-chen-cfrg-vdaf-pine-01, section 5): shares from
// seeds, seeds from shares, and the randomness of checks, proofs and queries, each under its own
// tag. Thread safety: immutable.
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
#include "vdaf/pine_parameters.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

/// What is told apart: numbers of the drafts (of VDAF section 7.2, and PINE's own from 8 on).
enum class PineUsage : uint8_t {
  kMeasurementShare = 1,
  kProofShare = 2,
  kJointRandomness = 3,
  kProveRandomness = 4,
  kQueryRandomness = 5,
  kJointRandSeed = 6,
  kJointRandPart = 7,
  kWraparound = 8,
  kWraparoundSeed = 9,
  kWraparoundPart = 10,
};

template <class Field>
class PineRandomness {
 public:
  using Element = typename Field::Element;

  PineRandomness(PineInstance instance, const PineParameters& parameters)
      : id_(static_cast<uint32_t>(pine_id(instance))),
        kind_(pine_xof(instance)),
        aggregators_(parameters.aggregators),
        proofs_(static_cast<uint8_t>(parameters.proofs)),
        norm_equality_proofs_(static_cast<uint8_t>(parameters.norm_equality_proofs)) {}

  size_t seed_size() const { return xof_seed_size(kind_); }

  /// A seed of several that lie one after the other.
  template <class Byte>
  std::span<Byte> seed_at(std::span<Byte> seeds, size_t index) const {
    return seeds.subspan(index * seed_size(), seed_size());
  }
  // Parts of all aggregators, as in a public share: first those of the wraparound checks, then
  // those of the joint randomness.
  std::span<uint8_t> wraparound_part(Bytes& parts, size_t aggregator) const {
    return seed_at(std::span(parts), aggregator);
  }
  std::span<uint8_t> joint_rand_part(Bytes& parts, size_t aggregator) const {
    return seed_at(std::span(parts), aggregators_ + aggregator);
  }

  /// What a part is a hash of: aggregator, nonce, and the encoding of a share or of its beginning.
  class PartBinder {
   public:
    PartBinder(size_t aggregator, const Nonce& nonce, std::span<const Element> share)
        : bytes_(kPrefix + share.size() * Field::kEncodedSize) {
      const auto out = bytes_.reveal_mutable();
      out[0] = static_cast<uint8_t>(aggregator);
      std::copy(nonce.begin(), nonce.end(), out.begin() + 1);
      replace_from(0, share);
    }
    void replace_from(size_t begin, std::span<const Element> share) {
      encode<Field>(share.subspan(begin),
                    bytes_.reveal_mutable().subspan(kPrefix + begin * Field::kEncodedSize));
    }
    std::span<const uint8_t> first(size_t elements) const {
      return bytes_.reveal().first(kPrefix + elements * Field::kEncodedSize);
    }

   private:
    static constexpr size_t kPrefix = 1 + sizeof(Nonce);
    SecretBytes bytes_;
  };

  /// One part, of kWraparoundPart or kJointRandPart.
  void derive_part(PineUsage usage, std::span<const uint8_t> blind, std::span<const uint8_t> binder,
                   std::span<uint8_t> out) const {
    derive_seed(kind_, blind, tag(usage), binder, out);
  }
  /// From the parts of all aggregators.
  void derive_wraparound_seed(const Bytes& parts, std::span<uint8_t> out) const {
    derive_seed(kind_, zero_seed(), tag(PineUsage::kWraparoundSeed),
                std::span(parts).first(aggregators_ * seed_size()), out);
  }
  void derive_joint_rand_seed(const Bytes& parts, std::span<uint8_t> out) const {
    derive_seed(kind_, zero_seed(), tag(PineUsage::kJointRandSeed),
                std::span(parts).subspan(aggregators_ * seed_size()), out);
  }

  Xof measurement_share(size_t aggregator, std::span<const uint8_t> seed) const {
    return Xof(kind_, seed, tag(PineUsage::kMeasurementShare), binder({byte(aggregator)}).bytes());
  }
  Xof proofs_share(size_t aggregator, std::span<const uint8_t> seed) const {
    return Xof(kind_, seed, tag(PineUsage::kProofShare),
               binder({norm_equality_proofs_, proofs_, byte(aggregator)}).bytes());
  }
  Xof wraparound(std::span<const uint8_t> seed) const {
    return Xof(kind_, seed, tag(PineUsage::kWraparound), {});
  }
  Xof joint_rand(std::span<const uint8_t> seed) const {
    return Xof(kind_, seed, tag(PineUsage::kJointRandomness), binder({proofs_}).bytes());
  }
  Xof prove_rand(std::span<const uint8_t> seed) const {
    return Xof(kind_, seed, tag(PineUsage::kProveRandomness),
               binder({norm_equality_proofs_, proofs_}).bytes());
  }
  Xof query_rand(std::span<const uint8_t> verify_key, const Nonce& nonce) const {
    ByteWriter bytes = binder({norm_equality_proofs_, proofs_});
    bytes.put_bytes(nonce);
    return Xof(kind_, verify_key, tag(PineUsage::kQueryRandomness), bytes.bytes());
  }

 private:
  static constexpr uint8_t kVersion = 1;

  static uint8_t byte(size_t value) { return static_cast<uint8_t>(value); }
  static ByteWriter binder(std::initializer_list<uint8_t> bytes) {
    ByteWriter writer;
    for (const uint8_t each : bytes) writer.put<uint8_t>(each);
    return writer;
  }
  // Version, algorithm, usage; numbers big-endian.
  Bytes tag(PineUsage usage) const {
    ByteWriter writer = binder({kVersion, byte(id_ >> 24), byte(id_ >> 16), byte(id_ >> 8),
                                byte(id_), 0, static_cast<uint8_t>(usage)});
    return std::move(writer).bytes();
  }
  std::span<const uint8_t> zero_seed() const {
    static constexpr uint8_t kZero[32] = {};
    return std::span(kZero).first(seed_size());
  }

  uint32_t id_;
  XofKind kind_;
  size_t aggregators_;
  uint8_t proofs_;
  uint8_t norm_equality_proofs_;
};

}  // namespace sotto
