// The core by itself: one device in one instance of sotto.wasm, synchronous, for a page, a worker or
// Node 18 and later. `createRecommender` is what a page wants.
export { SottoCore, SottoError } from '../core/loader.mjs';
export type { Change, ListOptions, OpenOptions, Recommendation, TaskFiles } from '../core/loader.mjs';
