// The files beside an interactions file: items.jsonl and users.csv.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "lab/dataset.hpp"
#include "lab/dataset_builder.hpp"

namespace sotto {

/// Rows {"id","title","tags":[...],"year"}; adds the items in their order. Other members are
/// ignored. To be called before interactions are read, so that item_info covers them all; items
/// that only occur in interactions get an empty one by complete_side_information.
Status read_items_jsonl(const std::string& path, DatasetBuilder& builder);
/// One line of items.jsonl. `day` (of arrival, in synthetic worlds) is left out when negative.
std::string items_jsonl_row(const std::string& id, const ItemInfo& info,
                            const std::vector<std::string>& tag_names, int day);

/// CSV user,group with a header; adds the users in their order.
Status read_users_csv(const std::string& path, DatasetBuilder& builder);

/// Makes item_info and user_groups cover everything that interactions added, or empties them when
/// they say nothing.
void complete_side_information(Dataset& data);

/// A CSV field, in quotes where it needs them.
std::string csv_field(const std::string& text);

}  // namespace sotto
