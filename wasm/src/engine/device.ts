// The core and its storage as one: whatever the core changes is stored, in order, one transaction
// after the other; a core that trapped is replaced by what was stored; a browser without room gets a
// shorter memory before it gets none.
import { SottoError } from '../../core/error.mjs';
import type { SottoCore } from '../../core/loader.mjs';
import type { ModelState } from '../types.js';
import type { Environment } from './environment.js';
import type { EngineOptions } from './rpc.js';
import {
  type Batch, type Change, Fenced, MemoryStorage, type Publication, type Settings, type Storage,
  noSettings,
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

const isQuota = (error: unknown): boolean =>
  error instanceof Error && error.name === 'QuotaExceededError';

export class Device {
  readonly #environment: Environment;
  readonly #options: EngineOptions;
  readonly #onFenced: () => void;
  #site = '';
  #core: SottoCore | null = null;
  #proofs = false;
  #storage: Storage = new MemoryStorage();
  #settings: Settings = noSettings;
  #model: ModelState | null = null;
  #waiting: Batch | null = null;
  #written: Promise<void> = Promise.resolve();
  #restored: Promise<void> | null = null;
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
    try {
      if (await this.#environment.isStored()) this.#storage = this.#environment.database();
      this.#settings = (await this.#storage.open()).settings;
    } catch (error) {
      await this.#replaceDatabase(error);
    }
    const site = this.#options.identities.site ?? this.#settings.site?.site;
    if (site !== undefined) await this.openCore(site);
  }

  // A database that is there and cannot be read may have held a ledger.
  async #replaceDatabase(cause: unknown): Promise<void> {
    this.#storageTrouble = String(cause);
    try {
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

  /** Needs the site's name, which the core checks manifests and tasks against. */
  async openCore(site: string): Promise<void> {
    if (this.#core !== null) return;
    this.#site = site;
    await this.#startFromStorage();
  }

  async #startFromStorage(): Promise<void> {
    const { records } = await this.#storage.open();
    await this.commit({ records: await this.#start(records) });
    await this.#loadCached();
  }

  // Returns what is to be stored of it.
  async #start(records: readonly Change[]): Promise<readonly Change[]> {
    const core = await this.#environment.loadCore(this.#proofs);
    const { identities, demo, budget, participation } = this.#options;
    const { maxEvents } = this.#settings;
    const opened = core.open({
      site: this.#site,
      publisher: identities.publisher,
      leader: identities.leader,
      helper: identities.helper,
      ...(demo === undefined ? {} : { demo }),
      ...budget,
      ...(participation === undefined ? {} : { participation }),
      ...(maxEvents === null ? {} : { maxEvents }),
    }, records, this.#environment.now());
    this.#core?.close();
    this.#core = core;
    this.#model = null;
    this.#ledgerDamaged = opened.damage.ledger;
    return opened.changes;
  }

  async #loadCached(): Promise<void> {
    const cached = await this.#storage.publication().catch(() => null);
    this.#isCached = cached !== null;
    if (cached === null) return;
    try {
      await this.use((core) => core.loadModel(cached, this.#environment.now()));
      this.#describe();
    } catch {
      await this.commit({ publication: null });
    }
  }

  /** Every call of the core goes through here. After a trap the next one waits for a new core. */
  use<T>(work: (core: SottoCore) => T): T {
    const core = this.#core;
    if (core === null) throw new SottoError('UNREACHABLE', 'the site has not been reached yet');
    try {
      return work(core);
    } finally {
      if (core.crashed) this.#restored ??= this.#restore();
    }
  }

  /** The core is usable, or it never was. */
  async ready(): Promise<void> {
    await this.#restored;
  }

  async #restore(): Promise<void> {
    try {
      await this.#written.catch(() => {});
      await this.#startFromStorage();
    } finally {
      this.#restored = null;
    }
  }

  /** Stores, in order. Resolves when it is durable, or kept in memory where nothing can be. Rejects
   * when another writer took over. Nothing may leave the device before that. */
  commit(batch: Batch): Promise<void> {
    if (batch.settings !== undefined) this.#settings = batch.settings;
    const first = this.#waiting === null;
    this.#waiting = merged(this.#waiting, batch);
    if (first)
      this.#written = this.#written.catch(() => {}).then(() => {
        const next = this.#waiting!;
        this.#waiting = null;
        return this.#write(next);
      });
    return this.#written;
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#storage.commit(batch);
    } catch (error) {
      if (error instanceof Fenced) {
        this.#onFenced();
        throw error;
      }
      if (isQuota(error) && (await this.#makeRoom(batch))) return;
      this.#keepInMemory(error);
    }
  }

  // The cached model goes first, then the older half of the events becomes summaries.
  async #makeRoom(batch: Batch): Promise<boolean> {
    try {
      await this.#storage.commit({ ...batch, publication: null });
      return true;
    } catch (error) {
      if (!isQuota(error) || this.#core === null) return false;
    }
    try {
      const events = this.#core.listEvents().events.length;
      this.#settings = { ...this.#settings, maxEvents: Math.max(fewestEvents, events >> 1) };
      const changes = await this.#start(this.#core.save());
      await this.#storage.commit({ records: [...(batch.records ?? []), ...changes],
        settings: this.#settings, publication: null });
      return true;
    } catch {
      return false;
    }
  }

  #keepInMemory(cause: unknown): void {
    this.#storageTrouble = String(cause);
    this.#storage.close();
    this.#storage = new MemoryStorage(this.#settings, this.#core?.save() ?? []);
  }

  /** Takes a publication when it verifies and makes a sound list; else everything is as before.
   * Throws the core's error, or SmokeTestFailed. */
  async publish(files: Publication): Promise<void> {
    const now = this.#environment.now();
    const changes = this.use((core) => core.loadModel(files, now));
    const sound = this.use((core) => core.recommend({ count: 10 }, now))
      .every(({ score }) => Number.isFinite(score));
    if (!sound || this.use((core) => core.describeModel()).live === 0) {
      this.#restored ??= this.#restore();
      await this.#restored;
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
    if (this.#proofs) return;
    await this.#written;
    this.#proofs = true;
    this.#restored ??= this.#restore();
    await this.#restored;
  }

  /** From now on what is known is stored on the device. */
  async beginStoring(): Promise<void> {
    if (this.persistent || this.#storageTrouble !== null) return;
    await this.#written.catch(() => {});
    try {
      const database = this.#environment.database();
      const stored = await database.open();
      this.#storage = database;
      if (stored.records.length > 0) {
        this.#settings = { ...stored.settings, site: this.#settings.site ?? stored.settings.site };
        await this.commit({ records: await this.#start(stored.records) });
      } else {
        await this.commit({ records: this.#core?.save() ?? [], settings: this.#settings });
      }
    } catch (error) {
      if (error instanceof Fenced) throw error;
      this.#keepInMemory(error);
    }
  }

  /** Everything goes; a new installation begins, in memory until somebody agrees again. */
  async destroy(): Promise<void> {
    await this.#written.catch(() => {});
    const cached = await this.#storage.publication().catch(() => null);
    await this.#storage.destroy();
    this.#storage = new MemoryStorage();
    this.#settings = { ...noSettings, site: this.#settings.site };
    this.#storageTrouble = null;
    this.#isCached = false;
    if (this.#core === null) return;
    await this.commit({ records: await this.#start([]) });
    if (cached === null) return;
    await this.commit({ records: this.use((core) => core.loadModel(cached, this.#environment.now())) });
    this.#describe();
  }

  async close(): Promise<void> {
    await this.#written.catch(() => {});
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
