// What a device stores: records under keys. The core never stores anything; it returns the list of
// records that changed, and the host commits the whole list in one transaction.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace sotto {

/// One change of the stored state: put `bytes` under `key`, or delete the key (one that is not
/// there may be deleted too). Within one list no key stands twice. Thread safety: a plain value.
struct KeyedRecord {
  std::string key;             ///< ASCII: the room's name, '/', the rest.
  std::optional<Bytes> bytes;  ///< Absent: delete.

  bool operator==(const KeyedRecord&) const = default;
};

}  // namespace sotto
