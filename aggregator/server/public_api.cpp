#include "server/public_api.hpp"

#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "crypto/text_encoding.hpp"
#include "server/answers.hpp"

namespace sotto {
namespace {

namespace json = boost::json;

constexpr const char* kOctets = "application/octet-stream";
constexpr size_t kMostPopular = 1000;

HttpResponse octets(const HttpRequest& request, const SharedBytes& bytes, const Digest& hash,
                    bool immutable) {
  return serve_resource(request, bytes, to_hex(hash), kOctets, immutable);
}

HttpResponse octets(const HttpRequest& request, const PublishedContent& content, const Digest& hash,
                    bool immutable) {
  return serve_resource(request, content.bytes, to_hex(hash), kOctets, immutable, content.forms);
}

// The same for everybody, so that it may be cached.
HttpResponse json_resource(const HttpRequest& request, const json::object& value) {
  const std::string text = json::serialize(value);
  const auto bytes = std::make_shared<const Bytes>(text.begin(), text.end());
  return serve_resource(request, bytes, to_hex(sha256(*bytes)), kJsonType, false);
}

HttpResponse delta(const HttpRequest& request, std::string_view version,
                   const PublishedSite& published) {
  const auto to = parse_whole<uint64_t>(version);
  const auto from = parse_whole<uint64_t>(find_parameter(request.query, "from").value_or(""));
  if (!to || !from) return problem(400, "INVALID_ARGUMENT", "from: a sequence");
  if (published.delta == nullptr || *to != published.manifest.sequence ||
      *from != published.publication.parent)
    return not_found("delta: there is none that is smaller than the file");
  return octets(request, published.delta, sha256(*published.delta), true);
}

HttpResponse popular(const HttpRequest& request, const PublishedSite& published) {
  const auto count = parse_whole<size_t>(find_parameter(request.query, "count").value_or("20"));
  if (!count || *count < 1 || *count > kMostPopular)
    return problem(400, "INVALID_ARGUMENT", "count: 1 to 1000");
  json::array items;
  for (const auto& [item, popularity] : published.popular) {
    if (items.size() == *count) break;
    items.push_back({{"item", item}, {"popularity", popularity}});
  }
  return json_resource(request, json::object{{"items", std::move(items)}});
}

}  // namespace

HttpResponse PublicApi::answer(const Matched& matched, const HttpRequest& request) const {
  switch (matched.route->id) {
    case RouteId::kHealth: return json_response({{"status", "ok"}});
    case RouteId::kReady: return ready();
    case RouteId::kMetrics: return metrics();
    case RouteId::kTasks: return tasks(request);
    case RouteId::kTask: return task(request, matched.parameters[0]);
    case RouteId::kKey: return key(request, matched.parameters[0]);
    case RouteId::kCurrentKey: {
      const SharedBytes bytes = parts_.own->newest()->signed_key;
      return octets(request, bytes, sha256(*bytes), false);
    }
    default: break;
  }
  const auto published = parts_.site != nullptr ? parts_.site->published() : nullptr;
  if (published == nullptr) return not_found("nothing is published yet");
  return answer_of_site(matched, request, *published);
}

HttpResponse PublicApi::answer_of_site(const Matched& matched, const HttpRequest& request,
                                       const PublishedSite& published) const {
  switch (matched.route->id) {
    case RouteId::kSite: return site(request, published);
    case RouteId::kManifest:
      return octets(request, published.signed_manifest, sha256(*published.signed_manifest), false);
    case RouteId::kModel: return model(request, matched.parameters[0], published);
    case RouteId::kDelta: return delta(request, matched.parameters[0], published);
    case RouteId::kFile: return file(request, matched.parameters[0]);
    case RouteId::kCatalogue:
      if (published.catalogue.bytes == nullptr) return not_found("no catalogue is published");
      return octets(request, published.catalogue, published.manifest.catalogue.hash, false);
    case RouteId::kPopular: return popular(request, published);
    default: return not_found("there is no such path here");
  }
}

HttpResponse PublicApi::ready() const {
  const std::string why = parts_.unready ? parts_.unready() : "";
  if (why.empty()) return json_response({{"status", "ready"}});
  return problem(503, "OVERLOADED", why, 5);
}

HttpResponse PublicApi::metrics() const {
  if (context_.config.metrics_port != 0) return not_found("metrics have a port of their own");
  return text_response(200, "text/plain; version=0.0.4",
                       context_.metrics.text(parts_.statistics()));
}

HttpResponse PublicApi::site(const HttpRequest& request, const PublishedSite& published) const {
  const bool demo = published.manifest.label == SiteLabel::kDemo;
  return json_resource(request, json::object{
                                    {"site", context_.pinned.site},
                                    {"leader", context_.config.public_url},
                                    {"helper", context_.config.peer_url},
                                    {"label", demo ? "demo" : "production"},
                                });
}

HttpResponse PublicApi::model(const HttpRequest& request, std::string_view version,
                              const PublishedSite& published) const {
  const auto format = find_parameter(request.query, "format").value_or("int8");
  if (format != "int8" && format != "float32")
    return problem(400, "INVALID_ARGUMENT", "format: int8 or float32");
  Manifest manifest = published.manifest;
  Bytes signed_manifest = *published.signed_manifest;
  if (version != "latest") {
    const auto sequence = parse_whole<uint64_t>(version);
    if (!sequence) return not_found("model: not a sequence");
    auto kept = parts_.site->version(*sequence);
    if (!kept.ok()) return problem(kept.error());
    manifest = kept->manifest;
    signed_manifest = std::move(kept->publication.manifest);
  }
  const PublishedFile& named = format == "int8" ? manifest.model : manifest.model_float32;
  const PublishedContent content =
      named.size == 0 ? PublishedContent() : parts_.site->file(named.hash);
  if (content.bytes == nullptr) return not_found("model: this file is not kept");
  HttpResponse response = octets(request, content, named.hash, version != "latest");
  response.headers.emplace_back("sotto-manifest", to_base64(signed_manifest));
  return response;
}

HttpResponse PublicApi::file(const HttpRequest& request, std::string_view text) const {
  const auto hash = from_hex<Digest>(text);
  const PublishedContent content = hash ? parts_.site->file(*hash) : PublishedContent();
  if (content.bytes == nullptr) return not_found("file: not published, or not kept any more");
  return octets(request, content, *hash, true);
}

HttpResponse PublicApi::tasks(const HttpRequest& request) const {
  json::array all;
  for (const auto& [id, task] : parts_.leader->open_tasks())
    all.push_back({{"id", to_hex(id)},
                   {"kind", static_cast<int>(task.kind)},
                   {"layout", task.layout},
                   {"vdaf", vdaf_name(task.vdaf)},
                   {"dimension", task.dimension},
                   {"window_start_ms", task.window_start_ms},
                   {"window_end_ms", task.window_end_ms},
                   {"leader_key", to_hex(task.leader_key)},
                   {"helper_key", to_hex(task.helper_key)},
                   {"model_sequence", task.model_sequence}});
  return json_resource(request, json::object{{"tasks", std::move(all)}});
}

HttpResponse PublicApi::task(const HttpRequest& request, std::string_view text) const {
  const auto id = from_hex<TaskId>(text);
  SharedBytes bytes;
  if (id)
    bytes =
        parts_.leader != nullptr ? parts_.leader->task_file(*id) : parts_.helper->task_file(*id);
  if (bytes == nullptr) return not_found("task: unknown");
  return octets(request, bytes, *id, true);
}

HttpResponse PublicApi::key(const HttpRequest& request, std::string_view text) const {
  const auto id = from_hex<KeyId>(text);
  SharedBytes bytes;
  if (id) {
    if (const auto own = parts_.own->find(*id)) bytes = own->signed_key;
    if (!bytes && parts_.leader != nullptr) {
      const auto collector = parts_.collector->find(*id);
      bytes = collector ? collector->signed_key : parts_.leader->helper_key(*id);
    }
  }
  if (bytes == nullptr) return not_found("key: unknown");
  return octets(request, bytes, sha256(*bytes), true);
}

}  // namespace sotto
