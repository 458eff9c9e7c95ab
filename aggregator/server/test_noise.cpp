#include "server/test_noise.hpp"

#include "crypto/random.hpp"

#ifdef SOTTO_TEST_NOISE
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "crypto/text_encoding.hpp"
#endif

namespace sotto {

std::unique_ptr<EntropySource> noise_source([[maybe_unused]] const char* role,
                                            [[maybe_unused]] const TaskId& task) {
#ifdef SOTTO_TEST_NOISE
  if (const char* path = std::getenv("SOTTO_TEST_NOISE_LOG")) {
    SystemEntropy system;
    const Seed seed = Seed::random(system);
    const std::string line =
        std::string(role) + " " + to_hex(task) + " " + to_hex(seed.reveal()) + "\n";
    const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // A test that cannot know the noise must not go on.
    if (file < 0 || ::write(file, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
      std::abort();
    ::close(file);
    return std::make_unique<ChaChaEntropy>(seed.reveal());
  }
#endif
  return std::make_unique<SystemEntropy>();
}

}  // namespace sotto
