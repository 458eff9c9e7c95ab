// One contract, both storages; and what only the one in IndexedDB can promise.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { openDB } from 'idb';
import { beforeEach, describe, expect, test } from 'vitest';

import { Database } from '../../src/engine/database.js';
import { Fenced, MemoryStorage, type Publication, type Storage, noSettings } from '../../src/engine/storage.js';
import { isStored } from './world.js';

const name = 'sotto:test';
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const nothing = { records: [], settings: noSettings, publication: null };
const settings = { ...noSettings, consent: { personalise: true, contribute: false } };
const model: Publication = { manifest: bytes(1), snapshot: bytes(2), catalogue: bytes(3) };

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe.each<[string, () => Storage]>([
  ['in memory', () => new MemoryStorage()],
  ['in IndexedDB', () => new Database(name)],
])('a storage %s', (_, make) => {
  test('begins empty, and gives back what was committed', async () => {
    const storage = make();
    expect(await storage.open()).toEqual(nothing);
    await storage.commit({ records: [{ key: 'a', bytes: bytes(1, 2) }, { key: 'b', bytes: bytes() }], settings });
    expect(await storage.open()).toEqual({ settings, publication: null,
      records: [{ key: 'a', bytes: bytes(1, 2) }, { key: 'b', bytes: bytes() }] });
  });

  test('changes in one batch apply in order; null deletes; the rest stays', async () => {
    const storage = make();
    await storage.open();
    await storage.commit({ records: [{ key: 'a', bytes: bytes(1) }, { key: 'b', bytes: bytes(2) }], settings });
    await storage.commit({ records: [{ key: 'a', bytes: null }, { key: 'c', bytes: bytes(3) },
      { key: 'c', bytes: bytes(4) }, { key: 'none', bytes: null }] });
    expect(await storage.open()).toEqual({ settings, publication: null,
      records: [{ key: 'b', bytes: bytes(2) }, { key: 'c', bytes: bytes(4) }] });
  });

  test('an empty batch is one, too', async () => {
    const storage = make();
    await storage.open();
    await storage.commit({});
    expect(await storage.open()).toEqual(nothing);
  });

  test('destroyed, it is empty', async () => {
    const storage = make();
    await storage.open();
    await storage.commit({ records: [{ key: 'a', bytes: bytes(1) }], settings });
    await storage.destroy();
    expect(await storage.open()).toEqual(nothing);
    expect(await storage.publication()).toBeNull();
  });
});

describe('a database', () => {
  const raw = () => openDB(name);

  test('keeps the publication until it is told otherwise', async () => {
    const database = new Database(name);
    await database.open();
    expect(await database.publication()).toBeNull();
    await database.commit({ publication: model });
    await database.commit({ settings });
    expect(await database.publication()).toEqual(model);
    expect(await database.open()).toEqual({ records: [], settings, publication: model });
    await database.commit({ publication: null });
    expect(await database.publication()).toBeNull();
  });

  test('a batch that cannot be stored is not stored in part', async () => {
    const database = new Database(name);
    await database.open();
    await database.commit({ records: [{ key: 'a', bytes: bytes(1) }] });
    const impossible = (() => {}) as unknown as Uint8Array; // cannot be cloned
    await expect(database.commit({ settings, records: [{ key: 'a', bytes: bytes(2) },
      { key: 'b', bytes: impossible }] })).rejects.toMatchObject({ name: 'DataCloneError' });
    expect(await database.open()).toEqual({ ...nothing, records: [{ key: 'a', bytes: bytes(1) }] });
  });

  test('the later writer fences the earlier one, which writes nothing more', async () => {
    const [one, two] = [new Database(name), new Database(name)];
    await one.open();
    await one.commit({ records: [{ key: 'a', bytes: bytes(1) }] });
    await two.open();
    await expect(one.commit({ records: [{ key: 'a', bytes: bytes(9) }], settings })).rejects.toBeInstanceOf(Fenced);
    await two.commit({ records: [{ key: 'b', bytes: bytes(2) }] });
    expect(await two.open()).toEqual({ ...nothing,
      records: [{ key: 'a', bytes: bytes(1) }, { key: 'b', bytes: bytes(2) }] });
  });

  test('who has closed it, or saw it deleted, is fenced and does not bring it back', async () => {
    const database = new Database(name);
    await database.open();
    await new Database(name).destroy();
    await expect(database.commit({ settings })).rejects.toBeInstanceOf(Fenced);
    await expect(database.publication()).rejects.toBeInstanceOf(Fenced);
    expect(await isStored(name)).toBe(false);
  });

  test('looking for it does not make it', async () => {
    expect(await isStored(name)).toBe(false);
    expect(await indexedDB.databases()).toEqual([]);
    const database = new Database(name);
    await database.open();
    database.close();
    expect(await isStored(name)).toBe(true);
    await database.destroy();
    expect(await isStored(name)).toBe(false);
    expect(await indexedDB.databases()).toEqual([]);
  });

  test('one that was found is read, written and taken over like any other', async () => {
    const before = new Database(name);
    await before.open();
    await before.commit({ records: [{ key: 'a', bytes: bytes(1) }], publication: model });
    const found = (await Database.find(name))!;
    expect(await found.open()).toEqual({ records: [{ key: 'a', bytes: bytes(1) }], settings: noSettings, publication: model });
    await expect(before.commit({ settings })).rejects.toBeInstanceOf(Fenced);
    await found.commit({ settings });
    expect((await found.open()).settings).toEqual(settings);
    await new Database(name).destroy();
    expect(await isStored(name)).toBe(false);
  });

  test('version 1 has three stores; every opening counts one writer more', async () => {
    for (let i = 0; i < 3; i += 1) {
      const database = new Database(name);
      await database.open();
      database.close();
    }
    const found = await raw();
    expect(found.version).toBe(1);
    expect([...found.objectStoreNames]).toEqual(['publication', 'records', 'settings']);
    expect(await found.get('settings', 'epoch')).toBe(3);
    found.close();
  });

  test('one of a later version is left as it is', async () => {
    (await openDB(name, 7, { upgrade: (later) => void later.createObjectStore('later') })).close();
    await expect(new Database(name).open()).rejects.toMatchObject({ name: 'VersionError' });
    await expect((await Database.find(name))!.open()).rejects.toMatchObject({ name: 'VersionError' });
    expect((await indexedDB.databases())[0]!.version).toBe(7);
  });

  test('what somebody else put there is damaged, not fatal', async () => {
    const database = new Database(name);
    await database.open();
    await database.commit({ records: [{ key: 'a', bytes: bytes(1) }] });
    const other = await raw();
    await other.put('records', 'no bytes', 'b');
    await other.put('settings', { consent: 'all' }, 'visitor');
    await other.put('settings', 'high', 'epoch');
    other.close();
    expect(await database.open()).toEqual({ ...nothing,
      records: [{ key: 'a', bytes: bytes(1) }, { key: 'b', bytes: bytes() }] });
    await database.commit({ settings });
    expect((await database.open()).settings).toEqual(settings);
  });
});
