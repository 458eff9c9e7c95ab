// Models on disk: safetensors files that Python and JavaScript tools open too.
#pragma once

#include <string>
#include <vector>

#include "base/matrix.hpp"
#include "base/result.hpp"
#include "model/fold_in.hpp"

namespace sotto {

/// A trained model with the ids of its rows.
struct ModelFile {
  Matrix items;                  ///< m x k.
  std::vector<std::string> ids;  ///< One a row.
  Regularization reg;            ///< For fold-in.
};

/// Tensors: "items" F32 [m, k]; "item_ids" U8 (the ids, UTF-8, one after the other) and
/// "item_id_offsets" U64 [m + 1]; metadata: format "sotto-model", version "1", a0, lambda.
Status save_model(const std::string& path, const ModelFile& model);

/// Errors: kNotFound; kMalformed names the tensor and the reason.
Result<ModelFile> load_model(const std::string& path);

}  // namespace sotto
