// Models on disk: snapshots (model/snapshot.hpp), which Python and JavaScript tools open too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/fold_in.hpp"
#include "model/tuning_gate.hpp"

namespace sotto {

/// A trained model with the ids of its rows.
struct ModelFile {
  Matrix items;                  ///< m x k.
  std::vector<std::string> ids;  ///< One a row, none empty, none twice.
  Regularization reg;            ///< For fold-in.
  std::optional<CrowdPrior>
      tuning_prior{};  ///< Of fine-tuning on devices; without it there is none.
};

/// A snapshot of the layout float32. Errors: kInvalidArgument for values or ids that no snapshot
/// can hold; kIo.
Status save_model(const std::string& path, const ModelFile& model);

/// A snapshot of either layout, dequantised, without the rows of removed items.
/// Errors: kNotFound; those of load_snapshot, with the path.
Result<ModelFile> load_model(const std::string& path);

}  // namespace sotto
