#include "crowd/site_client.hpp"

#include <boost/json.hpp>
#include <tuple>
#include <utility>

#include "crypto/text_encoding.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr unsigned kOk = 200;
constexpr unsigned kNotModified = 304;

std::string_view as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Error malformed_list(const char* what) { return {ErrorCode::kMalformed, what}; }

}  // namespace

Result<std::vector<TaskId>> parse_task_list(std::string_view text, uint64_t sequence) {
  boost::system::error_code failure;
  const json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) return malformed_list("tasks: no JSON object");
  const json::value* const tasks = value.get_object().if_contains("tasks");
  if (tasks == nullptr || !tasks->is_array()) return malformed_list("tasks: no array");
  std::vector<TaskId> ids;
  for (const json::value& entry : tasks->get_array()) {
    if (!entry.is_object()) return malformed_list("tasks: an entry is no object");
    const json::value* const id = entry.get_object().if_contains("id");
    const json::value* const of = entry.get_object().if_contains("model_sequence");
    if (id == nullptr || !id->is_string()) return malformed_list("tasks: id: no string");
    const auto parsed = from_hex<TaskId>(std::string_view(id->get_string()));
    if (!parsed) return malformed_list("tasks: id: 64 hexadecimal digits are expected");
    if (of == nullptr || !of->is_number())
      return malformed_list("tasks: model_sequence: no number");
    const auto number = of->to_number<uint64_t>(failure);
    if (failure) return malformed_list("tasks: model_sequence: no whole number");
    if (number == sequence) ids.push_back(*parsed);
  }
  return ids;
}

std::string problem_code(const CrowdReply& reply) {
  boost::system::error_code failure;
  const json::value value = json::parse(as_text(reply.body), failure);
  if (!failure && value.is_object())
    if (const json::value* const code = value.get_object().if_contains("code");
        code != nullptr && code->is_string())
      return std::string(code->get_string());
  return "HTTP " + std::to_string(reply.status);
}

SiteClient::SiteClient(SiteClientOptions options, CrowdTransport& transport, Timeline& timeline)
    : options_(std::move(options)), transport_(transport), timeline_(timeline) {}

void SiteClient::start(OnTask on_task) {
  on_task_ = std::move(on_task);
  poll();
}

// Every failure ends the poll, so no more than one is ever under way.
void SiteClient::get(bool to_helper, std::string target, std::string etag, Then then) {
  CrowdCall call;
  call.to_helper = to_helper;
  call.target = target;
  if (!etag.empty()) call.headers.emplace_back("if-none-match", std::move(etag));
  transport_.send(std::move(call), [this, post = timeline_.poster(), target = std::move(target),
                                    then = std::move(then)](Result<CrowdReply> reply) {
    post([this, target, then, reply = std::move(reply)]() mutable {
      if (!reply.ok()) return fail(target, reply.error());
      if (reply->status != kOk && reply->status != kNotModified)
        return fail(target, {ErrorCode::kIo, problem_code(*reply)});
      then(std::move(reply).value());
    });
  });
}

void SiteClient::fail(const std::string& what, const ErrorInfo& error) {
  ++traffic_.failures;
  traffic_.last_failure = what + ": " + error.message;
  to_fetch_.clear();
  finish_poll();
}

void SiteClient::finish_poll() {
  timeline_.at(timeline_.now_ms() + options_.poll_ms, [this] { poll(); });
}

void SiteClient::poll() {
  if (stopped_) return;
  ++traffic_.polls;
  get(false, "/v1/manifest", etag_, [this](CrowdReply reply) { on_manifest(std::move(reply)); });
}

void SiteClient::on_manifest(CrowdReply reply) {
  if (reply.status == kNotModified) {
    ++traffic_.not_modified;
    return fetch_tasks();
  }
  const auto seen = model_ == nullptr ? std::nullopt : std::optional(model_->seen);
  const auto manifest = open_manifest(reply.body, options_.pinned, seen, timeline_.now_ms());
  if (!manifest.ok()) return fail("manifest", manifest.error());
  auto arriving = std::make_shared<Arriving>();
  arriving->etag = std::move(reply.etag);
  arriving->manifest = std::move(reply.body);
  if (model_ != nullptr && model_->manifest == *manifest) {  // from a server without ETags
    etag_ = arriving->etag;
    return fetch_tasks();
  }
  get(false, "/v1/files/" + to_hex(manifest->model.hash), {},
      [this, arriving, manifest = *manifest](CrowdReply file) {
        arriving->snapshot = std::move(file.body);
        fetch_catalogue(arriving, manifest);
      });
}

