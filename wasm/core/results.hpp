// The results of capi.h: from values to bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "base/keyed_record.hpp"
#include "device/device.hpp"

namespace sotto {

/// u16 length | text, of which 65,535 bytes at most are taken; nothing here comes near it.
void put_text(ByteWriter& out, std::string_view text);
Bytes encode_changes(std::span<const KeyedRecord> changes);
Bytes encode_opened(const DeviceDamage& damage, std::span<const KeyedRecord> changes);
Bytes encode_manifest(const Manifest& manifest);
Bytes encode_model(const DeviceModel& model);
Bytes encode_items(const ItemIndex& items);
Bytes encode_tracked(const TrackOutcome& outcome);
Bytes encode_log(const EventLog& log);
Bytes encode_counts(const CleaningCounts& counts);
Bytes encode_list(std::span<const Recommendation> list, const ItemIndex& items);
/// history: the rows that the reasons' positions point into.
Bytes encode_explanation(const Explanation& explanation, std::span<const uint32_t> history,
                         const ItemIndex& items);
Bytes encode_interests(std::span<const Interest> interests, const DeviceModel& model);
Bytes encode_number(double number);
Bytes encode_means(const PrequentialMeans& means);
Bytes encode_task_summary(const Task& task, const TaskId& id);
Bytes encode_preview(const ContributionPreview& preview);
Bytes encode_contributed(const ContributeOutcome& outcome);
Bytes encode_outbox(const Outbox& outbox, int64_t now_ms);
/// report: what encode_report has written.
Bytes encode_waiting_report(std::span<const uint8_t> report);
Bytes encode_privacy(const Ledger& ledger, const LedgerOverview& overview);

}  // namespace sotto
