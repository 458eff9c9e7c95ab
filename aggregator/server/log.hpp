// Structured logs: an event's name and fields, as a line for people or a JSON object.
//
// Nothing that is secret may come here: no keys, tokens, shares, reports. Addresses go through
// logged_address() first.
// Thread safety: every call from any thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "server/config.hpp"

namespace sotto {

struct LogField {
  std::string_view key;
  std::string value;
};

class Log {
 public:
  /// To stderr. level: one that check_config allows.
  Log(LogFormat format, const std::string& level);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  using Fields = std::initializer_list<LogField>;
  void debug(std::string_view event, Fields fields = {}) const;
  void info(std::string_view event, Fields fields = {}) const;
  void warn(std::string_view event, Fields fields = {}) const;
  void error(std::string_view event, Fields fields = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What of an address may be logged: "", the network ("192.0.2.0/24", "2001:db8:1::/48"), or all.
std::string logged_address(std::string_view address, LoggedAddress how);

}  // namespace sotto
