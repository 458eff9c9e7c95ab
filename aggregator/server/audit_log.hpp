// Who did what: a log that shows when somebody has changed it afterwards.
//
// Records (space "audit", key: sequence in 16 hex digits):
//   u8 format = 1 | i64 time_ms | actor, action, detail: u64 length and text each | previous 32
// digest of an entry = SHA-256("sotto audit v1" | sequence u64 | the record); `previous` is that of
// the entry before, zero for the first. The head (the latest digest) rides in every signed
// manifest, so that whoever keeps manifests can tell a log that was rewritten.
//
// Only a server appends. What an operator does beside it on the machine is noted (space "audit
// note", key: random; the same record, `previous` zero) and taken into the chain by the server,
// within a second when it runs.
//
// Thread safety: one thread at a time (the commit queue's), but for verify, read, note and notes.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/entropy.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "store/store.hpp"

namespace sotto {

struct AuditEntry {
  uint64_t sequence = 0;  ///< 1, 2, ...
  int64_t time_ms = 0;
  std::string actor;   ///< "token NAME", "server", "operator" (a command on the machine), "nobody".
  std::string action;  ///< "publish", "rollback", "open task", "refused", ...
  std::string detail;
  Digest previous{};
  Digest digest{};
};

/// {"sequence", "time_ms", "actor", "action", "detail", "digest"}, as API and command show it.
boost::json::object to_json(const AuditEntry& entry);

class AuditLog {
 public:
  static constexpr size_t kMostText = 4096;  ///< Of each text; longer ones are cut.

  /// At the end of what the store has. Errors: kIo, kMalformed.
  static Result<AuditLog> open(const Store& store);

  /// The next entry as a change to commit; open() anew when the commit has failed.
  StoreChange append(std::string actor, std::string action, std::string detail, int64_t now_ms);
  const Digest& head() const { return head_; }
  uint64_t sequence() const { return sequence_; }

  /// For other processes than the server: an entry that it will take into the chain.
  static StoreChange note(std::string actor, std::string action, std::string detail, int64_t now_ms,
                          EntropySource& entropy);
  /// What was noted and not taken yet, without sequence. Errors: kIo, kMalformed.
  static Result<std::vector<AuditEntry>> notes(const Store& store);
  /// Takes the notes. Errors: as notes.
  Status take_notes(const Store& store, std::vector<StoreChange>& changes);
  /// Entries with a sequence above `after`, at most `limit`. Errors: kIo, kMalformed.
  static Result<std::vector<AuditEntry>> read(const Store& store, uint64_t after, size_t limit);
  /// The whole chain. Errors: kDisagreement, naming the first entry that does not follow from the
  /// one before; kIo; kMalformed.
  static Result<AuditEntry> verify(const Store& store);

 private:
  uint64_t sequence_ = 0;
  Digest head_{};
};

}  // namespace sotto
