// A site: what it serves, its three roles, and a network on a simulated clock. Both fail at will.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crowd/crowd.hpp"
#include "crowd/simulated_clock.hpp"
#include "crypto/text_encoding.hpp"
#include "device/small_site.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {

/// Chances, for each whole upload.
struct Faults {
  double unavailable = 0;      ///< 503, with Retry-After
  double limited = 0;          ///< 429
  double lost_before = 0;      ///< The connection, before the leader has the report,
  double lost_after = 0;       ///< and after it.
  uint32_t retry_after_s = 2;  ///< Of a 503.
};

class FakeSite {
 public:
  static constexpr int64_t kWindowMs = 20 * kMinute;
  static constexpr int64_t kOpens = kStart + 2 * kMinute;
  static constexpr const char* kToken = "the token";

  /// A task with the version of the model that it is for, both published when the window before it
  /// is over.
  struct Round {
    Round(const SmallSite& site, Task of)
        : task(std::move(of)),
          file(site.file(task)),
          id(sha256(file)),
          publication(site.publish(task.model_sequence)),
          leader(site.server(Role::kLeader, file)),
          helper(site.server(Role::kHelper, file)),
          collector(site.collector_result(file).value()) {}

    /// Prepares everything that was accepted.
    void prepare(int64_t now_ms, EntropySource& entropy) {
      while (!leader.state().waiting.empty()) {
        const auto request = leader.start_job(64, entropy);
        if (!request.ok()) return;  // none of them could be opened
        const Bytes response = helper.prepare(*request, now_ms).value();
        const Bytes commit = leader.on_prepare_response(response).value();
        REQUIRE(leader.on_commit_response(helper.commit(commit).value()).ok());
      }
    }

    Task task;
    Bytes file;
    TaskId id;
    SmallSite::Publication publication;
    StoredLeader leader;
    StoredHelper helper;
    CollectorRole collector;
  };
  struct Received {
    std::vector<Bytes> whole;
    std::vector<uint64_t> torn_at;
    std::vector<int64_t> at_ms;
  };

  explicit FakeSite(const Clock& clock, size_t n_rounds = 1)
      : FakeSite(clock, SmallSite().rows_task(), n_rounds) {}
  FakeSite(const Clock& clock, const Task& of, size_t n_rounds = 1) : clock_(clock) {
    for (size_t number = 0; number < n_rounds; ++number) {
      Task task = of;
      task.model_sequence = number + 1;
      task.window_start_ms = opens(number);
      task.window_end_ms = opens(number) + kWindowMs;
      task.max_batch = 5000;
      rounds.emplace_back(site, std::move(task));
    }
  }

  /// Errors: what happens to connections.
  Result<CrowdReply> answer(const CrowdCall& call) {
    if (down) return Error{ErrorCode::kIo, "connection refused"};
    if (call.method == "PUT") return upload(call);
    if (call.to_helper) ++helper_gets[call.target];
    const Round& now = current();
    if (call.target == "/v1/manifest") return manifest_reply(call, now);
    if (call.target == "/v1/tasks") return ok(from_text(task_list()));
    if (call.target == "/v1/admin/status") return status(call);
    for (const Round& round : rounds)
      if (call.target == "/v1/tasks/" + to_hex(round.id)) return ok(round.file);
    const std::pair<std::string, Bytes> files[] = {
        {"/v1/files/" + to_hex(published_file(now.publication.snapshot).hash),
         now.publication.snapshot},
        {"/v1/files/" + to_hex(published_file(now.publication.catalogue).hash),
         now.publication.catalogue},
        {"/v1/keys/" + to_hex(now.task.leader_key), served_leader_key},
        {"/v1/keys/" + to_hex(now.task.helper_key), encode_signed_key(site.helper_key)}};
    for (const auto& [path, bytes] : files)
      if (call.target == path) return ok(bytes);
    return problem(404, "NOT_FOUND");
  }

