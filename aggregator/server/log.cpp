#include "server/log.hpp"

#include <arpa/inet.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <vector>

namespace sotto {
namespace {

// For people: bare where that is readable, else as JSON would have it.
std::string quoted_if_needed(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" \"\\\t\n\r=") == std::string::npos;
  return plain ? value : boost::json::serialize(boost::json::string(value));
}

std::string json_line(const char* level, std::string_view event, Log::Fields fields) {
  boost::json::object object{{"level", level}, {"event", event}};
  for (const LogField& field : fields) object[field.key] = field.value;
  return boost::json::serialize(object);
}

}  // namespace

struct Log::Impl {
  LogFormat format;
  spdlog::logger logger;

  Impl(LogFormat how, const std::string& level)
      : format(how), logger("sotto", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger.set_level(spdlog::level::from_str(level));
    logger.flush_on(spdlog::level::info);
    if (format == LogFormat::kHuman)
      logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    else  // %v is an object: the time goes into it
      logger.set_pattern("{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v", spdlog::pattern_time_type::utc);
  }

  void write(spdlog::level::level_enum level, const char* name, std::string_view event,
             Fields fields) {
    if (!logger.should_log(level)) return;
    std::string line;
    if (format == LogFormat::kJson) {
      line = json_line(name, event, fields).substr(1);
    } else {
      line = event;
      for (const LogField& field : fields)
        line += " " + std::string(field.key) + "=" + quoted_if_needed(field.value);
    }
    logger.log(level, spdlog::string_view_t(line));
  }
};

Log::Log(LogFormat format, const std::string& level)
    : impl_(std::make_unique<Impl>(format, level)) {}
Log::~Log() = default;

void Log::debug(std::string_view event, Fields fields) const {
  impl_->write(spdlog::level::debug, "debug", event, fields);
}
void Log::info(std::string_view event, Fields fields) const {
  impl_->write(spdlog::level::info, "info", event, fields);
}
void Log::warn(std::string_view event, Fields fields) const {
  impl_->write(spdlog::level::warn, "warn", event, fields);
}
void Log::error(std::string_view event, Fields fields) const {
  impl_->write(spdlog::level::err, "error", event, fields);
}

std::string logged_address(std::string_view address, LoggedAddress how) {
  if (how == LoggedAddress::kFull) return std::string(address);
  if (how == LoggedAddress::kNone) return "";
  const std::string text(address);
  std::array<uint8_t, 16> bytes{};
  char shown[INET6_ADDRSTRLEN] = "";
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    bytes[3] = 0;
    inet_ntop(AF_INET, bytes.data(), shown, sizeof shown);
    return std::string(shown) + "/24";
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return "";
  std::fill(bytes.begin() + 6, bytes.end(), uint8_t{0});
  inet_ntop(AF_INET6, bytes.data(), shown, sizeof shown);
  return std::string(shown) + "/48";
}

}  // namespace sotto
