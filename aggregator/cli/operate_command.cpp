#include "cli/operate_command.hpp"

#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "cli/data_options.hpp"
#include "cli/report.hpp"
#include "crypto/random.hpp"
#include "crypto/text_encoding.hpp"
#include "lab/progress.hpp"
#include "lab/system_clock.hpp"
#include "server/audit_log.hpp"
#include "server/key_files.hpp"
#include "server/tokens.hpp"
#include "store/store.hpp"

namespace sotto {
namespace {

std::string utc(int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::unique_ptr<Store> shared_store(const std::string& path) {
  return or_fail(open_sqlite_store(path, StoreAccess::kShare, false));
}

// What an operator does on the machine itself stands in the log, too: the server takes it there.
void commit_audited(Store& store, StoreChange change, const char* action,
                    const std::string& detail) {
  SystemEntropy entropy;
  const StoreChange entry = AuditLog::note("operator", action, detail, system_now_ms(), entropy);
  const StoreChange changes[] = {std::move(change), entry};
  or_fail(store.commit(changes));
}

void print_json(const std::string& path, const boost::json::object& value) {
  JsonOutput json(path);
  or_fail(json.write(value));
}

// --- keygen -------------------------------------------------------------------------------------

struct KeygenArguments {
  std::string site;
  std::string out;
};

void run_keygen(const KeygenArguments& arguments) {
  SystemEntropy entropy;
  or_fail(make_key_files(arguments.out, arguments.site, entropy));
  std::cout << "Keys of " << arguments.site << ":\n"
            << "  " << arguments.out
            << "/leader           for the leader: identity, publisher, verify\n"
            << "  " << arguments.out << "/helper           for the helper: identity, verify\n"
            << "  " << arguments.out << "/identities.json  public; pages pin it\n"
            << "Give each operator their own folder only, and keep no copy of the other's.\n";
}

// --- token --------------------------------------------------------------------------------------

struct TokenArguments {
  std::string store, name, role = "viewer", id, json;
};

void run_token_add(const TokenArguments& arguments) {
  const auto store = shared_store(arguments.store);
  SystemEntropy entropy;
  const AdminRole role = *parse_admin_role(arguments.role);
  NewToken made = or_fail(make_token(arguments.name, role, entropy, system_now_ms()));
  commit_audited(*store, made.change, "add token",
                 made.token.id + " " + made.token.name + ", " + admin_role_name(role));
  if (!arguments.json.empty())
    return print_json(arguments.json, {{"id", made.token.id}, {"token", made.secret}});
  std::cout << made.secret << '\n';
  std::cerr << "This is the only time that the token is shown. Its id is " << made.token.id
            << ".\n";
}

void run_token_list(const TokenArguments& arguments) {
  const auto store = shared_store(arguments.store);
  const auto tokens = or_fail(read_tokens(*store));
  boost::json::array all;
  for (const Token& token : tokens)
    all.push_back({{"id", token.id},
                   {"name", token.name},
                   {"role", admin_role_name(token.role)},
                   {"created_ms", token.created_ms}});
  if (!arguments.json.empty()) return print_json(arguments.json, {{"tokens", std::move(all)}});
  if (tokens.empty()) std::cout << "There are no tokens.\n";
  for (const Token& token : tokens)
    std::printf("%s  %-8s  %s  %s\n", token.id.c_str(), admin_role_name(token.role),
                utc(token.created_ms).c_str(), token.name.c_str());
}

void run_token_revoke(const TokenArguments& arguments) {
  const auto store = shared_store(arguments.store);
  for (const Token& token : or_fail(read_tokens(*store))) {
    if (token.id != arguments.id) continue;
    commit_audited(*store, revoke_token(token.id), "revoke token", token.id + " " + token.name);
    std::cout << "revoked " << token.name << "; a running server forgets it within seconds\n";
    return;
  }
  fail({ErrorCode::kNotFound, "token: there is none with the id '" + arguments.id + "'"});
}

// --- audit --------------------------------------------------------------------------------------

struct AuditArguments {
  std::string store, json;
  uint64_t after = 0;
  size_t limit = 100;
};

void run_audit_show(const AuditArguments& arguments) {
  const auto store = shared_store(arguments.store);
  const auto entries = or_fail(AuditLog::read(*store, arguments.after, arguments.limit));
  boost::json::array all;
  for (const AuditEntry& entry : entries) all.push_back(to_json(entry));
  if (!arguments.json.empty()) return print_json(arguments.json, {{"entries", std::move(all)}});
  for (const AuditEntry& entry : or_fail(AuditLog::notes(*store)))
    std::printf("     -  %s  %-16s  %-18s  %s (not in the chain before the server runs)\n",
                utc(entry.time_ms).c_str(), entry.actor.c_str(), entry.action.c_str(),
                entry.detail.c_str());
  for (const AuditEntry& entry : entries)
    std::printf("%6llu  %s  %-16s  %-18s  %s\n", static_cast<unsigned long long>(entry.sequence),
                utc(entry.time_ms).c_str(), entry.actor.c_str(), entry.action.c_str(),
                entry.detail.c_str());
}

void run_audit_verify(const AuditArguments& arguments) {
  const auto store = shared_store(arguments.store);
  const AuditEntry last = or_fail(AuditLog::verify(*store));
  if (!arguments.json.empty())
    return print_json(arguments.json, {{"entries", last.sequence}, {"head", to_hex(last.digest)}});
  std::cout << last.sequence << " entries, each follows from the one before; head "
            << to_hex(last.digest) << '\n';
}

// --- backup, restore ----------------------------------------------------------------------------

struct BackupArguments {
  std::string store, file;
  bool overwrite = false;
};

void run_backup(const BackupArguments& arguments) {
  ProgressBar bar("backing up");
  or_fail(backup_store(arguments.store, arguments.file, bar.callback()));
  bar.finish();
  std::cout << arguments.file << ": " << std::filesystem::file_size(arguments.file)
            << " bytes. It holds keys and shares: as secret as the store.\n";
}

void run_restore(const BackupArguments& arguments) {
  or_fail(restore_store(arguments.file, arguments.store, arguments.overwrite));
  std::cout << arguments.store
            << ": put back. At its next start the server abandons every task "
               "that was open when the backup was made.\n";
}

}  // namespace

void add_keygen_command(CLI::App& app) {
  auto arguments = std::make_shared<KeygenArguments>();
  CLI::App* command = app.add_subcommand("keygen", "Make the keys of a site's leader and helper");
  command->add_option("--site", arguments->site, "Name of the site, e.g. rec.example.org")
      ->required();
  command->add_option("--out", arguments->out, "Folder to make them in; nothing is overwritten")
      ->required();
  command->callback([arguments] { run_keygen(*arguments); });
}

void add_token_command(CLI::App& app) {
  auto arguments = std::make_shared<TokenArguments>();
  TokenArguments& a = *arguments;
  CLI::App* command = app.add_subcommand("token", "Bearer tokens of administrators");
  command->require_subcommand(1);
  const auto with_store = [&a](CLI::App* sub) {
    sub->add_option("--store", a.store, "The server's store; it may be running")->required();
    sub->add_option("--json", a.json, "Write the result to this file (-: stdout)");
    return sub;
  };
  CLI::App* add = with_store(command->add_subcommand("add", "Make a token and show it once"));
  add->add_option("--name", a.name, "Whose it is; stands in the audit log")->required();
  add->add_option("--role", a.role, "viewer, operator or admin")
      ->capture_default_str()
      ->check(CLI::IsMember({"viewer", "operator", "admin"}));
  add->callback([arguments] { run_token_add(*arguments); });
  CLI::App* list = with_store(command->add_subcommand("list", "Ids, names, roles; no tokens"));
  list->callback([arguments] { run_token_list(*arguments); });
  CLI::App* revoke = with_store(command->add_subcommand("revoke", "Make a token worthless"));
  revoke->add_option("id", a.id, "Its id, as `list` shows it")->required();
  revoke->callback([arguments] { run_token_revoke(*arguments); });
}

void add_audit_command(CLI::App& app) {
  auto arguments = std::make_shared<AuditArguments>();
  AuditArguments& a = *arguments;
  CLI::App* command = app.add_subcommand("audit", "The log of who did what");
  command->require_subcommand(1);
  CLI::App* show = command->add_subcommand("show", "Entries, oldest first");
  CLI::App* verify = command->add_subcommand("verify", "Whether the chain is whole");
  for (CLI::App* sub : {show, verify}) {
    sub->add_option("--store", a.store, "The server's store; it may be running")->required();
    sub->add_option("--json", a.json, "Write the result to this file (-: stdout)");
  }
  show->add_option("--after", a.after, "Only entries with a higher sequence");
  show->add_option("--limit", a.limit, "At most so many")->capture_default_str();
  show->callback([arguments] { run_audit_show(*arguments); });
  verify->callback([arguments] { run_audit_verify(*arguments); });
}

void add_backup_commands(CLI::App& app) {
  auto arguments = std::make_shared<BackupArguments>();
  BackupArguments& a = *arguments;
  CLI::App* backup = app.add_subcommand("backup", "Copy a store, also while its server runs");
  backup->add_option("--store", a.store, "The server's store")->required();
  backup->add_option("--to", a.file, "New file for the copy")->required();
  backup->callback([arguments] { run_backup(*arguments); });
  CLI::App* restore = app.add_subcommand("restore", "Put a backup in a store's place");
  restore->add_option("--from", a.file, "The backup")->required();
  restore->add_option("--store", a.store, "Where it goes; no server may be using it")->required();
  restore->add_flag("--overwrite", a.overwrite, "Replace a store that is there");
  restore->callback([arguments] { run_restore(*arguments); });
}

}  // namespace sotto