  /// Prepares and collects; then the sum without the servers' noise.
  std::vector<int64_t> sum_without_noise(size_t number = 0) {
    Round& round = rounds[number];
    round.prepare(clock_.now_ms(), entropy_);
    REQUIRE(round.leader.state().waiting.empty());
    TestEntropy leader_noise(3), helper_noise(4), leader_again(3), helper_again(4);
    const int64_t end = round.task.window_end_ms;
    const Bytes request = round.leader.start_collection(end).value();
    const Bytes helper_share = round.helper.collect(request, end, helper_noise).value();
    const Bytes leader_share = round.leader.finish_collection(helper_share, leader_noise).value();
    std::vector<int64_t> sum = round.collector.open(leader_share, helper_share).value().sum;
    for (TestEntropy* const entropy : {&leader_again, &helper_again}) {
      const auto noise = noise_of(*entropy, round.task.sigma, sum.size());
      for (size_t j = 0; j < sum.size(); ++j) sum[j] -= noise[j];
    }
    return sum;
  }
  const LeaderState& leader(size_t number = 0) const { return rounds[number].leader.state(); }
  const TaskId& id(size_t number = 0) const { return rounds[number].id; }

  SmallSite site;
  std::vector<Round> rounds;
  Faults faults;
  std::map<std::string, Received> received;  ///< By path.
  std::map<std::string, uint64_t> helper_gets;
  uint64_t not_modified = 0;
  bool down = false;
  Bytes served_leader_key = encode_signed_key(site.leader_key);

 private:
  static int64_t opens(size_t number) {
    return kOpens + static_cast<int64_t>(number) * (kWindowMs + kMinute);
  }
  static CrowdReply ok(Bytes body) { return {.status = 200, .body = std::move(body)}; }
  static CrowdReply problem(unsigned status, const std::string& code) {
    return {.status = status, .body = from_text(R"({"status":0,"code":")" + code + R"("})")};
  }
  /// What is published now.
  const Round& current() const {
    size_t number = 0;
    while (number + 1 < rounds.size() && clock_.now_ms() >= rounds[number].task.window_end_ms)
      ++number;
    return rounds[number];
  }

  CrowdReply manifest_reply(const CrowdCall& call, const Round& now) {
    const std::string etag = '"' + std::to_string(now.task.model_sequence) + '"';
    for (const auto& [name, value] : call.headers)
      if (name == "if-none-match" && value == etag) {
        ++not_modified;
        return {.status = 304};
      }
    return {.status = 200, .etag = etag, .body = now.publication.manifest};
  }

  // All of them, also those that are over or to come: the list is not to be trusted.
  std::string task_list() const {
    std::string list;
    for (const Round& round : rounds)
      list += (list.empty() ? R"({"id":")" : R"(,{"id":")") + to_hex(round.id) +
              R"(","model_sequence":)" + std::to_string(round.task.model_sequence) + "}";
    return R"({"tasks":[)" + list + "]}";
  }

  CrowdReply status(const CrowdCall& call) {
    bool authorized = false;
    for (const auto& [name, value] : call.headers)
      authorized |= name == "authorization" && value == std::string("Bearer ") + kToken;
    if (!authorized) return problem(401, "AUTHENTICATION");
    std::string list;
    for (Round& round : rounds) {
      round.prepare(clock_.now_ms(), entropy_);
      list += (list.empty() ? "" : ",") + status_of(round);
    }
    return ok(from_text(R"({"tasks":[)" + list + "]}"));
  }

  static std::string status_of(const Round& round) {
    const LeaderState& state = round.leader.state();
    std::string rejected;
    for (const auto& [code, count] : state.rejected)
      rejected += (rejected.empty() ? "\"" : ",\"") + std::string(error_code_name(code)) +
                  "\":" + std::to_string(count);
    return R"({"id":")" + to_hex(round.id) + R"(","phase":"open","reports":)" +
           std::to_string(state.batch.reports) + R"(,"pending":)" +
           std::to_string(state.waiting.size()) + R"(,"rejected":{)" + rejected + "}}";
  }

  Result<CrowdReply> upload(const CrowdCall& call) {
    Received& of = received[call.target];
    of.at_ms.push_back(clock_.now_ms());
    if (call.abort_after) {
      of.torn_at.push_back(*call.abort_after);
      return Error{ErrorCode::kCancelled, "torn down"};
    }
    of.whole.push_back(*call.body);
    double chance = random_.uniform();
    if ((chance -= faults.unavailable) < 0) {
      CrowdReply reply = problem(503, "IO");
      reply.retry_after_s = faults.retry_after_s;
      return reply;
    }
    if ((chance -= faults.limited) < 0) return problem(429, "RATE_LIMITED");
    if ((chance -= faults.lost_before) < 0) return Error{ErrorCode::kIo, "connection lost"};
    const auto accepted = accept(call);
    if ((chance -= faults.lost_after) < 0) return Error{ErrorCode::kIo, "connection lost"};
    if (accepted.ok()) return ok({});
    return problem(accepted.error().code == ErrorCode::kExpired ? 410 : 400,
                   error_code_name(accepted.error().code));
  }

  // The one place that knows how a leader takes a report.
  Result<Acceptance> accept(const CrowdCall& call) {
    for (Round& round : rounds)
      if (call.target.starts_with("/v1/tasks/" + to_hex(round.id) + "/"))
        return round.leader.accept(*call.body, clock_.now_ms());
    return Error{ErrorCode::kNotFound, "task: not known"};
  }

  const Clock& clock_;
  Random random_{5};
  TestEntropy entropy_{6};
};

