#include "base/result.hpp"

namespace sotto {

namespace {

std::string text_of(std::string_view what, std::string_view why) {
  std::string text(what);
  text += ": ";
  text += why;
  return text;
}

}  // namespace

Error::Error(ErrorCode code, std::string message)
    : info_(new ErrorInfo{code, std::move(message)}) {}

Error::Error(ErrorCode code, const char* message) : Error(code, std::string(message)) {}

Error::Error(ErrorCode code, std::string_view what, std::string_view why)
    : Error(code, text_of(what, why)) {}

Error::Error(const ErrorInfo& info) : info_(new ErrorInfo(info)) {}

Error::Error(const Error& other)
    : info_(other.info_ == nullptr ? nullptr : new ErrorInfo(*other.info_)) {}

void Error::destroy(const ErrorInfo* info) noexcept { delete info; }

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOk: return "OK";
    case ErrorCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case ErrorCode::kMalformed: return "MALFORMED";
    case ErrorCode::kUnsupported: return "UNSUPPORTED";
    case ErrorCode::kNotFound: return "NOT_FOUND";
    case ErrorCode::kIo: return "IO";
    case ErrorCode::kOutOfMemory: return "OUT_OF_MEMORY";
    case ErrorCode::kNumerical: return "NUMERICAL";
    case ErrorCode::kBudgetExhausted: return "BUDGET_EXHAUSTED";
    case ErrorCode::kCancelled: return "CANCELLED";
    case ErrorCode::kInternal: return "INTERNAL";
    case ErrorCode::kAuthentication: return "AUTHENTICATION";
    case ErrorCode::kExpired: return "EXPIRED";
    case ErrorCode::kReplay: return "REPLAY";
    case ErrorCode::kRejected: return "REJECTED";
    case ErrorCode::kBelowFloor: return "BELOW_FLOOR";
    case ErrorCode::kTooFewReports: return "TOO_FEW_REPORTS";
    case ErrorCode::kFull: return "FULL";
    case ErrorCode::kClosed: return "CLOSED";
    case ErrorCode::kDisagreement: return "DISAGREEMENT";
  }
  return "UNKNOWN";
}

}  // namespace sotto
