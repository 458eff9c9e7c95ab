// What a device stores: the core's keyed records, the visitor's settings, the site's model. One
// transaction a commit; at most one writer, which the epoch in the database makes sure of.
import type { Consent, Contribution } from '../types.js';

export interface Change {
  readonly key: string;
  readonly bytes: Uint8Array | null;
}

/** The files of a publication, as fetched. */
export interface Publication {
  readonly manifest: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly catalogue: Uint8Array;
}

/** What the package itself remembers. One record. */
export interface Settings {
  readonly consent: Consent;
  readonly paused: boolean;
  readonly contributions: readonly Contribution[];
  /** What site.json said: for when it cannot be reached. */
  readonly site: SiteInfo | null;
  /** Lowered when the browser has no room for more; null: the core's own. */
  readonly maxEvents: number | null;
  /** The ledger was lost with a database that could not be read: no contribution until forget(). */
  readonly ledgerLost: boolean;
}

export interface SiteInfo {
  readonly site: string;
  readonly leader: string;
}

export const noSettings: Settings = {
  consent: { personalise: false, contribute: false },
  paused: false,
  contributions: [],
  site: null,
  maxEvents: null,
  ledgerLost: false,
};

export interface Batch {
  readonly records?: readonly Change[];
  readonly settings?: Settings;
  /** null: delete it. */
  readonly publication?: Publication | null;
}

export interface Stored {
  readonly records: readonly Change[];
  readonly settings: Settings;
  /** null: there is none, or it cannot be read. */
  readonly publication: Publication | null;
}

/** Another writer has taken the database over: nothing was written, and nothing more will be. */
export class Fenced extends Error {}

export interface Storage {
  readonly kind: 'persistent' | 'memory';
  /** Takes the place of every writer before it, and reads. */
  open(): Promise<Stored>;
  /** All of it or nothing. Throws Fenced, or what the browser throws (QuotaExceededError). */
  commit(batch: Batch): Promise<void>;
  publication(): Promise<Publication | null>;
  /** Deletes everything, the database itself included. */
  destroy(): Promise<void>;
  close(): void;
}

/** For browsers that store nothing, and until a consent is given. */
export class MemoryStorage implements Storage {
  readonly kind = 'memory';
  #records = new Map<string, Uint8Array>();
  #settings: Settings;

  constructor(settings: Settings = noSettings, records: readonly Change[] = []) {
    this.#settings = settings;
    this.#apply(records);
  }

  #apply(changes: readonly Change[]): void {
    for (const { key, bytes } of changes) {
      if (bytes === null) this.#records.delete(key);
      else this.#records.set(key, bytes);
    }
  }

  async open(): Promise<Stored> {
    return {
      records: [...this.#records].map(([key, bytes]) => ({ key, bytes })),
      settings: this.#settings,
      publication: null,
    };
  }

  async commit({ records = [], settings }: Batch): Promise<void> {
    this.#apply(records);
    if (settings !== undefined) this.#settings = settings;
  }

  // A copy of the model beside the core's would double its memory: it is fetched again instead.
  async publication(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    this.#records.clear();
    this.#settings = noSettings;
  }

  close(): void {}
}
