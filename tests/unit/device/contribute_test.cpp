// What a device sends, what it pays for it, and when it does neither.
#include <algorithm>

#include "crypto/random.hpp"
#include "protocol/task_vdaf.hpp"
#include "small_site.hpp"

using namespace sotto;

namespace {

// The sum that the servers reveal of these reports; no noise is in it.
std::vector<int64_t> sum_of(const SmallSite& site, std::span<const uint8_t> file,
                            const std::vector<Bytes>& reports) {
  StoredLeader leader(site.server(Role::kLeader, file));
  StoredHelper helper(site.server(Role::kHelper, file));
  TestEntropy entropy(5);
  for (const Bytes& report : reports) REQUIRE(leader.accept(report, kNow).ok());
  while (!leader.state().waiting.empty()) {
    const Bytes request = leader.start_job(kMaxJobReports, entropy).value();
    const Bytes commit = leader.on_prepare_response(helper.prepare(request, kNow).value()).value();
    REQUIRE(leader.on_commit_response(helper.commit(commit).value()).ok());
  }
  const Bytes request = leader.start_collection(kEnd).value();
  const Bytes helper_share = helper.collect(request, kEnd, entropy).value();
  const Bytes leader_share = leader.finish_collection(helper_share, entropy).value();
  return site.collector_result(file)->open(leader_share, helper_share)->sum;
}

const Bytes& waiting_report(const Visitor& visitor) {
  for (const auto& [task, entry] : visitor.device->outbox().entries())
    if (entry.state == OutboxState::kWaiting) return entry.report;
  FAIL("nothing waits");
  std::abort();
}

// A task without noise: only floors of simulations let it through.
struct NoiselessSite : SmallSite {
  NoiselessSite() { floors = Floors::none(); }
  Task noiseless(const TaskLayout& layout) const {
    Task task = SmallSite::task(layout);
    task.sigma = 0;
    return task;
  }
};

WhitenedTask whitened_task() {
  WhitenedTask task;
  task.layout = {30, 8, kPrequentialMetrics};
  task.reg = {.a0 = .1F, .lambda = .01F};
  task.slot.assign(SmallSite::kItems, -1);
  task.row_weight.assign(SmallSite::kItems, 0);
  task.popularity.assign(SmallSite::kItems, 0);
  for (uint32_t i = 0; i < 30; ++i) {
    task.slot[2 * i] = static_cast<int32_t>(i);
    task.row_weight[2 * i] = 1 + 0.01F * static_cast<float>(i);
    task.popularity[2 * i] = 0.5F;
  }
  task.whitening = SquareMatrix::Identity(8, 8) * 1.5F;
  return task;
}

}  // namespace

TEST_CASE("what the servers reveal is the sum of what the layouts say, to the bit") {
  const NoiselessSite site;
  const TaskLayout layouts[] = {site.rows_layout(), site.rows_layout(0),
                                CountsTask{{SmallSite::kItems}, 100}, whitened_task(),
                                QualityTask{{SmallSite::kItems, 31}}};
  for (const TaskLayout& layout : layouts) {
    CAPTURE(layout_name(layout));
    const Task task = site.noiseless(layout);
    const Bytes file = site.file(task);
    std::vector<int64_t> expected(task.dimension);
    std::vector<Bytes> reports;
    Random random(3);
    for (int v = 0; v < 6; ++v) {
      Visitor visitor(site);
      visitor.entropy = TestEntropy(random.next());
      for (int e = 0; e < 3 * v; ++e)
        visitor.track(EventType::kLike, static_cast<uint32_t>(random.below(SmallSite::kItems)));
      const auto outcome = visitor.contribute(file);
      REQUIRE(outcome.ok());
      CHECK(outcome->participation ==
            (v == 0 ? Participation::kZeroReport : Participation::kReport));
      reports.push_back(waiting_report(visitor));

      const auto model = site.model();
      std::vector<uint32_t> history;
      for (const ItemInteraction& item : contribution_items(visitor.device->log().events(), 0))
        if (const auto row = model->items.find(item.item)) history.push_back(*row);
      if (history.empty()) continue;
      const std::vector<float> metrics = visitor.device->prequential().coordinates(0);
      const ContributionInput input{history, model->rows.gather(history), &model->gram,
                                    model->rows.size(), metrics};
      TestEntropy any(1);  // no layout here draws: fewer items than the most
      const GridContribution direct = grid_contribution(layout, task.grid, input, any).value();
      for (size_t j = 0; j < direct.indices.size(); ++j)
        expected[direct.indices[j]] += direct.values[j];
    }
    CHECK(sum_of(site, file, reports) == expected);
  }
}

