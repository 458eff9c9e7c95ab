// What all instances do with aggregate shares: field elements in their encoding that are added up.
// The contracts are those of vdaf.hpp; `name` of the instance begins the errors.
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "vdaf/field.hpp"
#include "vdaf/field_vector.hpp"
#include "vdaf/vdaf.hpp"

namespace sotto {

inline Status check_share_size(std::span<const uint8_t> bytes, size_t size, const char* name,
                               const char* what) {
  if (bytes.size() != size)
    return {ErrorCode::kMalformed, std::string(name) + ": wrong length of " + what};
  return {};
}

template <class Field>
Status check_share_vector(std::span<const uint8_t> encoded, size_t size, const char* name,
                          const char* what) {
  SOTTO_CHECK_OK(check_share_size(encoded, size, name, what));
  if (!all_canonical<Field>(encoded))
    return {ErrorCode::kMalformed, std::string(name) + ": no field element in " + what};
  return {};
}

template <class Field>
Status merge_shares(AggregateShare& into, const AggregateShare& other, size_t size,
                    const char* name) {
  for (const AggregateShare* share : {static_cast<const AggregateShare*>(&into), &other})
    SOTTO_CHECK_OK(
        check_share_vector<Field>(share->encoded.reveal(), size, name, "aggregate share"));
  add_vector<Field>(into.encoded.reveal_mutable(), other.encoded.reveal());
  return {};
}

template <class Field>
Status add_integers_to_share(AggregateShare& into, std::span<const int64_t> integers,
                             size_t dimension, const char* name) {
  if (integers.size() != dimension)
    return {ErrorCode::kInvalidArgument, std::string(name) + ": wrong number of integers"};
  SOTTO_CHECK_OK(check_share_vector<Field>(into.encoded.reveal(), dimension * Field::kEncodedSize,
                                           name, "aggregate share"));
  uint8_t* at = into.encoded.reveal_mutable().data();
  for (const int64_t integer : integers) {
    Field::store(at, Field::add(Field::load(at), Field::from_signed(integer)));
    at += Field::kEncodedSize;
  }
  return {};
}

/// Also kMalformed when a sum is no int64_t: no measurements have one.
template <class Field>
Result<std::vector<int64_t>> unshard_shares(std::span<const AggregateShare> shares,
                                            size_t aggregators, size_t dimension,
                                            const char* name) {
  if (shares.size() != aggregators)
    return Error{ErrorCode::kInvalidArgument,
                 std::string(name) + ": wrong number of aggregate shares"};
  AggregateShare total{SecretBytes(dimension * Field::kEncodedSize)};
  for (const AggregateShare& share : shares)
    SOTTO_CHECK_OK(merge_shares<Field>(total, share, total.encoded.size(), name));
  std::vector<int64_t> result(dimension);
  const uint8_t* at = total.encoded.reveal().data();
  for (int64_t& value : result) {
    const auto sum = Field::load(at);
    if (!Field::fits_int64(sum))
      return Error{ErrorCode::kMalformed, std::string(name) + ": a sum is out of range"};
    value = Field::to_signed(sum);
    at += Field::kEncodedSize;
  }
  return result;
}

}  // namespace sotto
