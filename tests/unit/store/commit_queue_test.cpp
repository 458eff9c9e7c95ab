#include "store/commit_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "store/records.hpp"

using namespace sotto;
using namespace sotto::test;

namespace {

// Holds the queue's thread in a work until it is opened.
class Gate {
 public:
  CommitQueue::Work work() {
    return [this](std::vector<StoreChange>&) {
      reached_.set_value();
      opened_.get_future().wait();
    };
  }
  void wait_until_reached() { reached_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> reached_, opened_;
};

void nothing_lost() { FAIL("lost"); }
void ignore(const Status&) {}
void no_work(std::vector<StoreChange>&) {}

}  // namespace

TEST_CASE("commit queue: of 8 threads every work is answered after its commit, in its order") {
  constexpr int kThreads = 8, kWorks = 1000;
  MemoryStore store;
  std::atomic<int> n_early = 0, n_unordered = 0, n_failed = 0, n_refused = 0;
  std::vector<int> answered(kThreads, 0);  // only on the queue's thread until it has stopped
  size_t most_works = 0;
  {
    CommitQueue::Options options;
    options.most_waiting = kThreads * kWorks + 1;
    CommitQueue queue(store, options, nothing_lost);
    Gate gate;
    REQUIRE(queue.post(gate.work(), ignore));
    gate.wait_until_reached();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        const std::string space = "thread" + std::to_string(t);
        for (int i = 0; i < kWorks; ++i) {
          const auto work = [space, i](std::vector<StoreChange>& changes) {
            changes.push_back(put(space, std::to_string(i), "1"));
          };
          const auto done = [&, space, t, i](const Status& status) {
            if (!status.ok()) ++n_failed;
            if (!store.get(space, std::to_string(i))->has_value()) ++n_early;
            if (answered[static_cast<size_t>(t)]++ != i) ++n_unordered;
          };
          if (!queue.post(work, done)) ++n_refused;
        }
      });
    for (auto& thread : threads) thread.join();
    most_works = queue.waiting();
    gate.open();
    queue.stop();
    CHECK(queue.waiting() == 0);
  }
  CHECK(n_refused == 0);
  CHECK(n_failed == 0);
  CHECK(n_early == 0);
  CHECK(n_unordered == 0);
  CHECK(answered == std::vector<int>(kThreads, kWorks));
  CHECK(most_works == kThreads * kWorks + 1);
  CHECK(store.n_commits() == (kThreads * kWorks + 512) / 512);  // of the 8,001 works, 512 a group
}

TEST_CASE("commit queue: posting and answering at the same time, nothing is left out") {
  constexpr int kThreads = 8, kWorks = 1000;
  MemoryStore store;
  std::atomic<int> n_done = 0;
  int state = 0;  // what works change: only on the queue's thread
  {
    CommitQueue queue(store, {}, nothing_lost);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < kWorks; ++i) {
          const auto work = [&](std::vector<StoreChange>& changes) {
            changes.push_back(put("a", "n", std::to_string(++state)));
          };
          while (!queue.post(work, [&](const Status&) { ++n_done; })) std::this_thread::yield();
        }
      });
    for (auto& thread : threads) thread.join();
  }
  CHECK(n_done == kThreads * kWorks);
  CHECK(*store.get("a", "n") == bytes_of(std::to_string(kThreads * kWorks)));
}

TEST_CASE("commit queue: a group is closed by its bytes too, and within it later changes win") {
  MemoryStore store;
  CommitQueue::Options options;
  options.group_bytes = 1000;
  CommitQueue queue(store, options, nothing_lost);
  Gate gate;
  REQUIRE(queue.post(gate.work(), ignore));
  gate.wait_until_reached();
  for (int i = 0; i < 10; ++i)
    REQUIRE(queue.post(
        [i](std::vector<StoreChange>& changes) {
          changes.push_back(put("a", "x", std::string(400, static_cast<char>('0' + i))));
        },
        ignore));
  gate.open();
  queue.stop();
  CHECK(store.n_commits() == 4);  // of three works each
  CHECK(*store.get("a", "x") == bytes_of(std::string(400, '9')));
}

TEST_CASE("commit queue: works that change nothing are answered without a commit") {
  MemoryStore store;
  CommitQueue queue(store, {}, nothing_lost);
  bool ok = false;
  REQUIRE(queue.post(no_work, [&](const Status& status) { ok = status.ok(); }));
  queue.stop();
  CHECK(ok);
  CHECK(store.n_commits() == 0);
}

