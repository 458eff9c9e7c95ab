#include "server/key_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "crypto/text_encoding.hpp"
#include "lab/atomic_file.hpp"

namespace sotto {
namespace {

namespace fs = std::filesystem;

Error io(const std::string& path, int error) {
  return {error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
          path + ": " + std::strerror(error)};
}

std::string prefix_of(const char* kind) { return std::string("sotto ") + kind + " v1 "; }

// A descriptor that is closed.
class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// The text of a secret stands in memory that is wiped.
Status write_secret(const fs::path& path, const char* kind, const Seed& seed) {
  const File file(path.string(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
  if (file.get() < 0) return io(path.string(), errno);
  std::string text = prefix_of(kind) + to_hex(seed.reveal()) + "\n";
  const auto written = ::write(file.get(), text.data(), text.size());
  const bool complete = written == static_cast<ssize_t>(text.size()) && ::fsync(file.get()) == 0;
  wipe({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  if (!complete) return io(path.string(), errno);
  return {};
}

Result<Seed> read_secret(const fs::path& path, const char* kind) {
  const File file(path.string(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0) return io(path.string(), errno);
  if ((status.st_mode & 077) != 0)
    return Error{ErrorCode::kAuthentication,
                 path.string() + ": others than its owner may use it; chmod 600"};
  const std::string prefix = prefix_of(kind);
  SecretBytes text(prefix.size() + 64 + 2);
  const auto size = ::read(file.get(), text.reveal_mutable().data(), text.size());
  if (size < 0) return io(path.string(), errno);
  const std::string_view line(reinterpret_cast<const char*>(text.reveal().data()),
                              static_cast<size_t>(size));
  Seed seed;
  if (line.size() != prefix.size() + 65 || line.substr(0, prefix.size()) != prefix ||
      line.back() != '\n' || !from_hex(line.substr(prefix.size(), 64), seed.reveal_mutable()))
    return Error{ErrorCode::kMalformed,
                 path.string() + ": expected one line '" + prefix + "' and 64 hexadecimal digits"};
  return seed;
}

Status write_identities(const fs::path& path, const PinnedSite& pinned) {
  SOTTO_TRY(AtomicFile file, AtomicFile::create(path.string()));
  file.write("{\n  \"site\": " + boost::json::serialize(boost::json::string(pinned.site)) +
             ",\n  \"publisher\": \"" + to_hex(pinned.publisher) + "\",\n  \"leader\": \"" +
             to_hex(pinned.leader) + "\",\n  \"helper\": \"" + to_hex(pinned.helper) + "\"\n}\n");
  return file.commit();
}

}  // namespace

Result<KeyFiles> read_key_files(const std::string& folder, ServerRole role,
                                const PinnedSite& pinned) {
  const fs::path base(folder);
  SOTTO_TRY(const Seed identity, read_secret(base / "identity.key", "identity"));
  SOTTO_TRY(Seed verify, read_secret(base / "verify.key", "verify"));
  KeyFiles keys{Identity::from_seed(identity), std::nullopt, std::move(verify)};
  const bool leader = role == ServerRole::kLeader;
  if (keys.identity.key() != (leader ? pinned.leader : pinned.helper))
    return Error{
        ErrorCode::kAuthentication,
        folder + "/identity.key: not the " + server_role_name(role) + " of the identities file"};
  if (!leader || !fs::exists(base / "publisher.key")) return keys;
  SOTTO_TRY(const Seed publisher, read_secret(base / "publisher.key", "publisher"));
  keys.publisher = Identity::from_seed(publisher);
  if (keys.publisher->key() != pinned.publisher)
    return Error{ErrorCode::kAuthentication,
                 folder + "/publisher.key: not the publisher of the identities file"};
  return keys;
}

Status make_key_files(const std::string& out, const std::string& site, EntropySource& entropy) {
  if (!is_site_name(site))
    return {ErrorCode::kInvalidArgument, "site: 1 to 253 printable characters without space"};
  const fs::path base(out);
  for (const char* name : {"leader", "helper", "identities.json"})
    if (fs::exists(base / name))
      return {ErrorCode::kInvalidArgument,
              (base / name).string() + ": exists already; keys are never overwritten"};
  const Identity publisher = Identity::generate(entropy);
  const Seed verify = Seed::random(entropy);
  PinnedSite pinned{site, publisher.key(), {}, {}};
  const Identity leader = Identity::generate(entropy), helper = Identity::generate(entropy);
  pinned.leader = leader.key();
  pinned.helper = helper.key();
  for (const auto& [name, identity] :
       {std::pair{"leader", &leader}, std::pair{"helper", &helper}}) {
    std::error_code error;
    fs::create_directories(base / name, error);
    if (error) return io((base / name).string(), error.value());
    fs::permissions(base / name, fs::perms::owner_all, error);
    SOTTO_CHECK_OK(write_secret(base / name / "identity.key", "identity", identity->seed()));
    SOTTO_CHECK_OK(write_secret(base / name / "verify.key", "verify", verify));
    SOTTO_CHECK_OK(write_identities(base / name / "identities.json", pinned));
  }
  SOTTO_CHECK_OK(write_secret(base / "leader" / "publisher.key", "publisher", publisher.seed()));
  return write_identities(base / "identities.json", pinned);
}

}  // namespace sotto
