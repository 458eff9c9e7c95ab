#include "base/result.hpp"
#include "catalog/item_index.hpp"