/// Answers come after 1 to 40 ms.
class FakeNetwork final : public CrowdTransport {
 public:
  FakeNetwork(SimulatedClock& clock, FakeSite& site) : clock_(clock), site_(site) {}

  void send(CrowdCall call, Done done) override {
    const auto latency = static_cast<int64_t>(1 + random_.below(40));
    most_under_way = std::max(most_under_way, ++under_way_);
    clock_.at(clock_.now_ms() + latency,
              [this, latency, call = std::move(call), done = std::move(done)] {
                --under_way_;
                auto reply = site_.answer(call);
                if (reply.ok()) reply->latency_us = static_cast<uint64_t>(latency) * 1000;
                done(std::move(reply));
              });
  }

  size_t most_under_way = 0;

 private:
  SimulatedClock& clock_;
  FakeSite& site_;
  Random random_{8};
  size_t under_way_ = 0;
};

/// People with 0 to 15 items each, of those that everybody may have.
inline CrowdPeople crowd_people(uint32_t n) {
  CrowdPeople people;
  Random random(11);
  for (uint32_t person = 0; person < n; ++person)
    people.histories.add(random_history(SmallSite::kWithoutRow, person % 16, random));
  for (uint32_t item = 0; item < SmallSite::kItems; ++item)
    people.item_ids.push_back(item_id(item));
  return people;
}

inline CrowdOptions small_crowd() {
  CrowdOptions options;
  options.visitors = 200;
  options.arrivals_per_s = 2;
  options.limits = {5, 20, LedgerLimits::kNinetyDays};
  options.tasks = 1;
  options.poll_ms = 5000;
  options.seed = 17;
  return options;
}

/// A crowd on a fake site, from before its window opens.
struct CrowdRun {
  explicit CrowdRun(size_t n_rounds = 1) : site(clock, n_rounds) {}
  explicit CrowdRun(const Task& task) : site(clock, task) {}

  SimulatedClock clock{FakeSite::kOpens - kMinute};
  FakeSite site;
  FakeNetwork network{clock, site};
  CrowdPeople people = crowd_people(48);
  bool keys_from_helper = false;
  std::optional<Crowd> crowd;

  Result<CrowdOutcome> try_run(const CrowdOptions& options, unsigned workers = 2) {
    ThreadPool pool(workers);
    const std::atomic<bool> stop{false};
    crowd.emplace(options, site.site.pinned, keys_from_helper, people, network, clock, pool);
    return crowd->run(stop);
  }
  CrowdOutcome run(const CrowdOptions& options, unsigned workers = 2) {
    auto outcome = try_run(options, workers);
    INFO((outcome.ok() ? std::string() : outcome.error().message));
    REQUIRE(outcome.ok());
    return std::move(outcome).value();
  }
  /// Of the one task.
  static const TaskAccount& account(const CrowdOutcome& outcome) {
    REQUIRE(outcome.accounts.size() == 1);
    return outcome.accounts.begin()->second;
  }
};

}  // namespace sotto
