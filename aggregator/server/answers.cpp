#include "server/answers.hpp"

#include <boost/json.hpp>

namespace sotto {

HttpResponse json_response(const boost::json::value& value) {
  return text_response(200, kJsonType, boost::json::serialize(value));
}

HttpResponse not_found(std::string_view what) { return problem(404, "NOT_FOUND", what); }

const char* vdaf_name(VdafId id) {
  switch (id) {
    case VdafId::kSumField32: return "sum";
    case VdafId::kPine32HmacSha256Aes128: return "pine32";
    case VdafId::kPine40HmacSha256Aes128: return "pine40";
    case VdafId::kPine64HmacSha256Aes128: return "pine64";
    default: return "prio3";
  }
}

}  // namespace sotto
