// A folder of a test's own, gone with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace sotto {

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() /
                   ("sotto-test-" + std::to_string(std::random_device()()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace sotto
