// The core and its storage as one: whatever the core changes is stored, in order, one transaction
// after the other; a core that trapped is replaced by what was stored; a browser without room gets a
// shorter memory before it gets none.
import { SottoError } from '../../core/error.mjs';
import { SottoCore } from '../../core/loader.mjs';
import { given } from '../plain.js';
import type { ModelState } from '../types.js';
import type { Environment } from './environment.js';
import type { EngineOptions } from './rpc.js';
import {
  type Batch, type Change, Fenced, MemoryStorage, type Publication, type Settings, type Storage,
  type Stored, noSettings,
} from './storage.js';

// The shortest log of single events that still ranks well.
const fewestEvents = 50;

/** A file set that verifies and still makes no sound list. */
export class SmokeTestFailed extends SottoError {
  constructor(message: string) {
    super('NUMERICAL', message);
  }
}

function merged(earlier: Batch | null, later: Batch): Batch {
  if (earlier === null) return later;
  return { ...earlier, ...later, records: [...(earlier.records ?? []), ...(later.records ?? [])] };
}

// Empty where the browser cannot: then the core computes them, or says what is wrong with the files.
async function hashesOf(files: Publication | null): Promise<Uint8Array> {
  return files === null ? new Uint8Array() : SottoCore.hashesOf(files).catch(() => new Uint8Array());
}

/** What a core that has just begun gives to be stored. */
type Started = Batch & Required<Pick<Batch, 'records'>>;

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof Error && names.includes(error.name);
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const isQuota = (error: unknown): boolean => isNamed(error, 'QuotaExceededError');

export class Device {
  readonly #environment: Environment;
  readonly #options: EngineOptions;
  readonly #onFenced: () => void;
  #site = '';
  #core: SottoCore | null = null;
  /** Loaded while storage is read. */
  #firstCore: Promise<SottoCore> | null = null;
  #proofs = false;
  #storage: Storage = new MemoryStorage();
  #settings: Settings = noSettings;
  #model: ModelState | null = null;
  /** For the next transaction, and when that is over. */
  #waiting: Batch | null = null;
  #waited: Promise<void> = Promise.resolve();
  /** All that was asked of storage until now. Never rejects. */
  #written: Promise<unknown> = Promise.resolve();
  #restored: Promise<void> | null = null;
  #fenced = false;
  #storageTrouble: string | null = null;
  #ledgerDamaged = false;
  #isCached = false;

  /** onFenced: another writer took over; this object stores nothing more. */
  constructor(environment: Environment, options: EngineOptions, onFenced: () => void) {
    this.#environment = environment;
    this.#options = options;
    this.#onFenced = onFenced;
  }

