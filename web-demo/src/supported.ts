// What the recommender needs and some browsers lack, found out without starting it.

// A module with one function that makes a v128: (module (func (drop (i8x16.splat (i32.const 0)))))
const simdModule = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11);

/** Names for the visitor; empty: nothing is missing. */
export function missingFeatures(): string[] {
  const missing: string[] = [];
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(simdModule)) missing.push('WebAssembly with SIMD');
  if (!workersMayBeModules()) missing.push('workers that are modules');
  return missing;
}

// Browsers that know the option read it before they fetch anything; what would run is ended first.
function workersMayBeModules(): boolean {
  let read = false;
  try {
    new Worker('early.js', { get type(): WorkerType {
      read = true;
      return 'module';
    } }).terminate();
  } catch {
    // Refused: then only what was read counts.
  }
  return read;
}