TEST_CASE("the released metrics are the means over devices that had placements") {
  const NoiselessSite site;
  const TaskLayout layout = site.rows_layout();
  const Task task = site.noiseless(layout);
  const Bytes file = site.file(task);
  std::vector<Bytes> reports;
  double n = 0, hits = 0, ndcg = 0, reciprocal = 0;
  for (uint32_t v = 0; v < 8; ++v) {
    Visitor visitor(site);
    visitor.entropy = TestEntropy(v);
    for (uint32_t e = 0; e < v; ++e) visitor.track(EventType::kLike, (13 * v + 7 * e) % 78);
    visitor.decide(file);
    reports.push_back(waiting_report(visitor));
    const PrequentialMeans means = visitor.device->prequential().means(0);
    if (means.n == 0) continue;
    n += 1;
    hits += means.hit_rate_10;
    ndcg += means.ndcg_100;
    reciprocal += means.reciprocal;
  }
  const RowsTask rows = std::get<RowsTask>(layout);
  const auto sum = sum_of(site, file, reports);
  const PrequentialRelease released =
      decode_metrics(std::span(sum).subspan(rows.layout.metrics()), rows.gamma_m, task.grid.unit());
  CHECK(released.devices == doctest::Approx(n).epsilon(1e-3));
  CHECK(released.hit_rate_10 == doctest::Approx(hits / n).epsilon(1e-3));
  CHECK(released.ndcg_100 == doctest::Approx(ndcg / n).epsilon(1e-3));
  CHECK(released.reciprocal == doctest::Approx(reciprocal / n).epsilon(1e-3));
}

TEST_CASE("an evaluation is one vote a device through Prio3, also of one with nothing to say") {
  NoiselessSite site;
  Task task = site.quality_task();
  task.sigma = 0;
  const Bytes file = site.file(task);
  std::vector<int64_t> expected(task.dimension);
  std::vector<Bytes> reports;
  for (uint32_t v = 0; v < 8; ++v) {
    Visitor visitor(site);
    visitor.entropy = TestEntropy(v);
    for (uint32_t e = 0; e < v; ++e) visitor.track(EventType::kLike, (13 * v + 7 * e) % 78);
    const bool votes = v >= 2;  // the first item has no list that it could stand in
    CHECK(visitor.decide(file).participation ==
          (votes ? Participation::kReport : Participation::kZeroReport));
    reports.push_back(waiting_report(visitor));
    CHECK(reports.back().size() == reports.front().size());
    const double ndcg = visitor.device->prequential().means(0).ndcg_100;
    ++expected[votes ? 1 + std::min<size_t>(30, static_cast<size_t>(31 * ndcg)) : 0];
  }
  CHECK(sum_of(site, file, reports) == expected);
}

TEST_CASE("a vdaf that might refuse what somebody's history gives is refused by everybody alike") {
  const SmallSite site;
  Visitor visitor(site), silent(site);
  visitor.like({1, 2, 3});
  const auto refused = [&](const Task& task) {
    for (Visitor* of : {&visitor, &silent}) {
      CHECK(code_of(of->contribute(site.file(task))) == ErrorCode::kDisagreement);
      CHECK(of->device->ledger().overview(1e-6)->window.spent_rho == 0);
      CHECK(of->device->outbox().entries().empty());
    }
  };
  Task coarse = site.quality_task();  // a vote would be 2, of which no histogram knows
  coarse.grid.bound = 4;
  refused(coarse);
  Task counts = site.task(CountsTask{{SmallSite::kItems}, 10});
  REQUIRE(use_prio3_histogram(counts).ok());
  refused(counts);
  Task words = site.quality_task();
  words.vdaf = VdafId::kPrio3SumVec;
  ByteWriter parameters;
  parameters.put<uint32_t>(1);
  parameters.put<uint32_t>(6);
  words.vdaf_parameters = std::move(parameters).bytes();
  words.grid = {6, QualityTask::kClip};
  refused(words);
}

