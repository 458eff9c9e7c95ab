#include "http/response_head.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace sotto {
namespace {

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  out += "\r\n";
}

// Formatted once a second and thread.
const std::string& date_now() {
  thread_local int64_t second = -1;
  thread_local std::string text;
  const int64_t now = std::time(nullptr);
  if (now != second) {
    second = now;
    text = http_date(now);
  }
  return text;
}

bool has_content(unsigned status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string http_date(int64_t seconds) {
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  // Not strftime: its names follow the locale.
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text.data();
}

void write_head(const HttpResponse& response, uint64_t body_size, Persistence persistence,
                std::string& out) {
  out.clear();
  out.reserve(512);
  out += "HTTP/1.1 ";
  out += std::to_string(response.status);
  out += ' ';
  out += reason_phrase(response.status);
  out += "\r\n";
  append_line(out, "date", date_now());
  for (const auto& [name, value] : response.headers) append_line(out, name, value);
  if (has_content(response.status)) append_line(out, "content-length", std::to_string(body_size));
  if (persistence == Persistence::kClose) append_line(out, "connection", "close");
  if (persistence == Persistence::kKeepAliveHttp10) append_line(out, "connection", "keep-alive");
  out += "\r\n";
}

}  // namespace sotto
