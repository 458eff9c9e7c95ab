#include "base/result.hpp"

namespace sotto {

Error::Error(ErrorCode number, const char* text) : code(number), message(text) {}

Status::Status(ErrorCode code, const char* message) : error_(code, message) {}

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