TEST_CASE("an evaluation is charged to its own part of the budget, and silence to none") {
  const SmallSite site;
  const Bytes file = site.file(site.quality_task());
  const Bytes leader_key = encode_signed_key(site.leader_key);
  const Bytes helper_key = encode_signed_key(site.helper_key);
  const auto left = [](const Visitor& visitor, BudgetKind kind) {
    return visitor.device->ledger().left(kind);
  };
  Visitor visitor(site), silent(site);
  visitor.like({1, 2, 3});
  silent.like({1});
  const double learning = left(visitor, BudgetKind::kLearning);
  const double evaluation = left(visitor, BudgetKind::kEvaluation);
  CHECK(visitor.decide(file).rho == doctest::Approx(2.0 / 9));
  CHECK(left(visitor, BudgetKind::kLearning) == learning);
  CHECK(left(visitor, BudgetKind::kEvaluation) == doctest::Approx(evaluation - 2.0 / 9));

  const auto preview =
      silent.device->preview({file, leader_key, helper_key}, silent.now_ms, silent.entropy);
  REQUIRE(preview.ok());
  CHECK(preview->computed == std::vector<int32_t>(32));
  CHECK(preview->open.noised == nothing_to_say(site.quality_task()));
  CHECK(silent.decide(file).participation == Participation::kZeroReport);
  CHECK(left(silent, BudgetKind::kEvaluation) == evaluation);
}

TEST_CASE("a contribution is paid for, once, and waits in the outbox until somebody has it") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3});
  const Bytes file = site.file(site.rows_task());
  const auto outcome = visitor.decide(file);
  CHECK(outcome.participation == Participation::kReport);
  CHECK(outcome.rho == doctest::Approx(0.5));
  CHECK(outcome.send_at_ms >= visitor.now_ms);
  CHECK(outcome.send_at_ms < kEnd);
  // Debit and report stand in the same list of changes.
  const auto has = [&](std::string_view prefix) {
    return std::any_of(outcome.changes.begin(), outcome.changes.end(),
                       [&](const KeyedRecord& change) { return change.key.starts_with(prefix); });
  };
  CHECK(has("ledger/"));
  CHECK(has("outbox/"));
  CHECK(visitor.device->ledger().overview(1e-6)->window.spent_rho == doctest::Approx(0.5));

  const Bytes report = waiting_report(visitor);
  CHECK(visitor.decide(file).participation == Participation::kDecided);
  visitor.open();
  CHECK(visitor.decide(file).participation == Participation::kDecided);
  CHECK(waiting_report(visitor) == report);  // the same bytes, whatever happened
  CHECK(visitor.device->outbox().due(outcome.send_at_ms - 1).empty());
  CHECK(visitor.device->outbox().due(outcome.send_at_ms) == std::vector<TaskId>{outcome.task});

  visitor.storage.commit(visitor.device->acknowledge(outcome.task));
  CHECK(visitor.device->outbox().due(kEnd - 1).empty());
  CHECK(visitor.device->outbox().find(outcome.task)->report.capacity() == 0);  // often a megabyte
  visitor.open();
  CHECK(visitor.decide(file).participation == Participation::kDecided);
  CHECK(visitor.device->ledger().overview(1e-6)->window.spent_rho == doctest::Approx(0.5));
  visitor.storage.commit(visitor.device->expire(kEnd));
  CHECK(visitor.device->outbox().entries().empty());
}

TEST_CASE(
    "what would be contributed can be looked at: its shares add up to it, nothing is charged") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3});
  Task task = site.rows_task();
  const Bytes leader_key = encode_signed_key(site.leader_key);
  const Bytes helper_key = encode_signed_key(site.helper_key);
  const auto preview = [&] {
    const Bytes file = site.file(task);
    return visitor.device->preview({file, leader_key, helper_key}, visitor.now_ms, visitor.entropy);
  };
  const auto before = visitor.device->save();
  const auto plain = preview();
  REQUIRE(plain.ok());
  const auto computed = visitor.device->compute(task, visitor.now_ms, visitor.entropy);
  CHECK(plain->computed == computed->dense(task.dimension));
  CHECK(plain->open.noised == plain->computed);

  const VdafPointer vdaf = make_vdaf(task).value();
  std::vector<AggregateShare> sums;
  for (size_t server = 0; server < 2; ++server) {
    sums.push_back(vdaf->aggregate_init());
    auto prepared = vdaf->prepare_init({}, server, plain->open.id, plain->open.shards.public_share,
                                       plain->open.shards.input_shares[server].clone());
    REQUIRE(prepared.ok());
    const auto share = vdaf->prepare_next(std::move(prepared->state), {});
    REQUIRE(share.ok());
    REQUIRE(vdaf->aggregate(sums[server], *share).ok());
  }
  const auto sum = vdaf->unshard(sums, 1);
  REQUIRE(sum.ok());
  CHECK(std::equal(sum->begin(), sum->end(), plain->computed.begin(), plain->computed.end()));

  task.noise_by = NoiseBy::kServersAndDevice;
  const auto noisy = preview();
  REQUIRE(noisy.ok());
  CHECK(noisy->open.noised != noisy->computed);
  CHECK(visitor.device->save() == before);
  task.model_sequence += 1;
  CHECK(code_of(preview()) == ErrorCode::kNotFound);
}

