// Declares to the linker what sotto.wasm imports from its host, so that any other undefined symbol
// is an error. An Emscripten --js-library of which nothing reaches the output.
mergeInto(LibraryManager.library, {
  sotto_random_get: function (out, size) {},
});
