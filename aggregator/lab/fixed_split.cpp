#include "lab/fixed_split.hpp"

#include <map>
#include <optional>
#include <unordered_map>

#include "lab/csv_reader.hpp"
#include "lab/encoding.hpp"

namespace sotto {
namespace {

enum class Use { kTrain, kFoldIn, kTarget, kNothing };

struct User {
  std::vector<uint32_t> train, fold_in, targets;
};

// What a row is for; nothing when its role or part is unknown.
std::optional<Use> use_of(std::string_view role, std::string_view part, MeasureOn measure_on) {
  const bool test = role == "test";
  if (role == "train") return Use::kTrain;
  if (!test && role != "validation") return std::nullopt;
  const bool known = part == "fold-in" || part == "target" || part == "unused";
  if (!known) return std::nullopt;
  if (test != (measure_on == MeasureOn::kTest)) return test ? Use::kNothing : Use::kTrain;
  if (part == "fold-in") return Use::kFoldIn;
  return part == "target" ? Use::kTarget : Use::kNothing;
}

// The item of a row. The user must be known too, or the file belongs to other data.
Result<uint32_t> known_item(const CsvReader& reader, const Dataset& data,
                            const std::unordered_map<std::string_view, uint32_t>& user_numbers) {
  const auto fields = reader.fields();
  if (!user_numbers.contains(fields[0]))
    return reader.error(0, "the ratings have no user " + quote(fields[0]));
  const auto item = data.items.find(fields[1]);
  if (!item) return reader.error(1, "the ratings have no item " + quote(fields[1]));
  return *item;
}

StrongParts collect(const std::vector<User>& users) {
  StrongParts parts;
  for (const User& user : users) {
    if (!user.train.empty()) parts.train.add(user.train);
    if (user.targets.empty()) continue;
    parts.fold_in.add(user.fold_in);
    parts.targets.add(user.targets);
  }
  return parts;
}

}  // namespace

Result<StrongParts> read_fixed_split(const std::string& path, const Dataset& data,
                                     MeasureOn measure_on) {
  std::unordered_map<std::string_view, uint32_t> user_numbers;
  for (uint32_t u = 0; u < data.user_ids.size(); ++u) user_numbers.emplace(data.user_ids[u], u);

  SOTTO_TRY(auto reader, CsvReader::open(path, {}));
  std::vector<User> users;
  std::unordered_map<uint32_t, size_t> place;  // of a user's number in `users`
  while (true) {
    SOTTO_TRY(const bool any, reader.next());
    if (!any) return collect(users);
    const auto fields = reader.fields();
    if (reader.line() == 1 && fields[0] == "user") continue;
    if (fields.size() != 4) return reader.error(fields.size() - 1, "not user,item,role,part");
    SOTTO_TRY(const uint32_t item, known_item(reader, data, user_numbers));
    const auto use = use_of(fields[2], fields[3], measure_on);
    if (!use)
      return reader.error(2, "unknown role or part: " + quote(fields[2]) + ", " + quote(fields[3]));
    const uint32_t number = user_numbers.find(fields[0])->second;
    const auto [entry, is_new] = place.emplace(number, users.size());
    if (is_new) users.emplace_back();
    User& user = users[entry->second];
    if (*use == Use::kTrain) user.train.push_back(item);
    if (*use == Use::kFoldIn) user.fold_in.push_back(item);
    if (*use == Use::kTarget) user.targets.push_back(item);
  }
}

}  // namespace sotto
