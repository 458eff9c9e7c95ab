#include "server/route.hpp"

#include <doctest/doctest.h>

#include <boost/json.hpp>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace sotto {
namespace {

HttpRequest request(std::string method, std::string path) {
  HttpRequest made;
  made.method = std::move(method);
  made.path = std::move(path);
  return made;
}

}  // namespace

TEST_CASE("routes: exact paths, parameters, methods, roles") {
  const HttpRequest upload = request("PUT", "/v1/tasks/aa/reports/bb");
  const Matched matched = match_route(upload, ServerRole::kLeader);
  REQUIRE(matched.route != nullptr);
  CHECK(matched.route->id == RouteId::kUpload);
  CHECK(matched.parameters == std::vector<std::string_view>{"aa", "bb"});
  CHECK(match_route(upload, ServerRole::kHelper).route == nullptr);

  const HttpRequest wrong_method = request("DELETE", "/v1/tasks/aa");
  CHECK(match_route(wrong_method, ServerRole::kLeader).route == nullptr);
  CHECK(match_route(wrong_method, ServerRole::kLeader).allow == "GET");
  const HttpRequest head = request("HEAD", "/v1/manifest");
  CHECK(match_route(head, ServerRole::kLeader).route->id == RouteId::kManifest);
  const HttpRequest current = request("GET", "/v1/keys/current");
  CHECK(match_route(current, ServerRole::kHelper).route->id == RouteId::kCurrentKey);
  for (const char* path : {"", "v1/tasks", "/v1/tasks/", "//v1/tasks", "/v1", "/v1/tasks/a/b"}) {
    const HttpRequest none = request("GET", path);
    CAPTURE(path);
    const Matched nothing = match_route(none, ServerRole::kLeader);
    CHECK((nothing.route == nullptr || nothing.route->id == RouteId::kTask));
  }
}

TEST_CASE("routes: values of a query") {
  CHECK(find_parameter("count=5&from=3", "from") == "3");
  CHECK(find_parameter("count=5", "coun") == std::nullopt);
  CHECK(find_parameter("count", "count") == "");
  CHECK(find_parameter("a=1&a=2", "a") == "1");
  CHECK(find_parameter("", "a") == std::nullopt);
  CHECK(find_parameter("&&=&a==b", "a") == "=b");
}

TEST_CASE("routes: docs/openapi.json lists exactly these paths, methods and roles") {
  std::ifstream file(SOTTO_DOCS "/openapi.json");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  const boost::json::value document = boost::json::parse(text.str());
  std::set<std::string> documented, served;
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    const std::string pattern =
        std::regex_replace(std::string(path), std::regex("\\{[a-z]+\\}"), "{}");
    for (const auto& [method, operation] : methods.as_object()) {
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.insert(upper + " " + pattern + " " +
                        std::string(operation.at("x-role").as_string()));
    }
  }
  for (const Route& route : routes())
    served.insert(std::string(route.method) + " " + route.path + " " +
                  (route.leader && route.helper ? "both"
                   : route.leader               ? "leader"
                                                : "helper"));
  CHECK(documented == served);
}

}  // namespace sotto
