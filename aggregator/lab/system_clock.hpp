// The machine's clock, for programs: the core is given its time.
#pragma once

#include <cstdint>

namespace sotto {

/// Milliseconds since 1970-01-01T00:00:00Z. Thread safety: from any thread.
int64_t system_now_ms();

}  // namespace sotto
