// sotto model and sotto task: what is published, and what files say.
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "cli/data_options.hpp"
#include "cli/operate_command.hpp"
#include "cli/report.hpp"
#include "crypto/text_encoding.hpp"
#include "http/client.hpp"
#include "model/snapshot.hpp"
#include "privacy/accountant.hpp"
#include "protocol/signed_task.hpp"
#include "publishing/publisher.hpp"
#include "server/key_files.hpp"
#include "server/publication_json.hpp"
#include "store/store.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

struct ModelArguments {
  std::string store, file, json, url, token, identities;
  uint64_t sequence = 0;
};

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail({ErrorCode::kNotFound, path + ": cannot be read"});
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void run_model_list(const ModelArguments& arguments) {
  const auto store = or_fail(open_sqlite_store(arguments.store, StoreAccess::kShare, false));
  json::array all;
  for (const KeyedRecord& record : or_fail(store->list("publication", ""))) {
    const Publication one = or_fail(decode_publication(record.bytes.value_or(Bytes())));
    all.push_back(to_json(one));
    if (!arguments.json.empty()) continue;
    std::printf("%6llu  %-9s  releases %-4llu reports %-7llu epsilon %-6.3f drift %.4f%s\n",
                static_cast<unsigned long long>(one.sequence), one.why.c_str(),
                static_cast<unsigned long long>(one.releases),
                static_cast<unsigned long long>(one.reports), zcdp_epsilon(one.rho, 1e-6),
                one.drift,
                one.source != 0 ? ("  (" + std::to_string(one.source) + " again)").c_str() : "");
  }
  if (arguments.json.empty()) return;
  JsonOutput out(arguments.json);
  or_fail(out.write({{"models", std::move(all)}}));
}

void run_model_inspect(const ModelArguments& arguments) {
  const Bytes bytes = read_file(arguments.file);
  const Snapshot snapshot = or_fail(load_snapshot(bytes, uint64_t{16} << 30));
  const bool quantized = std::holds_alternative<QuantizedMatrix>(snapshot.rows);
  size_t live = 0;
  for (uint32_t i = 0; i < snapshot.items.size(); ++i) live += snapshot.items.live(i) ? 1 : 0;
  const json::object object{{"file", arguments.file},
                            {"sha256", to_hex(sha256(bytes))},
                            {"bytes", bytes.size()},
                            {"layout", quantized ? "int8" : "float32"},
                            {"items", snapshot.n_items()},
                            {"live_items", live},
                            {"dim", snapshot.dim()},
                            {"a0", snapshot.reg.a0},
                            {"lambda", snapshot.reg.lambda},
                            {"popularity", !snapshot.popularity.empty()},
                            {"tuning_prior", snapshot.tuning_prior.has_value()}};
  JsonOutput out(arguments.json.empty() ? "-" : arguments.json);
  or_fail(out.write(object));
}

// Through the running leader, so that what is published, logged and announced is one thing.
void run_model_publish(const ModelArguments& arguments) {
  std::string token = arguments.token;
  if (token.empty())
    if (const char* variable = std::getenv("SOTTO_TOKEN")) token = variable;
  if (token.empty())
    fail({ErrorCode::kInvalidArgument, "token: give --token or the variable SOTTO_TOKEN"});
  HttpClient client({});
  HttpCall call;
  call.origin = or_fail(parse_origin(arguments.url));
  call.method = "POST";
  call.target = "/v1/admin/models/" + std::to_string(arguments.sequence) + "/publish";
  call.headers = {{"authorization", "Bearer " + token}};
  const HttpReply reply = or_fail(client.call(std::move(call)));
  const std::string text(reply.body.begin(), reply.body.end());
  if (reply.status != 200) fail({ErrorCode::kRejected, arguments.url + ": " + text});
  std::cout << text << '\n';
}

