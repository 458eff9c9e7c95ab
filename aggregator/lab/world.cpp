#include "lab/world.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <utility>

#include "lab/atomic_file.hpp"
#include "lab/item_files.hpp"
#include "lab/json_lines.hpp"
#include "lab/world_users.hpp"

namespace sotto {
namespace {

constexpr uint32_t kProgressStep = 1024;  // users

const std::array<std::pair<const char*, WorldOptions>, 4> kPresets = {{
    {"demo", {}},
    {"tiny", {.users = 200, .items = 150, .topics = 6, .mean_history = 20}},
    {"sparse", {.users = 40000, .items = 20000, .topics = 20, .mean_history = 15}},
    {"million", {.users = 1000000, .items = 20000, .topics = 20, .mean_history = 20}},
}};

Error out_of_range(const char* option, const char* range) {
  return {ErrorCode::kInvalidArgument, std::string("world: ") + option + " must be " + range};
}

Status check(const WorldOptions& options) {
  const auto in = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (!in(options.users, 1, 1e9)) return out_of_range("users", "from 1 to 1e9");
  if (!in(options.items, 1, 1e7)) return out_of_range("items", "from 1 to 1e7");
  if (!in(options.topics, 1, std::min(options.items, 4096u)))
    return out_of_range("topics", "from 1 to the number of items, at most 4096");
  if (!in(options.mean_history, 1, 1e5)) return out_of_range("mean-history", "from 1 to 1e5");
  if (!in(options.popularity, 0, 5)) return out_of_range("popularity", "from 0 to 5");
  if (!in(options.focus, 0, 20)) return out_of_range("focus", "from 0 to 20");
  if (!in(options.drift, 0, 1)) return out_of_range("drift", "from 0 to 1");
  if (!in(options.noise, 0, 1)) return out_of_range("noise", "from 0 to 1");
  if (!in(options.groups, 1, 1000)) return out_of_range("groups", "from 1 to 1000");
  if (!in(options.days, 1, 100000)) return out_of_range("days", "from 1 to 100000");
  return {};
}

// Calls take(user number, user) for all of them.
template <class Take>
Status make_users(const WorldOptions& options, const WorldItems& items, const Progress& progress,
                  const Take& take) {
  WorldUsers users(options, items);
  for (uint32_t user = 0; user < options.users; ++user) {
    SOTTO_CHECK_OK(take(user, users.make(user)));
    if (progress && (user + 1) % kProgressStep == 0) progress(double(user + 1) / options.users);
  }
  if (progress) progress(1);
  return {};
}

void append_interaction(const Interaction& row, const std::string& user, std::string& text) {
  char digits[24];
  const auto number = [&](auto value) {
    return std::string_view(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  };
  text.append(user).append(",i").append(number(row.item + 1)).append(1, ',');
  text.append(number(row.timestamp)).append(1, '\n');
}

std::string options_json(const WorldOptions& options) {
  const boost::json::object object = {
      {"format", "sotto-world-1"},
      {"users", options.users},
      {"items", options.items},
      {"topics", options.topics},
      {"mean_history", options.mean_history},
      {"popularity", options.popularity},
      {"focus", options.focus},
      {"drift", options.drift},
      {"noise", options.noise},
      {"groups", options.groups},
      {"days", options.days},
      {"seed", options.seed},
  };
  return boost::json::serialize(object) + "\n";
}

}  // namespace

std::string world_preset_names() {
  std::string names;
  for (const auto& [name, options] : kPresets)
    names += (names.empty() ? "" : ", ") + std::string(name);
  return names;
}

Result<WorldOptions> world_preset(const std::string& name) {
  for (const auto& [known, options] : kPresets)
    if (name == known) return options;
  return Error{ErrorCode::kNotFound,
               "no world preset is called '" + name + "'; there are " + world_preset_names()};
}

Result<Dataset> make_world(const WorldOptions& options, const Progress& progress) {
  SOTTO_CHECK_OK(check(options));
  WorldItems items = make_world_items(options);
  Dataset data;
  data.name = "world";
  data.has_timestamps = true;
  for (uint32_t item = 0; item < options.items; ++item) {
    SOTTO_TRY([[maybe_unused]] const uint32_t number, data.items.add(world_item_id(item)));
  }
  data.interactions.reserve(static_cast<size_t>(options.users * options.mean_history));
  SOTTO_CHECK_OK(make_users(
      options, items, progress, [&](uint32_t user, const WorldUsers::User& made) -> Status {
        data.user_ids.push_back(world_user_id(user));
        data.user_groups.push_back(world_group_name(made.group));
        data.interactions.insert(data.interactions.end(), made.interactions.begin(),
                                 made.interactions.end());
        return {};
      }));
  data.item_info = std::move(items.info);
  data.tag_names = std::move(items.tag_names);
  return data;
}

Result<uint64_t> write_world(const WorldOptions& options, const std::string& directory,
                             const Progress& progress) {
  SOTTO_CHECK_OK(check(options));
  const std::filesystem::path folder = directory;
  const WorldItems items = make_world_items(options);
  SOTTO_TRY(auto items_file, AtomicFile::create((folder / "items.jsonl").string()));
  for (uint32_t item = 0; item < options.items; ++item)
    items_file.write(items_jsonl_row(world_item_id(item), items.info[item], items.tag_names,
                                     static_cast<int>(items.arrival_day[item])));

  SOTTO_TRY(auto users_file, AtomicFile::create((folder / "users.csv").string()));
  SOTTO_TRY(auto interactions_file, AtomicFile::create((folder / "interactions.csv").string()));
  users_file.write("user,group\n");
  interactions_file.write("user,item,timestamp\n");
  uint64_t n_interactions = 0;
  std::string text;
  const auto write_user = [&](uint32_t user, const WorldUsers::User& made) -> Status {
    const std::string id = world_user_id(user);
    users_file.write(id + "," + world_group_name(made.group) + "\n");
    text.clear();
    for (const Interaction& row : made.interactions) append_interaction(row, id, text);
    interactions_file.write(text);
    n_interactions += made.interactions.size();
    if (interactions_file.healthy()) return {};
    return interactions_file.commit();  // for its error
  };
  SOTTO_CHECK_OK(make_users(options, items, progress, write_user));

  SOTTO_TRY(auto world_file, AtomicFile::create((folder / "world.json").string()));
  world_file.write(options_json(options));
  SOTTO_CHECK_OK(users_file.commit());
  SOTTO_CHECK_OK(items_file.commit());
  SOTTO_CHECK_OK(interactions_file.commit());
  SOTTO_CHECK_OK(world_file.commit());
  return n_interactions;
}

}  // namespace sotto
