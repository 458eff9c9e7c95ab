#include "lab/checkpoint.hpp"

#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "lab/atomic_file.hpp"

namespace sotto {
namespace {

constexpr uint64_t kMagic = 0x32544b434f544f53;  // "SOTOCKT2"
constexpr uint64_t kMostElements = uint64_t{1} << 34;

void put_matrix(ByteWriter& out, const Matrix& matrix) {
  out.put<uint64_t>(static_cast<uint64_t>(matrix.rows()));
  out.put<uint64_t>(static_cast<uint64_t>(matrix.cols()));
  out.put_array(std::span<const float>(matrix.data(), static_cast<size_t>(matrix.size())));
}

Result<Matrix> get_matrix(ByteReader& in, const char* what) {
  SOTTO_TRY(const auto rows, in.get<uint64_t>(what));
  SOTTO_TRY(const auto cols, in.get<uint64_t>(what));
  SOTTO_TRY(const auto values, in.get_array<float>(kMostElements, what));
  if (rows > kMostElements || cols > 4096 || rows * cols != values.size())
    return Error{ErrorCode::kMalformed, std::string(what) + ": shape and length disagree"};
  Matrix matrix(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(cols));
  std::copy(values.begin(), values.end(), matrix.data());
  return matrix;
}

void put_federated(ByteWriter& out, const FederatedState& state) {
  out.put(state.rounds_done);
  put_matrix(out, state.items);
  put_matrix(out, state.average);
  out.put_array(std::span(state.counts));
  out.put(state.devices);
  out.put(state.damping);
  out.put(state.lowest_objective);
}

Result<FederatedState> get_federated(ByteReader& in) {
  FederatedState state;
  SOTTO_TRY(state.rounds_done, in.get<uint32_t>("rounds"));
  SOTTO_TRY(state.items, get_matrix(in, "items"));
  SOTTO_TRY(state.average, get_matrix(in, "average"));
  SOTTO_TRY(state.counts, in.get_array<double>(kMostElements, "counts"));
  SOTTO_TRY(state.devices, in.get<double>("devices"));
  SOTTO_TRY(state.damping, in.get<double>("damping"));
  SOTTO_TRY(state.lowest_objective, in.get<double>("lowest objective"));
  return state;
}

Result<PrivateRelease> get_release(ByteReader& in) {
  PrivateRelease release;
  SOTTO_TRY(release.sigma, in.get<uint64_t>("sigma"));
  SOTTO_TRY(release.noise_sd, in.get<double>("noise"));
  SOTTO_TRY(release.reports, in.get<uint64_t>("reports"));
  SOTTO_TRY(release.cohorts, in.get<uint32_t>("cohorts"));
  SOTTO_TRY(release.sum, in.get_array<int64_t>(kMostElements, "sum"));
  release.dimension = release.sum.size();
  return release;
}

Result<Checkpoint> parse(std::span<const uint8_t> bytes, uint64_t fingerprint) {
  ByteReader in(bytes);
  Checkpoint out;
  SOTTO_TRY(const auto magic, in.get<uint64_t>("magic"));
  if (magic != kMagic) return Error{ErrorCode::kMalformed, "not a checkpoint of this version"};
  SOTTO_TRY(out.fingerprint, in.get<uint64_t>("fingerprint"));
  if (out.fingerprint != fingerprint)
    return Error{ErrorCode::kInvalidArgument,
                 "it belongs to a run with other data, options or seed"};
  SOTTO_TRY(out.report, in.get_string(uint64_t{1} << 30, "report"));
  SOTTO_TRY(out.federated, get_federated(in));
  SOTTO_TRY(const auto n, in.get<uint32_t>("releases"));
  for (uint32_t r = 0; r < n; ++r) {
    SOTTO_TRY(auto release, get_release(in));
    out.releases.push_back(std::move(release));
  }
  SOTTO_TRY(out.devices, in.get_array<uint8_t>(kMostElements, "devices"));
  SOTTO_CHECK_OK(in.finish("checkpoint"));
  return out;
}

}  // namespace

Status save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  ByteWriter out;
  out.put(kMagic);
  out.put(checkpoint.fingerprint);
  out.put_string(checkpoint.report);
  put_federated(out, checkpoint.federated);
  out.put(static_cast<uint32_t>(checkpoint.releases.size()));
  for (const auto& release : checkpoint.releases) {
    out.put(release.sigma);
    out.put(release.noise_sd);
    out.put(release.reports);
    out.put(release.cohorts);
    out.put_array(std::span(release.sum));
  }
  out.put_array(std::span(checkpoint.devices));
  SOTTO_TRY(auto file, AtomicFile::create(path));
  file.write({reinterpret_cast<const char*>(out.bytes().data()), out.bytes().size()});
  return file.commit();
}

Result<Checkpoint> load_checkpoint(const std::string& path, uint64_t fingerprint) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path + ": no such checkpoint"};
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto parsed = parse(bytes, fingerprint);
  if (!parsed.ok()) return Error{parsed.error().code, path + ": " + parsed.error().message};
  return parsed;
}

}  // namespace sotto
