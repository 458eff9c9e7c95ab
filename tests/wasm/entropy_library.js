// Gives the unit tests under WASM the import that sotto.wasm gets from its loader.
// An Emscripten --js-library; runs in Node.
mergeInto(LibraryManager.library, {
  sotto_random_get: function (out, size) {
    require('crypto').randomFillSync(HEAPU8.subarray(out, out + size));
  },
});
