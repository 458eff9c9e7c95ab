// The options of `sotto crowd`.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/data_options.hpp"
#include "crowd/crowd.hpp"
#include "http/client.hpp"

namespace sotto {

struct CrowdCommandOptions {
  DataOptions data;
  CrowdOptions crowd;  ///< As far as its fields are options themselves.
  std::string leader;
  std::string helper;
  std::string identities;
  std::string certificate_authorities;
  std::string malicious;  ///< SHARE[:KIND], or empty.
  std::optional<double> epsilon;
  double delta = 1e-6;
  double duration_s = 0;
  double poll_s = 1;
  std::optional<uint64_t> seed;  ///< Absent: another one every time.
  unsigned threads = 0;
  std::string token;
  std::string json;
  std::string expect;
  bool quiet = false;

  void add_to(CLI::App& command);
  /// All of it. Draws the seed when none is given. Errors: kInvalidArgument, naming the option.
  Result<CrowdOptions> crowd_options() const;
  HttpClientOptions http_options() const;
};

}  // namespace sotto
