#include "lab/model_file.hpp"

#include <fstream>
#include <iterator>

#include "base/bytes.hpp"
#include "lab/atomic_file.hpp"
#include "model/snapshot.hpp"

namespace sotto {
namespace {

// Of a laboratory's machine. Files are the operator's own; the limit only catches nonsense.
constexpr uint64_t kMemoryBudget = uint64_t{64} << 30;

ModelFile live_rows(const Snapshot& snapshot) {
  ModelFile model{{}, {}, snapshot.reg, snapshot.tuning_prior};
  model.items.resize(snapshot.items.live_count(), snapshot.dim());
  Eigen::Index row = 0;
  for (uint32_t number = 0; number < snapshot.items.size(); ++number) {
    if (!snapshot.items.live(number)) continue;
    model.items.row(row++) = snapshot.row(number);
    model.ids.push_back(snapshot.items.id(number));
  }
  return model;
}

}  // namespace

Status save_model(const std::string& path, const ModelFile& model) {
  Snapshot snapshot{model.items, {}, model.reg, {}, {}, model.tuning_prior};
  for (const std::string& id : model.ids) {
    SOTTO_TRY(const auto number, snapshot.items.add(id));
    if (number + 1 != snapshot.items.size())
      return {ErrorCode::kInvalidArgument, "item id: twice in the model"};
  }
  SOTTO_TRY(const auto bytes, write_snapshot(snapshot));
  SOTTO_TRY(auto file, AtomicFile::create(path));
  file.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  return file.commit();
}

Result<ModelFile> load_model(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path + ": no such model"};
  const Bytes bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto snapshot = load_snapshot(bytes, kMemoryBudget);
  if (!snapshot.ok()) return Error{snapshot.error().code, path + ": " + snapshot.error().message};
  return live_rows(*snapshot);
}

}  // namespace sotto
