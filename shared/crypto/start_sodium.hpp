// Private to this room: libsodium must be started before anything else of it is called.
#pragma once

namespace sotto {

/// Picks the fastest code of this processor, once; afterwards it costs a load and a branch.
/// Errors: none; it terminates the program when the platform has no entropy, since nothing safe
/// could follow. Thread safety: may be called from several threads.
void start_sodium();

}  // namespace sotto
