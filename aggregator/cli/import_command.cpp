#include "cli/import_command.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include "cli/data_options.hpp"
#include "cli/report.hpp"
#include "lab/dataset.hpp"

namespace sotto {
namespace {

struct ImportOptions {
  std::string from;
  std::string out;
  ColumnNames columns;
  std::string json;
};

Result<Dataset> load(const ImportOptions& options) {
  const auto& [user, item, rating, timestamp] = options.columns;
  const bool named = !user.empty() || !item.empty() || !rating.empty() || !timestamp.empty();
  if (!named) return load_dataset(options.from);
  constexpr std::string_view kCsv = "csv:";
  if (!options.from.starts_with(kCsv))
    return Error{ErrorCode::kInvalidArgument, "columns can only be named with --from csv:FILE"};
  return load_csv(options.from.substr(kCsv.size()), options.columns);
}

boost::json::object summary(const Dataset& data, const std::string& out, double seconds) {
  return {
      {"dataset", data.name},
      {"users", data.user_ids.size()},
      {"items", data.items.size()},
      {"interactions", data.interactions.size()},
      {"has_ratings", data.has_ratings},
      {"has_timestamps", data.has_timestamps},
      {"has_item_info", !data.item_info.empty()},
      {"has_user_groups", !data.user_groups.empty()},
      {"tags", data.tag_names.size()},
      {"out", out},
      {"seconds", seconds},
  };
}

void run_import(const ImportOptions& options) {
  JsonOutput json(options.json);
  const auto start = std::chrono::steady_clock::now();
  const Dataset data = or_fail(load(options));
  or_fail(write_dataset(data, options.out));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::cout << data.name << ": " << data.user_ids.size() << " users, " << data.items.size()
            << " items, " << data.interactions.size() << " interactions"
            << (data.has_ratings ? ", with ratings" : "")
            << (data.has_timestamps ? ", with times" : "") << ", written to " << options.out
            << " (use it as --data world:" << options.out << ")\n";
  if (json.wanted()) or_fail(json.write(summary(data, options.out, seconds)));
}

}  // namespace

void add_import_command(CLI::App& app) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* command = app.add_subcommand(
      "import",
      "Read interactions in another format and write interactions.csv, items.jsonl and "
      "users.csv");
  command
      ->add_option("--from", options->from,
                   "movielens:DIR (u.data; ratings.dat or ratings.csv with movies),\n"
                   "csv:FILE (CSV or TSV: user,item[,rating[,timestamp]], header optional),\n"
                   "events:FILE.jsonl ({\"user\",\"item\",\"type\",\"timestamp\" in ms,\"value\"} "
                   "a line)")
      ->required();
  command->add_option("--out", options->out, "Folder to write to; created when it is missing")
      ->required();
  command->add_option("--user-column", options->columns.user, "Name of the user column (csv)");
  command->add_option("--item-column", options->columns.item, "Name of the item column (csv)");
  command->add_option("--rating-column", options->columns.rating,
                      "Name of the rating column (csv)");
  command->add_option("--timestamp-column", options->columns.timestamp,
                      "Name of the column of times, in seconds or milliseconds since 1970 (csv)");
  command->add_option("--json", options->json, "Write a summary to this file (-: stdout)");
  command->callback([options] { run_import(*options); });
}

}  // namespace sotto
