// A site on a simulated clock: what it serves, its three roles, and a network that fails at will.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crowd/crowd.hpp"
#include "crowd/hex_text.hpp"
#include "crowd/simulated_clock.hpp"
#include "device/small_site.hpp"
#include "lab/thread_pool.hpp"

namespace sotto {

/// Chances, for each whole upload.
struct Faults {
  double unavailable = 0;  ///< 503, Retry-After: 2
  double limited = 0;      ///< 429
  double lost_before = 0;  ///< The connection, before the leader has the report,
  double lost_after = 0;   ///< and after it.
};

class FakeSite final : public CrowdTransport {
 public:
  static constexpr int64_t kWindowMs = 20 * kMinute;
  static constexpr int64_t kOpens = kStart + 2 * kMinute;
  static constexpr const char* kToken = "the token";

  struct Received {
    std::vector<Bytes> whole;
    std::vector<uint64_t> torn_at;
    std::vector<int64_t> at_ms;
    unsigned acknowledgements = 0;
  };

  explicit FakeSite(SimulatedClock& clock) : FakeSite(clock, SmallSite().rows_task()) {}
  FakeSite(SimulatedClock& clock, Task of)
      : task(opening(std::move(of))),
        clock_(clock),
        file_(site.file(task)),
        id_(sha256(file_)),
        publication_(site.publish(1)),
        leader_(site.server(Role::kLeader, file_)),
        helper_(site.server(Role::kHelper, file_)),
        collector_(site.collector_result(file_).value()) {}

  void send(CrowdCall call, Done done) override {
    const auto latency = static_cast<int64_t>(1 + random_.below(40));
    most_under_way = std::max(most_under_way, ++under_way_);
    clock_.at(clock_.now_ms() + latency,
              [this, latency, call = std::move(call), done = std::move(done)] {
                --under_way_;
                auto reply = answer(call);
                if (reply.ok()) reply->latency_us = static_cast<uint64_t>(latency) * 1000;
                done(std::move(reply));
              });
  }

  /// Prepares everything that was accepted, in jobs; then the sum without the servers' noise.
  std::vector<int64_t> sum_without_noise() {
    prepare();
    REQUIRE(leader_.state().waiting.empty());
    TestEntropy leader_noise(3), helper_noise(4), leader_again(3), helper_again(4);
    const int64_t end = task.window_end_ms;
    const Bytes request = leader_.start_collection(end).value();
    const Bytes helper_share = helper_.collect(request, end, helper_noise).value();
    const Bytes leader_share = leader_.finish_collection(helper_share, leader_noise).value();
    std::vector<int64_t> sum = collector_.open(leader_share, helper_share).value().sum;
    for (TestEntropy* const entropy : {&leader_again, &helper_again}) {
      const auto noise = noise_of(*entropy, task.sigma, sum.size());
      for (size_t j = 0; j < sum.size(); ++j) sum[j] -= noise[j];
    }
    return sum;
  }
  void prepare() {
    while (!leader_.state().waiting.empty()) {
      const auto request = leader_.start_job(64, entropy_);
      if (!request.ok()) return;  // none of them could be opened
      const Bytes response = helper_.prepare(*request, clock_.now_ms()).value();
      const Bytes commit = leader_.on_prepare_response(response).value();
      REQUIRE(leader_.on_commit_response(helper_.commit(commit).value()).ok());
    }
  }
  const LeaderState& leader() const { return leader_.state(); }
  const TaskId& id() const { return id_; }
  const Bytes& manifest() const { return publication_.manifest; }

  SmallSite site;
  Task task;
  Faults faults;
  std::map<std::string, Received> received;  ///< By path.
  std::map<std::string, uint64_t> gets;      ///< Likewise.
  uint64_t not_modified = 0;
  size_t most_under_way = 0;
  bool down = false;
  Bytes served_leader_key = encode_signed_key(site.leader_key);

 private:
  static Task opening(Task task) {
    task.window_start_ms = kOpens;
    task.window_end_ms = kOpens + kWindowMs;
    task.max_batch = 5000;
    return task;
  }

  static CrowdReply ok(Bytes body) { return {.status = 200, .body = std::move(body)}; }
  static CrowdReply problem(unsigned status, const std::string& code) {
    return {.status = status, .body = from_text(R"({"status":0,"code":")" + code + R"("})")};
  }