json::object describe_task(const Task& task, const TaskId& id) {
  const double rho = task.price_rho();
  return {
      {"id", to_hex(id)},
      {"site", task.site},
      {"kind", static_cast<int>(task.kind)},
      {"layout", task.layout},
      {"dimension", task.dimension},
      {"vdaf", static_cast<uint32_t>(task.vdaf)},
      {"grid_bound", task.grid.bound},
      {"grid_clip", task.grid.clip},
      {"sigma", task.sigma},
      {"z", task.noise_multiplier()},
      {"noise_by", static_cast<int>(task.noise_by)},
      {"rho", rho},
      {"epsilon_at_1e-6", task.sigma > 0 ? json::value(zcdp_epsilon(rho, 1e-6)) : json::value()},
      {"min_batch", task.min_batch},
      {"max_batch", task.max_batch},
      {"window_start_ms", task.window_start_ms},
      {"window_end_ms", task.window_end_ms},
      {"time_precision_ms", task.time_precision_ms},
      {"model_hash", to_hex(task.model_hash)},
      {"model_sequence", task.model_sequence},
      {"catalogue_hash", to_hex(task.catalogue_hash)},
      {"leader_key", to_hex(task.leader_key)},
      {"helper_key", to_hex(task.helper_key)},
      {"collector_key", to_hex(task.collector_key)}};
}

void run_task_inspect(const ModelArguments& arguments) {
  const Bytes bytes = read_file(arguments.file);
  const PinnedSite pinned = or_fail(read_identities(arguments.identities));
  const VerifiedTask task = or_fail(VerifiedTask::open(bytes, pinned));
  json::object object = describe_task(task.task(), task.id());
  const Status above = Floors::production().check(task.task());
  object["above_production_floors"] = above.ok();
  if (!above.ok()) object["below"] = above.error().message;
  JsonOutput out(arguments.json.empty() ? "-" : arguments.json);
  or_fail(out.write(object));
}

}  // namespace

void add_model_command(CLI::App& app) {
  auto arguments = std::make_shared<ModelArguments>();
  ModelArguments& a = *arguments;
  CLI::App* command = app.add_subcommand("model", "Published versions of the model");
  command->require_subcommand(1);
  CLI::App* list = command->add_subcommand("list", "Versions with lineage, price and metrics");
  list->add_option("--store", a.store, "The leader's store; it may be running")->required();
  list->add_option("--json", a.json, "Write the result to this file (-: stdout)");
  list->callback([arguments] { run_model_list(*arguments); });
  CLI::App* inspect = command->add_subcommand("inspect", "What a model file holds");
  inspect->add_option("file", a.file, "A safetensors file")->required();
  inspect->add_option("--json", a.json, "Write it to this file (default: stdout)");
  inspect->callback([arguments] { run_model_inspect(*arguments); });
  for (const auto& [name, what] :
       {std::pair{"publish", "Publish a version again, under a new sequence"},
        std::pair{"rollback", "The same: go back to an earlier version"}}) {
    CLI::App* publish = command->add_subcommand(name, what);
    publish->add_option("sequence", a.sequence, "The version")->required();
    publish->add_option("--leader", a.url, "URL of the running leader")->required();
    publish->add_option("--token", a.token,
                        "An operator's token; better in the variable SOTTO_TOKEN");
    publish->callback([arguments] { run_model_publish(*arguments); });
  }
}

void add_task_command(CLI::App& app) {
  auto arguments = std::make_shared<ModelArguments>();
  ModelArguments& a = *arguments;
  CLI::App* command = app.add_subcommand("task", "Signed task files");
  command->require_subcommand(1);
  CLI::App* inspect =
      command->add_subcommand("inspect", "Check a task file's signatures and show what it asks");
  inspect->add_option("file", a.file, "The task file")->required();
  inspect->add_option("--identities", a.identities, "The site's identities.json")->required();
  inspect->add_option("--json", a.json, "Write it to this file (default: stdout)");
  inspect->callback([arguments] { run_task_inspect(*arguments); });
}

}  // namespace sotto