TEST_CASE("commit queue: when a commit fails, memory is read back before anybody is told") {
  MemoryStore store;
  store.answer = [n = 0]() mutable {
    return ++n == 2 ? Status(ErrorCode::kIo, "store: the disk is full") : Status();
  };
  int memory = 0;
  std::vector<std::string> log;  // both only on the queue's thread until it has stopped
  CommitQueue queue(store, {}, [&] {
    const auto bytes = *store.get("a", "n");
    memory = bytes ? std::stoi(std::string(bytes->begin(), bytes->end())) : 0;
    log.push_back("lost, back to " + std::to_string(memory));
  });
  const auto add = [&](std::vector<StoreChange>& changes) {
    changes.push_back(put("a", "n", std::to_string(++memory)));
  };
  const auto done = [&](const Status& status) {
    log.push_back(status.ok() ? "done" : status.error().message);
  };
  for (const int n_works : {1, 2, 1}) {  // three groups
    Gate gate;
    std::promise<void> answered;
    REQUIRE(queue.post(gate.work(), ignore));
    gate.wait_until_reached();
    for (int i = 0; i < n_works; ++i) REQUIRE(queue.post(add, done));
    REQUIRE(queue.post(no_work, [&](const Status&) { answered.set_value(); }));
    gate.open();
    answered.get_future().wait();
  }
  queue.stop();
  CHECK(log == std::vector<std::string>{"done", "lost, back to 1", "store: the disk is full",
                                        "store: the disk is full", "done"});
  CHECK(memory == 2);
  CHECK(*store.get("a", "n") == bytes_of("2"));
}

TEST_CASE("commit queue: more than it may hold is refused, neither worked on nor answered") {
  MemoryStore store;
  CommitQueue::Options options;
  options.most_waiting = 3;
  CommitQueue queue(store, options, nothing_lost);
  Gate gate;
  int n_done = 0;
  const auto count = [&](const Status&) { ++n_done; };
  REQUIRE(queue.post(gate.work(), count));
  gate.wait_until_reached();
  CHECK(queue.post(no_work, count));
  CHECK(queue.post(no_work, count));
  CHECK(queue.waiting() == 3);
  CHECK(!queue.post([](std::vector<StoreChange>&) { FAIL("worked on"); },
                    [](const Status&) { FAIL("answered"); }));
  gate.open();
  queue.stop();
  CHECK(n_done == 3);
}

TEST_CASE("commit queue: an answer may post what follows, also to a full queue") {
  MemoryStore store;
  CommitQueue::Options options;
  options.most_waiting = 1;
  CommitQueue queue(store, options, nothing_lost);
  std::promise<bool> followed;
  REQUIRE(queue.post(no_work, [&](const Status&) {
    if (!queue.post(no_work, [&](const Status&) { followed.set_value(true); }))
      followed.set_value(false);
  }));
  CHECK(followed.get_future().get());
}

TEST_CASE("commit queue: stop answers everything that was posted and refuses the rest") {
  MemoryStore store;
  int n_done = 0;
  CommitQueue queue(store, {}, nothing_lost);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = std::to_string(i);
    REQUIRE(queue.post(
        [key](std::vector<StoreChange>& changes) { changes.push_back(put("a", key, "1")); },
        [&](const Status&) { ++n_done; }));
  }
  std::thread other([&] { queue.stop(); });
  queue.stop();
  other.join();
  CHECK(n_done == 2000);
  CHECK(store.keys("a", "")->size() == 2000);
  CHECK(!queue.post(no_work, ignore));
  queue.stop();
}

TEST_CASE("commit queue: stop from within an answer does not wait for itself") {
  MemoryStore store;
  CommitQueue queue(store, {}, nothing_lost);
  std::promise<bool> refused;
  REQUIRE(queue.post(no_work, [&](const Status&) {
    queue.stop();
    refused.set_value(!queue.post(no_work, ignore));
  }));
  CHECK(refused.get_future().get());
}

TEST_CASE("commit queue: a server's own steps see what was posted before them in the store") {
  MemoryStore store;
  CommitQueue::Options options;
  options.most_waiting = 2;
  CommitQueue queue(store, options, nothing_lost);
  Gate gate;
  REQUIRE(queue.post(gate.work(), ignore));
  gate.wait_until_reached();
  REQUIRE(queue.post(
      [](std::vector<StoreChange>& changes) { changes.push_back(put("a", "report", "1")); },
      ignore));
  CHECK(!queue.post(no_work, ignore));  // full, which is nothing to steps
  bool found = false;
  for (int step = 0; step < 3; ++step)
    queue.post_after_commit(
        [&](std::vector<StoreChange>&) { found = store.get("a", "report")->has_value(); }, ignore);
  gate.open();
  queue.stop();
  CHECK(found);
  CHECK(queue.run(no_work).error().code == ErrorCode::kCancelled);
}

TEST_CASE("commit queue: run waits for the commit and says what became of it") {
  MemoryStore store;
  CommitQueue queue(store, {}, [] {});
  CHECK(queue.run([](std::vector<StoreChange>& changes) { changes.push_back(put("a", "b", "1")); })
            .ok());
  CHECK(store.get("a", "b")->has_value());
  store.answer = [] { return Status(ErrorCode::kIo, "store: the disk is full"); };
  CHECK(queue.run([](std::vector<StoreChange>& changes) { changes.push_back(put("a", "c", "1")); })
            .error()
            .code == ErrorCode::kIo);
}