TEST_CASE("no history or no budget: a zero report of the same size that costs nothing") {
  const SmallSite site;
  Visitor empty(site);
  const Bytes file = site.file(site.rows_task());
  const auto silent = empty.decide(file);
  CHECK(silent.participation == Participation::kZeroReport);
  CHECK_FALSE(silent.unfunded);
  CHECK(empty.device->ledger().overview(1e-6)->window.spent_rho == 0);

  DeviceOptions poor = site.options();
  poor.limits.window_rho = 0.6;  // 0.42 for learning
  Visitor broke(site, poor);
  broke.like({1, 2, 3});
  const auto outcome = broke.decide(file);
  CHECK(outcome.participation == Participation::kZeroReport);
  CHECK(outcome.unfunded);
  CHECK(outcome.rho == 0);
  CHECK(broke.device->ledger().overview(1e-6)->window.spent_rho == 0);
  CHECK(waiting_report(broke).size() == waiting_report(empty).size());

  DeviceOptions shy = site.options();
  shy.least_history = 4;
  Visitor few(site, shy);
  few.like({1, 2, 3});
  CHECK(few.decide(file).participation == Participation::kZeroReport);
}

TEST_CASE("events older than the rolling window are not contributed") {
  const SmallSite site;
  DeviceOptions options = site.options();
  options.limits.window_ms = 10 * kMinute;
  Visitor visitor(site, options);
  visitor.like({1, 2, 3});
  visitor.now_ms += 20 * kMinute;
  CHECK(visitor.decide(site.file(site.rows_task())).participation == Participation::kZeroReport);
  CHECK(visitor.list().front().source == ListSource::kPersonal);  // recommending uses them
}

TEST_CASE("the coin decides before anything else, with the stated chance, once") {
  const SmallSite site;
  DeviceOptions options = site.options();
  options.participation = 0.3;
  const Bytes file = site.file(site.rows_task());
  int took_part = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    Visitor visitor(site, options);
    visitor.entropy = TestEntropy(static_cast<uint64_t>(trial) + 1000);
    if (trial % 2 == 0) visitor.like({1, 2, 3});
    const auto outcome = visitor.decide(file);
    if (outcome.participation == Participation::kDeclined) {
      CHECK(visitor.device->outbox().due(kEnd - 1).empty());
      CHECK(visitor.device->ledger().overview(1e-6)->window.spent_rho == 0);
      visitor.open();
      CHECK(visitor.decide(file).participation == Participation::kDecided);
    } else {
      ++took_part;
    }
  }
  // 120 expected, standard deviation 9.2: five of them fail once in 1.7 million.
  CHECK(took_part > 120 - 46);
  CHECK(took_part < 120 + 46);
}

TEST_CASE("opting out empties the outbox at once and refuses until it is taken back") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3});
  const Bytes file = site.file(site.rows_task());
  REQUIRE(visitor.decide(file).participation == Participation::kReport);
  visitor.storage.commit(visitor.device->set_opted_out(true));
  visitor.open();
  CHECK(visitor.device->outbox().due(kEnd - 1).empty());
  Task other = site.rows_task();
  other.min_batch = 4;
  CHECK(code_of(visitor.contribute(site.file(other))) == ErrorCode::kCancelled);
  visitor.storage.commit(visitor.device->set_opted_out(false));
  CHECK(visitor.decide(site.file(other)).participation == Participation::kReport);
}