  /** Opens storage; the core follows once the site's name is known. */
  async open(): Promise<void> {
    this.#firstCore = this.#environment.loadCore(this.#proofs);
    this.#firstCore.catch(() => {
      this.#firstCore = null; // whoever needs it tries again
    });
    let stored: Stored | undefined;
    try {
      this.#storage = (await this.#environment.findDatabase()) ?? this.#storage;
      stored = await this.#storage.open();
      this.#settings = stored.settings;
    } catch (error) {
      await this.#replaceDatabase(error);
    }
    const site = this.#options.identities.site ?? this.#settings.site?.site;
    if (site !== undefined) await this.openCore(site, stored);
  }

  // A database that is there and cannot be read may have held a ledger. One that is of a later version
  // of this package, or on a full disk, is sound: it waits for better days.
  async #replaceDatabase(cause: unknown): Promise<void> {
    this.#storageTrouble = String(cause);
    try {
      if (isNamed(cause, 'QuotaExceededError', 'VersionError')) throw cause;
      await this.#storage.destroy();
      this.#storage = this.#environment.database();
      await this.#storage.open();
      this.#settings = { ...noSettings, ledgerLost: true };
      await this.#storage.commit({ settings: this.#settings });
    } catch {
      this.#storage.close();
      this.#storage = new MemoryStorage();
      await this.#storage.open();
    }
  }

  /** Needs the site's name, which the core checks manifests and tasks against. stored: where storage
   * has just been read. */
  async openCore(site: string, stored?: Stored): Promise<void> {
    if (this.#core !== null) return;
    this.#site = site;
    await this.#startFromStorage(stored);
  }

  async #startFromStorage(known?: Stored): Promise<void> {
    const { records, publication } = await this.#inOrder(async () => {
      if (this.#fenced) throw new Fenced();
      return known ?? this.#storage.open();
    });
    this.#isCached = publication !== null;
    const started = await this.#start(() => records, publication);
    if (started.publication !== undefined || started.records.length > 0) await this.commit(started);
  }

  async #cached(): Promise<Publication | null> {
    const found = await this.#storage.publication().catch(() => null);
    this.#isCached = found !== null;
    return found;
  }

  async #load(): Promise<SottoCore> {
    const first = this.#firstCore;
    this.#firstCore = null;
    try {
      return await (first ?? this.#environment.loadCore(this.#proofs));
    } catch (error) {
      throw error instanceof SottoError ? error
        : new SottoError('UNREACHABLE', `the core could not be loaded: ${String(error)}`);
    }
  }

  // A new core with what `records` gives once it is loaded; no call comes between that and the
  // exchange. Returns what is to be stored of it. A model that is not taken any more is dropped.
  async #start(records: () => readonly Change[], model: Publication | null): Promise<Started> {
    const [core, hashes] = await Promise.all([this.#load(), hashesOf(model)]);
    const { identities, demo, budget, participation } = this.#options;
    const { maxEvents } = this.#settings;
    const now = this.#environment.now();
    const opened = core.open({
      site: this.#site,
      publisher: identities.publisher,
      leader: identities.leader,
      helper: identities.helper,
      ...budget,
      ...given({ demo, participation, maxEvents: maxEvents ?? undefined }),
    }, records(), now);
    let batch: Started = { records: opened.changes };
    try {
      if (model !== null)
        batch = { records: [...opened.changes, ...core.loadModel({ ...model, hashes }, now)] };
    } catch {
      if (core.crashed) return { ...await this.#start(records, null), publication: null };
      batch = { ...batch, publication: null };
    }
    this.#core?.close();
    this.#core = core;
    this.#ledgerDamaged = opened.damage.ledger;
    if (model === null || batch.publication === null) this.#model = null;
    else this.#describe();
    return batch;
  }

  // Another core goes on where this one is, with all that happened while it was loaded. Only in a
  // transaction's turn; returns what that is to store after `earlier`.
  async #exchange(earlier: Batch | null, model: Publication | null): Promise<Batch> {
    let before = earlier;
    const started = await this.#start(() => {
      this.#settled(); // it is in what is saved
      const saved = this.#core!.save();
      if (this.#waiting !== null) {
        before = merged(before, this.#waiting);
        this.#waiting = {}; // its turn comes, with what the new core changes until then
      }
      return saved;
    }, model);
    return merged(before, started);
  }

  /** Every call of the core goes through here. After a trap the next one waits for a new core. */
  use<T>(work: (core: SottoCore) => T): T {
    const core = this.#core;
    if (core === null) throw new SottoError('UNREACHABLE', 'the site has not been reached yet');
    try {
      return work(core);
    } finally {
      if (core.crashed) void this.#replace();
    }
  }

  /** The core is usable, or says why it is not. Never rejects. */
  async ready(): Promise<void> {
    await this.#restored?.catch(() => {});
  }

  #replace(how = () => this.#startFromStorage()): Promise<void> {
    this.#restored ??= how().finally(() => {
      this.#restored = null;
    });
    this.#restored.catch(() => {}); // the next call of a core that crashed tries again
    return this.#restored;
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#written.then(work);
    this.#written = done.catch(() => {});
    return done;
  }

  /** Stores, in order. Resolves when it is durable, or kept in memory where nothing can be. Rejects
   * when another writer took over. Nothing may leave the device before that. What can wait leaves the
   * worker free for `patienceMs`. */
  commit(batch: Batch, patienceMs = 0): Promise<void> {
    if (batch.settings !== undefined) this.#settings = batch.settings;
    const first = this.#waiting === null;
    this.#waiting = merged(this.#waiting, batch);
    if (first)
      this.#waited = this.#inOrder(async () => {
        await pause(patienceMs); // a list that was asked for meanwhile goes first
        const next = merged(this.#waiting, { records: this.#settled() });
        this.#waiting = null;
        return this.#write(next);
      });
    return this.#waited;
  }

  // What events have left to do.
  #settled(): readonly Change[] {
    if (this.#core === null || this.#core.crashed) return [];
    try {
      return this.use((core) => core.settle());
    } catch {
      return []; // a core that traps here has given its events away before
    }
  }

  /** Resolves when everything until now is stored. Rejects when another writer took over. */
  async durable(): Promise<void> {
    await this.#written;
    if (this.#fenced) throw new Fenced();
  }

  async #write(batch: Batch): Promise<void> {
    if (this.#fenced) throw new Fenced();
    try {
      await this.#storage.commit(batch);
    } catch (error) {
      if (error instanceof Fenced) {
        this.#fenced = true;
        this.#onFenced();
        throw error;
      }
      if (isQuota(error) && (await this.#makeRoom(batch))) return;
      await this.#keepInMemory(error);
    }
  }

  // The cached model goes first, then the older half of the events becomes summaries.
  async #makeRoom(batch: Batch): Promise<boolean> {
    const model = batch.publication ?? await this.#cached();
    this.#isCached = true; // not again: there is no room for it
    try {
      await this.#storage.commit({ ...batch, publication: null });
      return true;
    } catch (error) {
      if (!isQuota(error) || this.#core === null) return false;
    }
    try {
      const events = this.#core.listEvents().events.length;
      this.#settings = { ...this.#settings, maxEvents: Math.max(fewestEvents, events >> 1) };
      const started = await this.#exchange(batch, model);
      await this.#storage.commit({ ...started, settings: this.#settings, publication: null });
      return true;
    } catch {
      return false;
    }
  }

  async #keepInMemory(cause: unknown): Promise<void> {
    this.#storageTrouble = String(cause);
    // What a core that crashed has left is in the storage, when that can still be read.
    const records = this.#core === null || this.#core.crashed
      ? await this.#storage.open().then((stored) => stored.records, () => [])
      : this.#core.save();
    this.#storage.close();
    this.#storage = new MemoryStorage(this.#settings, records);
  }

  /** Takes a publication when it verifies and makes a sound list; else everything is as before.
   * Throws the core's error, or SmokeTestFailed. */
  async publish(files: Publication): Promise<void> {
    const hashes = await hashesOf(files);
    await this.ready();
    const now = this.#environment.now();
    const changes = this.use((core) => core.loadModel({ ...files, hashes }, now));
    const sound = this.use((core) => core.recommend({ count: 10 }, now))
      .every(({ score }) => Number.isFinite(score));
    if (!sound || this.use((core) => core.describeModel()).live === 0) {
      await this.#replace();
      throw new SmokeTestFailed('model: its lists are not sound');
    }
    this.#describe();
    await this.commit({ records: changes, ...(this.#caches ? { publication: files } : {}) });
    this.#isCached = this.#caches;
  }

  get #caches(): boolean {
    return this.persistent && this.#options.cacheModel !== false;
  }
  /** Whether the model is stored, if it is to be: one that came before the consent is not. */
  get cached(): boolean {
    return this.#isCached || !this.#caches;
  }

  #describe(): void {
    const { sequence, created, expires, demo, live, dim } = this.use((core) => core.describeModel());
    this.#model = { sequence, created, expires, demo, items: live, dim };
  }

  /** Changes to the build with proofs, which goes on where the other one stopped. */
  async needProofs(): Promise<void> {
    await this.ready();
    if (this.#proofs) return;
    this.#proofs = true;
    try {
      await this.#replace(() => this.#inOrder(async () => this.#write(await this.#exchange(null, await this.#cached()))));
    } catch (error) {
      this.#proofs = false;
      throw error;
    }
  }

  /** From now on what is known is stored on the device. */
  async beginStoring(): Promise<void> {
    if (this.persistent || this.#storageTrouble !== null) return;
    await this.#written;
    try {
      const database = this.#environment.database();
      const stored = await database.open();
      this.#storage = database;
      if (stored.records.length > 0) {
        this.#settings = { ...stored.settings, site: this.#settings.site ?? stored.settings.site };
        this.#isCached = stored.publication !== null;
        await this.commit(await this.#start(() => stored.records, stored.publication));
      } else {
        await this.commit({ records: this.#core?.save() ?? [], settings: this.#settings });
      }
    } catch (error) {
      if (error instanceof Fenced) throw error;
      await this.#keepInMemory(error);
    }
  }

  /** Everything goes; a new installation begins, in memory until somebody agrees again. */
  async destroy(): Promise<void> {
    this.#settings = { ...noSettings, site: this.#settings.site };
    const cached = await this.#inOrder(async () => {
      const found = await this.#cached();
      await this.#storage.destroy();
      this.#storage = new MemoryStorage();
      return found;
    });
    this.#storageTrouble = null;
    this.#isCached = false;
    if (this.#core === null) return;
    try {
      await this.commit(await this.#start(() => {
        // What the old core did meanwhile is of nobody.
        if (this.#waiting !== null) this.#waiting = {};
        this.#storage = new MemoryStorage(this.#settings);
        return [];
      }, cached));
    } catch (error) {
      this.#core?.close();
      this.#core = null; // its profile goes even where no other core can be had
      this.#model = null;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#written;
    this.#storage.close();
    this.#core?.close();
    this.#core = null;
  }

  get opened(): boolean {
    return this.#core !== null;
  }
  get persistent(): boolean {
    return this.#storage.kind === 'persistent';
  }
  get settings(): Settings {
    return this.#settings;
  }
  get model(): ModelState | null {
    return this.#model;
  }
  /** Why nothing can be stored; null: it can. */
  get storageTrouble(): string | null {
    return this.persistent ? null : this.#storageTrouble;
  }
  get ledgerDamaged(): boolean {
    return this.#ledgerDamaged || this.#settings.ledgerLost;
  }
}
