// Storage in IndexedDB. Database "sotto:<URL of site.json>", version 1:
//   records      key of the core -> bytes
//   settings     "visitor" -> Settings; "epoch" -> number, one more for every writer
//   publication  "current" -> Publication
// It exists only after the visitor agreed: looking for it does not make it.
import { type DBSchema, type IDBPDatabase, type OpenDBCallbacks, deleteDB, openDB } from 'idb';

import { type Batch, Fenced, type Publication, type Settings, type Storage, type Stored } from './storage.js';
import { readSettings } from './settings.js';

interface Schema extends DBSchema {
  records: { key: string; value: Uint8Array };
  settings: { key: 'visitor' | 'epoch'; value: unknown };
  publication: { key: 'current'; value: Publication };
}

const version = 1;
const stores = ['records', 'settings', 'publication'] as const;

/** Step n brings a database of version n to n + 1. Never changed once released. */
const migrations: readonly ((database: IDBPDatabase<Schema>) => void)[] = [
  (database) => {
    for (const name of stores) database.createObjectStore(name);
  },
];

export class Database implements Storage {
  readonly kind = 'persistent';
  readonly #name: string;
  #database: IDBPDatabase<Schema> | null = null;
  /** Of find(), and not read yet. */
  #isFound = false;
  #epoch = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** The one of this name; null: there is none, and none is made. Throws when storage is blocked. */
  static async find(name: string): Promise<Database | null> {
    const found = new Database(name);
    let isNew = false;
    try {
      await found.#connect(undefined, (_, __, ___, transaction) => {
        isNew = true; // of version 1: not to be
        transaction.done.catch(() => {});
        transaction.abort();
      });
    } catch (error) {
      if (isNew) return null;
      throw error;
    }
    found.#isFound = true;
    return found;
  }

  async #connect(to: number | undefined, upgrade: NonNullable<OpenDBCallbacks<Schema>['upgrade']>): Promise<void> {
    this.close();
    // Somebody deletes it, or brings a newer version: they must not wait for this tab.
    this.#database = await openDB<Schema>(this.#name, to, { upgrade, blocking: () => this.close() });
  }

  async open(): Promise<Stored> {
    // A connection that has been used may have been cut off since.
    if (!this.#isFound || this.#database?.version !== version)
      await this.#connect(version, (database, from) => {
        for (const migrate of migrations.slice(from)) migrate(database);
      });
    this.#isFound = false;
    const database = this.#opened();
    const publication = database.get('publication', 'current').catch(() => null);
    const transaction = database.transaction(['records', 'settings'], 'readwrite');
    const [records, settings] = [transaction.objectStore('records'), transaction.objectStore('settings')];
    const [keys, values, visitor, epoch] = await Promise.all(
      [records.getAllKeys(), records.getAll(), settings.get('visitor'), settings.get('epoch')]);
    this.#epoch = (typeof epoch === 'number' ? epoch : 0) + 1;
    await settings.put(this.#epoch, 'epoch');
    await transaction.done;
    // What is no bytes was put there by somebody else: the core finds it damaged.
    const bytesOf = (value: unknown) => (value instanceof Uint8Array ? value : new Uint8Array());
    return {
      records: keys.map((key, i) => ({ key, bytes: bytesOf(values[i]) })),
      settings: readSettings(visitor),
      publication: (await publication) ?? null,
    };
  }

  async commit({ records = [], settings, publication }: Batch): Promise<void> {
    const transaction = this.#opened().transaction(stores, 'readwrite');
    const aborted = transaction.done;
    aborted.catch(() => {}); // the first failure below is the one that is told
    const store = transaction.objectStore('settings');
    if ((await store.get('epoch')) !== this.#epoch) {
      transaction.abort();
      throw new Fenced(this.#name);
    }
    const written: Promise<unknown>[] = [];
    try {
      for (const { key, bytes } of records)
        written.push(bytes === null
          ? transaction.objectStore('records').delete(key)
          : transaction.objectStore('records').put(bytes, key));
      if (settings !== undefined) written.push(store.put(settings satisfies Settings, 'visitor'));
      if (publication === null) written.push(transaction.objectStore('publication').delete('current'));
      else if (publication !== undefined)
        written.push(transaction.objectStore('publication').put(publication, 'current'));
    } catch (error) { // what cannot be cloned throws at once, and would leave the rest to be committed
      for (const request of written) request.catch(() => {});
      transaction.abort();
      throw error;
    }
    await Promise.all([...written, aborted]);
  }

  async publication(): Promise<Publication | null> {
    return (await this.#opened().get('publication', 'current')) ?? null;
  }

  async destroy(): Promise<void> {
    this.close();
    await deleteDB(this.#name);
  }

  close(): void {
    this.#database?.close();
    this.#database = null;
  }

  #opened(): IDBPDatabase<Schema> {
    if (this.#database === null) throw new Fenced(this.#name);
    return this.#database;
  }
}