TEST_CASE("a ledger that is damaged, or missing beside events, never pays again") {
  const SmallSite site;
  const Bytes file = site.file(site.rows_task());
  const auto after = [&](const auto& harm) {
    Visitor visitor(site);
    visitor.like({1, 2, 3});
    harm(visitor.storage.raw());
    visitor.open();
    CHECK(visitor.damage.ledger);
    CHECK_FALSE(visitor.list().empty());  // recommending goes on
    return code_of(visitor.contribute(file));
  };
  CHECK(after([](auto& records) { records.erase("ledger/state"); }) == ErrorCode::kBudgetExhausted);
  CHECK(after([](auto& records) { records["ledger/state"][9] ^= 1; }) ==
        ErrorCode::kBudgetExhausted);
  CHECK(after([](auto& records) { records.erase("device/installation"); }) ==
        ErrorCode::kBudgetExhausted);
  CHECK(after([](auto& records) { records["device/installation"][5] ^= 1; }) ==
        ErrorCode::kBudgetExhausted);
}

TEST_CASE(
    "tasks of another model, catalogue, dimension, clip or site are refused and cost nothing") {
  const SmallSite site;
  Visitor visitor(site);
  visitor.like({1, 2, 3});
  const auto refused = [&](const auto& change) {
    Task task = site.rows_task();
    change(task);
    const ErrorCode code = code_of(visitor.contribute(site.file(task)));
    CHECK(visitor.device->ledger().overview(1e-6)->window.spent_rho == 0);
    CHECK(visitor.device->outbox().entries().empty());
    return code;
  };
  CHECK(refused([](Task& task) { task.model_sequence = 2; }) == ErrorCode::kNotFound);
  CHECK(refused([](Task& task) { task.model_hash[3] ^= 1; }) == ErrorCode::kNotFound);
  CHECK(refused([](Task& task) { task.catalogue_hash[3] ^= 1; }) == ErrorCode::kDisagreement);
  CHECK(refused([](Task& task) { task.catalogue_version += 1; }) == ErrorCode::kDisagreement);
  CHECK(refused([](Task& task) { task.dimension += 1; }) == ErrorCode::kDisagreement);
  CHECK(refused([](Task& task) { task.grid.clip *= 2; }) == ErrorCode::kDisagreement);
  CHECK(refused([](Task& task) { task.layout = "other"; }) == ErrorCode::kUnsupported);
  CHECK(refused([](Task& task) { task.layout_parameters.pop_back(); }) == ErrorCode::kMalformed);
  CHECK(refused([](Task& task) { task.sigma = 1 << 13; }) == ErrorCode::kBelowFloor);
  CHECK(refused([](Task& task) { task.min_batch = 2; }) == ErrorCode::kBelowFloor);
  CHECK(refused([](Task& task) { task.noise_by = NoiseBy::kLeader; }) == ErrorCode::kBelowFloor);
  visitor.now_ms = kEnd;
  CHECK(refused([](Task&) {}) == ErrorCode::kExpired);
}

TEST_CASE("low floors count on a demonstration only: elsewhere production's stand") {
  SmallSite site;
  site.label = SiteLabel::kProduction;
  Visitor visitor(site);
  visitor.like({1, 2, 3});
  Task task = site.rows_task();
  CHECK(code_of(visitor.contribute(site.file(task))) == ErrorCode::kBelowFloor);
  task.min_batch = 100;
  task.max_batch = 200;
  CHECK(visitor.decide(site.file(task)).participation == Participation::kReport);
}

TEST_CASE("a clock that jumps back frees no budget") {
  const SmallSite site;
  DeviceOptions options = site.options();
  options.limits = {1, 20, 30 * kMinute};  // one report for learning
  Visitor visitor(site, options);
  visitor.like({1, 2, 3});
  Task task = site.rows_task();
  REQUIRE(visitor.decide(site.file(task)).participation == Participation::kReport);
  visitor.now_ms -= 9 * kMinute;
  visitor.open();
  task.min_batch = 4;
  CHECK(visitor.decide(site.file(task)).participation == Participation::kZeroReport);
  visitor.now_ms += 45 * kMinute;
  visitor.like({4});
  // The task of the spent budget is forgotten by now, so those that opened with it are refused.
  task.min_batch = 5;
  CHECK(code_of(visitor.contribute(site.file(task))) == ErrorCode::kReplay);
  task.window_start_ms = kStart + 40 * kMinute;
  CHECK(visitor.decide(site.file(task)).participation == Participation::kReport);
}