void SiteClient::fetch_catalogue(std::shared_ptr<Arriving> arriving, const Manifest& manifest) {
  if (manifest.catalogue.size == 0) return open_model(*arriving);
  get(false, "/v1/files/" + to_hex(manifest.catalogue.hash), {},
      [this, arriving = std::move(arriving)](CrowdReply file) {
        arriving->catalogue = std::move(file.body);
        open_model(*arriving);
      });
}

void SiteClient::open_model(const Arriving& arriving) {
  const auto seen = model_ == nullptr ? std::nullopt : std::optional(model_->seen);
  auto model = open_device_model({arriving.manifest, arriving.snapshot, arriving.catalogue},
                                 options_.pinned, seen, options_.memory_budget, timeline_.now_ms());
  if (!model.ok()) return fail("model", model.error());
  model_ = std::move(model).value();
  etag_ = arriving.etag;
  ++traffic_.models;
  fetch_tasks();
}

void SiteClient::fetch_tasks() {
  get(false, "/v1/tasks", {}, [this](CrowdReply reply) { on_tasks(reply.body); });
}

void SiteClient::on_tasks(const Bytes& list) {
  auto ids = parse_task_list(as_text(list), model_->manifest.sequence);
  if (!ids.ok()) return fail("/v1/tasks", ids.error());
  to_fetch_ = std::move(ids).value();
  std::erase_if(to_fetch_, [this](const TaskId& id) { return known_.contains(id); });
  fetch_next_task();
}

void SiteClient::fetch_next_task() {
  if (to_fetch_.empty()) return finish_poll();
  const TaskId id = to_fetch_.back();
  to_fetch_.pop_back();
  get(false, "/v1/tasks/" + to_hex(id), {},
      [this, id](CrowdReply reply) { on_task_file(id, std::move(reply.body)); });
}

void SiteClient::on_task_file(const TaskId& id, Bytes file) {
  auto verified = VerifiedTask::open(file, options_.pinned);
  if (!verified.ok()) return fail("task", verified.error());
  if (verified->id() != id)
    return fail("task", {ErrorCode::kAuthentication, "another one than was asked for"});
  auto arriving =
      std::make_shared<ArrivingTask>(ArrivingTask{std::move(verified).value(), std::move(file)});
  const Task& task = arriving->verified.task();
  fetch_key(task.leader_key, false, [this, arriving, helper_key = task.helper_key] {
    fetch_key(helper_key, options_.keys_from_helper, [this, arriving] { offer(arriving); });
  });
}

void SiteClient::fetch_key(const KeyId& id, bool of_helper, std::function<void()> then) {
  if (keys_.contains(id)) return then();
  get(of_helper, "/v1/keys/" + to_hex(id), {},
      [this, id, then = std::move(then)](CrowdReply reply) {
        keys_[id] = std::move(reply.body);
        then();
      });
}

void SiteClient::offer(const std::shared_ptr<ArrivingTask>& arriving) {
  const Task& task = arriving->verified.task();
  const KeyId leader = task.leader_key, helper = task.helper_key;
  const int64_t now = timeline_.now_ms();
  for (const auto& [id, identity, role] :
       {std::tuple(leader, options_.pinned.leader, KeyRole::kLeader),
        std::tuple(helper, options_.pinned.helper, KeyRole::kHelper)}) {
    const auto key = open_task_key(keys_.at(id), identity, role, id, now);
    if (key.ok()) continue;
    keys_.erase(id);
    return fail("key", key.error());
  }
  known_.insert(arriving->verified.id());
  // The list is not signed: what it says of the model counts for nothing.
  if (task.model_sequence == model_->manifest.sequence && now < task.window_end_ms)
    on_task_(std::make_shared<OpenTask>(OpenTask{std::move(arriving->verified),
                                                 std::move(arriving->file), keys_.at(leader),
                                                 keys_.at(helper), model_}));
  fetch_next_task();
}

}  // namespace sotto
