#include "http/event_history.hpp"

#include <algorithm>
#include <string>

#include "http/websocket_frame.hpp"

namespace sotto {
namespace {

SharedBytes text_frame(std::string_view text) {
  return std::make_shared<const Bytes>(websocket_frame(WebSocketOpcode::kText, text));
}

}  // namespace

EventHistory::EventHistory(size_t most) : most_(std::max<size_t>(most, 1)) {}

uint64_t EventHistory::append(std::string_view json_object) {
  const uint64_t id = next_id_++;
  std::string text = "{\"id\":" + std::to_string(id);
  if (json_object.starts_with('{')) json_object.remove_prefix(1);
  const size_t first = json_object.find_first_not_of(" \t\r\n");
  const bool empty = first == std::string_view::npos || json_object[first] == '}';
  if (!empty) text += ',';
  text += first == std::string_view::npos ? "}" : json_object.substr(first);
  if (frames_.size() == most_) frames_.pop_front();
  frames_.push_back(text_frame(text));
  return id;
}

EventHistory::Start EventHistory::start(std::optional<uint64_t> after) const {
  if (!after) return {last_id()};
  const bool known = *after <= last_id() && !lost(*after);
  if (known) return {*after};
  const uint64_t cursor = oldest_id() - 1;
  return {cursor, text_frame("{\"id\":" + std::to_string(cursor) + ",\"missed\":true}")};
}

SharedBytes EventHistory::next(uint64_t cursor) const {
  if (cursor >= last_id() || lost(cursor)) return nullptr;
  return frames_[cursor + 1 - oldest_id()];
}

}  // namespace sotto
