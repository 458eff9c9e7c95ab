// What the engine needs of the world around it, so that its logic runs in tests without one.
import type { SottoCore } from '../../core/loader.mjs';
import type { Storage } from './storage.js';

export interface Environment {
  /** proofs: the build that also makes reports with proofs; it is larger. */
  loadCore(proofs: boolean): Promise<SottoCore>;
  /** What the device stores for this site, to be opened; null: nothing. Throws when storage is blocked. */
  findDatabase(): Promise<Storage | null>;
  /** To be opened, which makes it where there is none. */
  database(): Storage;
  now(): number;
  /** Calls back once, after `ms`; returns what cancels it. */
  after(ms: number, call: () => void): () => void;
  /** Whether only one tab can be the writer (Web Locks). */
  readonly exclusive: boolean;
}
