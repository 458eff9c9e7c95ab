// open_sqlite_store with the choices of tests and benchmarks.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/sqlite_file.hpp"
#include "store/store.hpp"

namespace sotto {

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, StoreAccess access,
                                                 bool create, const SqliteOptions& options);

}  // namespace sotto