  Result<CrowdReply> answer(const CrowdCall& call) {
    if (down) return Error{ErrorCode::kIo, "connection refused"};
    if (call.method == "PUT") return upload(call);
    ++gets[call.target];
    if (call.target == "/v1/manifest") return manifest_reply(call);
    if (call.target == "/v1/tasks") return ok(from_text(task_list()));
    if (call.target == "/v1/tasks/" + hex_text(id_)) return ok(file_);
    if (call.target == "/v1/admin/status") return status(call);
    const std::pair<std::string, Bytes> files[] = {
        {"/v1/files/" + hex_text(published_file(publication_.snapshot).hash),
         publication_.snapshot},
        {"/v1/files/" + hex_text(published_file(publication_.catalogue).hash),
         publication_.catalogue},
        {"/v1/keys/" + hex_text(task.leader_key), served_leader_key},
        {"/v1/keys/" + hex_text(task.helper_key), encode_signed_key(site.helper_key)}};
    for (const auto& [path, bytes] : files)
      if (call.target == path) return ok(bytes);
    return problem(404, "NOT_FOUND");
  }

  CrowdReply manifest_reply(const CrowdCall& call) {
    const std::string etag = "\"one\"";
    for (const auto& [name, value] : call.headers)
      if (name == "if-none-match" && value == etag) {
        ++not_modified;
        return {.status = 304};
      }
    return {.status = 200, .etag = etag, .body = publication_.manifest};
  }

  std::string task_list() const {
    return R"({"tasks":[{"id":")" + hex_text(id_) + R"(","model_sequence":1}]})";
  }

  CrowdReply status(const CrowdCall& call) {
    bool authorized = false;
    for (const auto& [name, value] : call.headers)
      authorized |= name == "authorization" && value == std::string("Bearer ") + kToken;
    if (!authorized) return problem(401, "AUTHENTICATION");
    prepare();
    const LeaderState& state = leader_.state();
    std::string rejected;
    for (const auto& [code, count] : state.rejected)
      rejected += (rejected.empty() ? "\"" : ",\"") + std::string(error_code_name(code)) +
                  "\":" + std::to_string(count);
    return ok(from_text(R"({"tasks":[{"id":")" + hex_text(id_) + R"(","phase":"open","reports":)" +
                        std::to_string(state.batch.reports) + R"(,"pending":)" +
                        std::to_string(state.waiting.size()) + R"(,"rejected":{)" + rejected +
                        "}}]}"));
  }

  Result<CrowdReply> upload(const CrowdCall& call) {
    Received& of = received[call.target];
    of.at_ms.push_back(clock_.now_ms());
    if (call.abort_after) {
      of.torn_at.push_back(*call.abort_after);
      return Error{ErrorCode::kIo, "torn down"};
    }
    of.whole.push_back(*call.body);
    double chance = random_.uniform();
    if ((chance -= faults.unavailable) < 0) {
      CrowdReply reply = problem(503, "IO");
      reply.retry_after_s = 2;
      return reply;
    }
    if ((chance -= faults.limited) < 0) return problem(429, "RATE_LIMITED");
    if ((chance -= faults.lost_before) < 0) return Error{ErrorCode::kIo, "connection lost"};
    const auto accepted = accept(*call.body);
    if ((chance -= faults.lost_after) < 0) return Error{ErrorCode::kIo, "connection lost"};
    if (!accepted.ok())
      return problem(accepted.error().code == ErrorCode::kExpired ? 410 : 400,
                     error_code_name(accepted.error().code));
    ++of.acknowledgements;
    return ok({});
  }

  // The one place that knows how a leader takes a report.
  Result<Acceptance> accept(const Bytes& report) { return leader_.accept(report, clock_.now_ms()); }

  SimulatedClock& clock_;
  Bytes file_;
  TaskId id_;
  SmallSite::Publication publication_;
  LeaderRole leader_;
  HelperRole helper_;
  CollectorRole collector_;
  Random random_{5};
  TestEntropy entropy_{6};
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
  CrowdRun() = default;
  explicit CrowdRun(const Task& task) : site(clock, task) {}

  SimulatedClock clock{FakeSite::kOpens - kMinute};
  FakeSite site{clock};
  CrowdPeople people = crowd_people(48);
  std::optional<Crowd> crowd;

  Result<CrowdOutcome> try_run(const CrowdOptions& options, unsigned workers = 2) {
    ThreadPool pool(workers);
    const std::atomic<bool> stop{false};
    crowd.emplace(options, site.site.pinned, false, people, site, clock, pool);
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
