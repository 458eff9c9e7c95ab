// What is ours in reading HTTP: origins, targets, parameters, ranges, lists of entity tags and
// codings, forwarded addresses, and the frames that WebSocket clients send.
#include <string>
#include <variant>

#include "http/client.hpp"
#include "http/conditions.hpp"
#include "http/request_head.hpp"
#include "http/text.hpp"
#include "http/websocket_frame.hpp"
#include "target.hpp"

using namespace sotto;

namespace {

void feed_origin(std::string_view text) {
  const auto origin = parse_origin(text);
  if (!origin.ok()) return;
  must(!origin->host.empty() && origin->port != 0, "an origin has a host and a port");
  const auto again = parse_origin(origin->text());
  must(again.ok() && again->text() == origin->text(), "an origin's text is an origin");
}

void feed_target(std::string_view text) {
  HttpRequest request;
  if (!set_target(request, text)) return;
  must(request.path.starts_with('/'), "a path begins with a slash");
  must(request.path.find('?') == std::string::npos, "the query is apart");
  size_t length = 0;
  for (const auto segment : request.segments()) length += 1 + segment.size();
  must(length == request.path.size() || request.path == "/", "segments are the whole path");
  if (const auto value = find_parameter(request.query, "a"))
    must(request.query.find(*value) != std::string::npos, "a value is part of the query");
}

void feed_range(std::string_view text) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{10}, ~uint64_t{0}}) {
    const auto asked = parse_range(text, size);
    if (const auto* range = std::get_if<ByteRange>(&asked))
      must(range->length > 0 && range->offset < size && range->length <= size - range->offset,
           "a range lies within the resource");
  }
}

void feed_lists(std::string_view text) {
  (void)etag_listed(text, "tag");
  (void)range_applies(text, "tag");
  (void)names_token(text, "upgrade");
  must(!coding_accepted("br;q=0," + std::string(text), "br"), "a forbidden coding stays so");
  if (const auto address = forwarded_address({{"x-forwarded-for", std::string(text)}}))
    must(address->size() < 46, "an address is one");
}

void feed_frames(std::span<const uint8_t> input) {
  ControlFrameReader whole;
  ControlFrameReader pieces;
  std::span<const uint8_t> rest = input;
  std::span<const uint8_t> bytes = input;
  for (;;) {
    const auto frame = whole.next(rest);
    // The same byte by byte.
    Result<std::optional<ControlFrame>> same = std::optional<ControlFrame>();
    while (!bytes.empty() && same.ok() && !*same) {
      auto byte = bytes.first(1);
      bytes = bytes.subspan(1);
      same = pieces.next(byte);
    }
    must(frame.ok() == same.ok(), "pieces do not matter");
    if (!frame.ok()) return;
    must(frame->has_value() == same->has_value(), "pieces do not matter");
    if (!*frame) return;
    must((*frame)->payload == (*same)->payload, "pieces do not matter");
    must((*frame)->payload.size() <= kMostControlPayload, "control frames are short");
  }
}

}  // namespace

std::vector<Bytes> fuzz_seeds() {
  std::vector<Bytes> seeds;
  const auto add = [&](char kind, std::string_view text) {
    Bytes seed{static_cast<uint8_t>(kind)};
    seed.resize(1 + text.size());
    for (size_t i = 0; i < text.size(); ++i) seed[1 + i] = static_cast<uint8_t>(text[i]);
    seeds.push_back(std::move(seed));
  };
  add(0, "https://[2001:db8::1]:8788/a/b");
  add(0, "http://example.org:80/");
  add(1, "http://host/v1/tasks?a=b&c=d");
  add(1, "/v1//files/00ff?count=3&a");
  add(2, "bytes=10-20");
  add(2, "bytes=-5, 3-");
  add(3, "\"tag\", W/\"other,tag\", *");
  add(3, "gzip;q=0.5, br; q=0, *;q=1.000");
  add(3, "1.2.3.4, 2001:db8::1");
  add(4, std::string_view("\x89\x82\1\2\3\4ab\x8A\x80\0\0\0\0\x88\x82\0\0\0\0\3\xE8", 22));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: feed_origin(text); break;
    case 1: feed_target(text); break;
    case 2: feed_range(text); break;
    case 3: feed_lists(text); break;
    default: feed_frames({data + 1, size - 1});
  }
  return 0;
}
