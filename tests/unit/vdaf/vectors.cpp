#include "vdaf/vectors.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace sotto {
namespace {

std::optional<std::string> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::optional<std::string> vectors_root() {
  const char* named = std::getenv("SOTTO_VECTORS");
  const std::string root = named != nullptr ? named : SOTTO_SOURCE_DIR "/../shared/vectors";
  if (!std::ifstream(root + "/vdaf/XofTurboShake128.json")) return std::nullopt;
  return root;
}

std::optional<Json> read_vectors(const std::string& path) {
  const auto root = vectors_root();
  if (!root) {
    std::printf("skipped: %s (no test vectors here)\n", path.c_str());
    return std::nullopt;
  }
  const auto text = contents(*root + "/" + path);
  auto json = text ? Json::parse(*text) : std::nullopt;
  if (!json) {
    std::fprintf(stderr, "%s/%s: %s\n", root->c_str(), path.c_str(), text ? "no JSON" : "missing");
    std::abort();
  }
  return json;
}

}  // namespace sotto
