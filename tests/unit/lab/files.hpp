// Files for tests of the lab: a folder of their own, and the real data sets where they are.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "temp_folder.hpp"

namespace sotto::test {

/// The folder of a real data set; empty, after a message, when it is not on this computer.
inline std::string real_data(const std::string& name) {
  const char* root = std::getenv("SOTTO_DATA");
  std::string path = std::string(root != nullptr ? root : SOTTO_REAL_DATA) + "/" + name;
  if (std::filesystem::is_directory(path)) return path;
  MESSAGE("skipped: no data (" << name << ")");
  return {};
}

}  // namespace sotto::test
