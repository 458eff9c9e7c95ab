// Files for tests: a folder of their own, and the real data sets where they are.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace sotto::test {

/// Removed with everything in it at the end of its scope.
class TempFolder {
 public:
  TempFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("sotto_" + std::to_string(getpid()) + "_" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path(std::string_view name = {}) const {
    return name.empty() ? path_.string() : (path_ / name).string();
  }
  /// Writes a file and returns its path.
  std::string write(std::string_view name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }
  std::string read(std::string_view name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path path_;
};

/// The folder of a real data set; empty, after a message, when it is not on this computer.
inline std::string real_data(const std::string& name) {
  const char* root = std::getenv("SOTTO_DATA");
  std::string path = std::string(root != nullptr ? root : SOTTO_REAL_DATA) + "/" + name;
  if (std::filesystem::is_directory(path)) return path;
  MESSAGE("skipped: no data (" << name << ")");
  return {};
}

}  // namespace sotto::test
