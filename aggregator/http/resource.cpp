#include "http/conditions.hpp"
#include "http/message.hpp"

namespace sotto {
namespace {

bool not_modified(const HttpRequest& request, std::string_view etag) {
  for (const auto& [name, value] : request.headers) {
    if (name == "if-none-match" && etag_listed(value, etag)) return true;
  }
  return false;
}

// The smallest form that the client takes; null: the bytes themselves, also for a range, so that
// parts belong together whatever the client says it takes.
const HttpVariant* choose_variant(const HttpRequest& request, uint64_t size,
                                  std::span<const HttpVariant> variants) {
  const auto accepted = find_header(request.headers, "accept-encoding");
  if (!accepted || find_header(request.headers, "range")) return nullptr;
  const HttpVariant* best = nullptr;
  for (const HttpVariant& variant : variants) {
    if (variant.bytes->size() >= size || !coding_accepted(*accepted, variant.coding)) continue;
    size = variant.bytes->size();
    best = &variant;
  }
  return best;
}

// Sets status, part and Content-Range. Only GET has ranges (RFC 9110, 14.2).
void apply_range(const HttpRequest& request, std::string_view etag, HttpResponse& response) {
  const auto range = find_header(request.headers, "range");
  if (!range || request.method != "GET") return;
  const auto if_range = find_header(request.headers, "if-range");
  if (if_range && !range_applies(*if_range, etag)) return;

  const uint64_t size = response.body->size();
  const auto asked = parse_range(*range, size);
  if (const auto* part = std::get_if<ByteRange>(&asked)) {
    response.status = 206;
    response.part = std::pair(part->offset, part->length);
    response.headers.emplace_back("content-range",
                                  "bytes " + std::to_string(part->offset) + '-' +
                                      std::to_string(part->offset + part->length - 1) + '/' +
                                      std::to_string(size));
  } else if (std::holds_alternative<UnsatisfiableRange>(asked)) {
    response = problem(416, "RANGE", "range: begins after the end of the resource");
    response.headers.emplace_back("content-range", "bytes */" + std::to_string(size));
  }
}

}  // namespace

HttpResponse serve_resource(const HttpRequest& request, const SharedBytes& bytes,
                            std::string_view etag, std::string_view content_type, bool immutable) {
  return serve_resource(request, bytes, etag, content_type, immutable, {});
}

HttpResponse serve_resource(const HttpRequest& request, const SharedBytes& bytes,
                            std::string_view etag, std::string_view content_type, bool immutable,
                            std::span<const HttpVariant> variants) {
  const HttpVariant* variant = choose_variant(request, bytes->size(), variants);
  std::string tag(etag);
  if (variant) tag += '-' + variant->coding;

  HttpResponse response;
  response.headers.reserve(8);
  response.headers.emplace_back("etag", '"' + tag + '"');
  response.headers.emplace_back("cache-control",
                                immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!variants.empty()) response.headers.emplace_back("vary", "accept-encoding");
  if (not_modified(request, tag)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("content-type", content_type);
  if (variant) {
    response.headers.emplace_back("content-encoding", variant->coding);
    response.body = variant->bytes;
    return response;
  }
  response.headers.emplace_back("accept-ranges", "bytes");
  response.body = bytes;
  apply_range(request, tag, response);
  return response;
}

}  // namespace sotto
