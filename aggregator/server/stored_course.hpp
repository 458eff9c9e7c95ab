// The course of training as the store has it: what it was told, in order, so that a restarted
// server tells it the same again and has the very same model.
//
// Records (space, key, bytes):
//   "release"  number, 16 hex digits    encode_release (publishing/course.hpp); written by the
//              leader's service in the commit that closes a task
//   "course"   number, 16 hex digits    u8 format = 1 | u8 kind | u64 releases before it | the
//   rest:
//              kind 1: encode_content, what the catalogue was from then on; kind 2: an int8
//              snapshot, the model that training went on from after a rollback
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/executor.hpp"
#include "base/result.hpp"
#include "publishing/course.hpp"
#include "server/context.hpp"

namespace sotto {

inline constexpr const char* kReleaseSpace = "release";

class StoredCourse {
 public:
  /// Tells the course everything that it was told, and the catalogue file, if that is news.
  /// executor: lent for the life of the object.
  /// Errors: those of the store, the catalogue and the course, naming what; a release that does not
  /// fit the configuration.
  static Result<StoredCourse> open(const ServerContext& context, Executor& executor);

  const Course& course() const { return course_; }
  /// Of the catalogue as it would be published; zeros where it has no items.
  const Digest& catalogue_hash() const { return catalogue_hash_; }

  /// A release that trained, or was to.
  struct Learnt {
    uint64_t releases = 0;  ///< Course::releases() with it.
    uint64_t reports = 0;
    GateReport report;
  };
  /// The latest one, unless an evaluation: what it asks for, a publication or a rollback, is to be
  /// done until acted() or a turn. Learnt again after a restart, and told by its number whether the
  /// live model has it.
  const std::optional<Learnt>& learnt() const { return learnt_; }
  void acted() { learnt_.reset(); }

  /// The next task that may be opened; nothing: not yet. The counts of a cycle wait until
  /// [training] cycle has passed since those before them, also where these came to nothing: they
  /// may have been paid. So does its evaluation, without which a cycle goes on when it cannot be
  /// had.
  Result<std::optional<Task>> next_task(int64_t now_ms) const;
  /// The next task has been opened.
  void opened(const Task& task);
  /// A release that is stored. Errors: those of Course::accept.
  Result<GateReport> learn(const StoredRelease& release);

  /// Training that goes on from another model: the course as it then is, and the record that makes
  /// it so.
  struct Turn {
    Course course;
    StoreChange change;
  };
  /// model: an int8 file. Changes nothing. Errors: those of load_snapshot and Course::use_model.
  Result<Turn> turn_to(const Bytes& model) const;
  /// Once `turn.change` is durable.
  void take(Turn turn);

 private:
  StoredCourse(const ServerContext& context, Executor& executor, Course course)
      : context_(&context), executor_(&executor), course_(std::move(course)) {}

  struct Event;
  static Bytes encode(const Event& event);
  static Result<Event> decode(const Bytes& bytes);
  StoreChange change_of(Event event) const;
  Status tell(const Event& event);
  Status learn_again(const KeyedRecord& record);
  Status learn_until(std::span<const std::string> releases, uint64_t end);
  Status take_catalogue();
  Status hash_catalogue();

  const ServerContext* context_;
  Executor* executor_;
  Course course_;
  uint64_t n_events_ = 0;
  Digest catalogue_hash_{};
  std::optional<Learnt> learnt_;
  int64_t evaluated_ms_ = 0;  // when the latest evaluation was opened; 0: never
  int64_t counted_ms_ = 0;    // and the latest counts
};

}  // namespace sotto
