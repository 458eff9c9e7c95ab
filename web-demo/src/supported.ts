// What the recommender needs and some browsers lack, found out without starting it. Of browsers that
// know no workers of modules its own start says so.

// A module with one function that makes a v128: (module (func (drop (i8x16.splat (i32.const 0)))))
const simdModule = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11);

/** A name for the visitor; null: nothing is missing. */
export function missingFeature(): string | null {
  if (typeof Worker === 'undefined') return 'workers';
  return typeof WebAssembly === 'object' && WebAssembly.validate(simdModule) ? null : 'WebAssembly with SIMD';
}
