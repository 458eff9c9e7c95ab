#include "vdaf/vector_run.hpp"

#include <algorithm>
#include <filesystem>

#include "vdaf/vectors.hpp"

namespace sotto {

std::vector<std::string> vector_files(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> names;
  const auto root = vectors_root();
  if (!root.has_value()) return names;
  for (const auto& entry : std::filesystem::directory_iterator(*root + "/" + folder)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(prefix, 0) == 0 && entry.path().extension() == ".json") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace sotto
