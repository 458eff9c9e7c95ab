#include "lab/dataset.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

#include "lab/movielens.hpp"
#include "lab/world.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

bool takes_prefix(std::string_view& source, std::string_view prefix) {
  if (!source.starts_with(prefix)) return false;
  source.remove_prefix(prefix.size());
  return true;
}

Result<Dataset> load_world(const std::string& name, uint64_t seed) {
  if (auto preset = world_preset(name); preset.ok()) {
    preset->seed = seed;
    SOTTO_TRY(auto data, make_world(*preset));
    data.name = name;
    return data;
  }
  std::error_code ignored;
  fs::path path = name;
  if (fs::is_directory(path, ignored)) path /= "interactions.csv";
  if (!fs::exists(path, ignored)) {
    const std::string reason = world_preset(name).error().message;
    return Error{ErrorCode::kNotFound, name + ": no such folder, and " + reason};
  }
  if (path.filename() == "world.json") path.replace_filename("interactions.csv");
  SOTTO_TRY(auto data, load_csv(path.string()));
  const std::string folder =
      fs::absolute(path).lexically_normal().parent_path().filename().string();
  if (!folder.empty()) data.name = folder;
  return data;
}

}  // namespace

Matrix Dataset::content(std::span<const uint32_t> rows) const {
  if (item_info.empty()) return Matrix(static_cast<Eigen::Index>(rows.size()), 0);
  std::vector<ItemFeatures> features;
  features.reserve(rows.size());
  for (const uint32_t row : rows) features.push_back(item_info[row].features);
  return content_vectors(features, static_cast<uint32_t>(tag_names.size()));
}

Result<Dataset> load_dataset(const std::string& source, uint64_t world_seed) {
  std::string_view rest = source;
  if (takes_prefix(rest, "movielens:")) return load_movielens(std::string(rest));
  if (takes_prefix(rest, "csv:")) return load_csv(std::string(rest));
  if (takes_prefix(rest, "events:")) return load_events_jsonl(std::string(rest));
  if (takes_prefix(rest, "world:")) return load_world(std::string(rest), world_seed);
  return Error{ErrorCode::kInvalidArgument,
               "data is named movielens:DIR, csv:FILE, events:FILE or world:DIR|PRESET, not '" +
                   source + "'"};
}

}  // namespace sotto
