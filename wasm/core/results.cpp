#include "results.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sotto {
namespace {

void put_changes(ByteWriter& out, std::span<const KeyedRecord> changes) {
  out.put<uint32_t>(static_cast<uint32_t>(changes.size()));
  for (const KeyedRecord& change : changes) {
    put_text(out, change.key);
    out.put<uint8_t>(change.bytes.has_value() ? 0 : 1);
    const size_t size = change.bytes.has_value() ? change.bytes->size() : 0;
    out.put<uint32_t>(static_cast<uint32_t>(size));
    if (size > 0) out.put_bytes(*change.bytes);
  }
}

}  // namespace

void put_text(ByteWriter& out, std::string_view text) {
  text = text.substr(0, 65'535);
  out.put<uint16_t>(static_cast<uint16_t>(text.size()));
  out.put_bytes({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

Bytes encode_changes(std::span<const KeyedRecord> changes) {
  ByteWriter out;
  put_changes(out, changes);
  return std::move(out).bytes();
}

Bytes encode_opened(const DeviceDamage& damage, std::span<const KeyedRecord> changes) {
  ByteWriter out;
  out.put<uint32_t>(damage.log.unreadable);
  out.put<uint32_t>(damage.log.stale);
  out.put<uint64_t>(damage.log.missing);
  for (const bool part :
       {damage.log.head_lost, damage.cleaner, damage.prequential, damage.model, damage.ledger})
    out.put<uint8_t>(part ? 1 : 0);
  out.put<uint32_t>(damage.outbox);
  put_changes(out, changes);
  return std::move(out).bytes();
}

Bytes encode_manifest(const Manifest& manifest) {
  ByteWriter out;
  out.put<uint64_t>(manifest.sequence);
  out.put<int64_t>(manifest.created_ms);
  out.put<int64_t>(manifest.expires_ms);
  out.put<SiteLabel>(manifest.label);
  for (const PublishedFile& file : {manifest.model, manifest.catalogue}) {
    out.put_bytes(file.hash);
    out.put<uint64_t>(file.size);
  }
  return std::move(out).bytes();
}

Bytes encode_model(const DeviceModel& model) {
  ByteWriter out;
  out.put<uint64_t>(model.manifest.sequence);
  out.put<int64_t>(model.manifest.created_ms);
  out.put<int64_t>(model.manifest.expires_ms);
  out.put<SiteLabel>(model.manifest.label);
  out.put<uint32_t>(model.items.size());
  out.put<uint32_t>(model.items.live_count());
  out.put<uint32_t>(static_cast<uint32_t>(model.rows.dim()));
  out.put<uint64_t>(model.manifest.catalogue_version);
  out.put<uint32_t>(static_cast<uint32_t>(model.catalogue.tag_names.size()));
  out.put_bytes(model.manifest.model.hash);
  return std::move(out).bytes();
}

Bytes encode_items(const ItemIndex& items) {
  ByteWriter out;
  out.put<uint32_t>(items.size());
  for (uint32_t row = 0; row < items.size(); ++row) {
    out.put<uint8_t>(items.live(row) ? 1 : 0);
    put_text(out, items.id(row));
  }
  return std::move(out).bytes();
}

Bytes encode_tracked(const TrackOutcome& outcome) {
  ByteWriter out;
  const std::optional<Event>& kept = outcome.kept;
  const uint8_t dropped = outcome.dropped.has_value()
                              ? static_cast<uint8_t>(static_cast<uint8_t>(*outcome.dropped) + 1)
                              : uint8_t{0};
  out.put<uint8_t>(dropped);
  out.put<uint8_t>(kept.has_value() && kept->imputed ? 1 : 0);
  out.put<int64_t>(kept.has_value() ? kept->timestamp_ms : 0);
  out.put<double>(kept.has_value() ? kept->value.value_or(0) : 0);
  put_changes(out, outcome.changes);
  return std::move(out).bytes();
}

Bytes encode_log(const EventLog& log) {
  ByteWriter out;
  out.put<uint32_t>(static_cast<uint32_t>(log.events().size()));
  for (const Event& event : log.events()) {
    out.put<EventType>(event.type);
    out.put<uint8_t>(event.imputed ? 1 : 0);
    out.put<int64_t>(event.timestamp_ms);
    out.put<double>(event.value.value_or(0));
    put_text(out, event.item);
    put_text(out, event.session);
  }
  out.put<uint32_t>(static_cast<uint32_t>(log.summaries().size()));
  for (const ItemSummary& summary : log.summaries()) {
    put_text(out, summary.item);
    out.put<int64_t>(summary.first_ms);
    out.put<int64_t>(summary.last_ms);
    out.put<uint8_t>(summary.opinion.has_value() ? static_cast<uint8_t>(summary.opinion->type) : 0);
    const auto happened = [](const TypeTotal& total) { return total.count > 0; };
    out.put<uint8_t>(static_cast<uint8_t>(
        std::count_if(summary.totals.begin(), summary.totals.end(), happened)));
    for (const EventType type : kEventTypes) {
      const TypeTotal& total = summary.total(type);
      if (!happened(total)) continue;
      out.put<EventType>(type);
      out.put<uint32_t>(total.count);
      out.put<double>(total.value_sum);
    }
  }
  out.put<uint64_t>(log.n_forgotten());
  return std::move(out).bytes();
}

Bytes encode_counts(const CleaningCounts& counts) {
  ByteWriter out;
  out.put<uint64_t>(counts.received);
  out.put<uint64_t>(counts.kept);
  out.put<uint8_t>(static_cast<uint8_t>(counts.dropped.size()));
  for (const uint64_t count : counts.dropped) out.put<uint64_t>(count);
  out.put<uint8_t>(static_cast<uint8_t>(counts.repaired.size()));
  for (const uint64_t count : counts.repaired) out.put<uint64_t>(count);
  return std::move(out).bytes();
}

Bytes encode_list(std::span<const Recommendation> list, const ItemIndex& items) {
  ByteWriter out;
  out.put<uint32_t>(static_cast<uint32_t>(list.size()));
  for (const Recommendation& item : list) {
    put_text(out, items.id(item.item));
    out.put<float>(item.score);
    out.put<ListSource>(item.source);
  }
  return std::move(out).bytes();
}

Bytes encode_explanation(const Explanation& explanation, std::span<const uint32_t> history,
                         const ItemIndex& items) {
  ByteWriter out;
  out.put<float>(explanation.score);
  out.put<uint32_t>(static_cast<uint32_t>(explanation.reasons.size()));
  for (const Reason& reason : explanation.reasons) {
    put_text(out, items.id(history[reason.position]));
    out.put<float>(reason.term);
    out.put<float>(reason.drop);
  }
  return std::move(out).bytes();
}

Bytes encode_interests(std::span<const Interest> interests, const DeviceModel& model) {
  ByteWriter out;
  out.put<uint32_t>(static_cast<uint32_t>(interests.size()));
  for (const Interest& interest : interests) {
    out.put<uint32_t>(interest.tag);
    put_text(out, model.catalogue.tag_names[interest.tag]);
    out.put<double>(interest.share);
    out.put<uint32_t>(static_cast<uint32_t>(interest.items.size()));
    for (const InterestItem& item : interest.items) {
      put_text(out, model.items.id(item.item));
      out.put<double>(item.share);
    }
  }
  return std::move(out).bytes();
}

Bytes encode_number(double number) {
  ByteWriter out;
  out.put<double>(number);
  return std::move(out).bytes();
}

Bytes encode_means(const PrequentialMeans& means) {
  ByteWriter out;
  out.put<uint32_t>(means.n);
  out.put<double>(means.hit_rate_10);
  out.put<double>(means.ndcg_100);
  out.put<double>(means.reciprocal);
  return std::move(out).bytes();
}

Bytes encode_task_summary(const Task& task, const TaskId& id) {
  ByteWriter out;
  out.put_bytes(id);
  out.put<TaskKind>(task.kind);
  out.put<uint64_t>(task.model_sequence);
  out.put<int64_t>(task.window_start_ms);
  out.put<int64_t>(task.window_end_ms);
  out.put<uint32_t>(task.dimension);
  out.put<double>(task.price_rho());
  out.put<double>(task.noise_multiplier());
  out.put<uint64_t>(task.min_batch);
  out.put<uint64_t>(task.max_batch);
  out.put<NoiseBy>(task.noise_by);
  out.put_bytes(task.leader_key);
  out.put_bytes(task.helper_key);
  return std::move(out).bytes();
}

Bytes encode_preview(const ContributionPreview& preview) {
  ByteWriter out;
  out.put<uint8_t>(preview.clipped ? 1 : 0);
  out.put<uint32_t>(static_cast<uint32_t>(preview.computed.size()));
  for (const auto* const vector : {&preview.computed, &preview.open.noised})
    out.put_bytes(
        {reinterpret_cast<const uint8_t*>(vector->data()), vector->size() * sizeof(int32_t)});
  for (const SecretBytes& share : preview.open.shards.input_shares) {
    out.put<uint32_t>(static_cast<uint32_t>(share.size()));
    out.put_bytes(share.reveal());
  }
  return std::move(out).bytes();
}

Bytes encode_contributed(const ContributeOutcome& outcome) {
  ByteWriter out;
  out.put<Participation>(outcome.participation);
  out.put_bytes(outcome.task);
  out.put<double>(outcome.rho);
  out.put<int64_t>(outcome.send_at_ms);
  put_changes(out, outcome.changes);
  return std::move(out).bytes();
}

Bytes encode_outbox(const Outbox& outbox, int64_t now_ms) {
  ByteWriter out;
  out.put<int64_t>(outbox.next_ms().value_or(-1));
  const std::vector<TaskId> due = outbox.due(now_ms);
  out.put<uint32_t>(static_cast<uint32_t>(due.size()));
  for (const TaskId& task : due) out.put_bytes(task);
  out.put<uint32_t>(static_cast<uint32_t>(outbox.entries().size()));
  for (const auto& [task, entry] : outbox.entries()) {
    out.put_bytes(task);
    out.put<OutboxState>(entry.state);
    out.put<int64_t>(entry.send_at_ms);
    out.put<int64_t>(entry.expires_ms);
    out.put<uint32_t>(static_cast<uint32_t>(entry.report.size()));
  }
  return std::move(out).bytes();
}

Bytes encode_waiting_report(std::span<const uint8_t> report) {
  ByteWriter out;
  out.put_bytes(report.subspan(kReportIdAt, sizeof(Nonce)));
  out.put_bytes(report);
  return std::move(out).bytes();
}

Bytes encode_privacy(const Ledger& ledger, const LedgerOverview& overview) {
  ByteWriter out;
  out.put<Ledger::State>(ledger.state());
  out.put<uint8_t>(ledger.opted_out() ? 1 : 0);
  out.put<int64_t>(ledger.clock_ms());
  out.put<int64_t>(ledger.limits().window_ms);
  for (const Allowance& allowance : {overview.window, overview.lifetime}) {
    out.put<double>(allowance.spent_rho);
    out.put<double>(allowance.left_rho);
    out.put<double>(allowance.spent_epsilon);
    out.put<double>(allowance.limit_epsilon);
  }
  for (const double left : overview.left_rho) out.put<double>(left);
  return std::move(out).bytes();
}

}  // namespace sotto
