// Device with the real core: what a trap, a full disk, another writer and a damaged database leave.
import { webcrypto } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';

import { SottoCore } from '../../core/loader.mjs';
import { Database } from '../../src/engine/database.js';
import { Device, SmokeTestFailed } from '../../src/engine/device.js';
import { Fenced, noSettings } from '../../src/engine/storage.js';
import {
  World, agreed, eventsOf, file, files, isStored, like, minute, noRoom, openDevice, options, publication, settle, start,
} from './world.js';

afterEach(() => vi.restoreAllMocks());

const task = { task: file('task'), leaderKey: file('leader-key'), helperKey: file('helper-key') };
const budget = { windowRho: 2, lifetimeRho: 8 }; // the task costs 0.5
const spent = (device: Device): number => device.use((core) => core.overviewPrivacy()).lifetime.spentRho;
const likes = async (device: Device, world: World, ...items: number[]): Promise<void> => {
  for (const item of items) await like(device, world, `item-${item}`);
};
/** A true trap of the module: it asks for entropy, and there is none. */
function trap(device: Device, world: World): unknown {
  const none = vi.spyOn(webcrypto, 'getRandomValues').mockImplementationOnce(() => {
    throw new Error('no entropy');
  });
  try {
    return device.use((core) => core.contribute(task, world.time + minute));
  } catch (error) {
    return error;
  } finally {
    none.mockRestore();
  }
}
/** Another visit: a new device on what is stored. */
async function nextVisit(world: World): Promise<Device> {
  const device = new Device(world, options('https://shop.example/v1/site.json', { budget }), () => {});
  await device.open();
  return device;
}

test('a visit goes on where the last one stopped, model and all', async () => {
  const world = new World();
  const first = await openDevice(world);
  await likes(first, world, 3, 13, 23);
  const list = first.use((core) => core.recommend({ count: 5 }, world.time));
  await first.close();
  const next = await nextVisit(world);
  expect(eventsOf(next)).toEqual(['item-3', 'item-13', 'item-23']);
  expect(next.use((core) => core.recommend({ count: 5 }, world.time))).toEqual(list);
  expect(next.model).toMatchObject({ sequence: 2, items: 400, dim: 16, demo: true });
  expect(next.persistent).toBe(true);
});

test('what an event has left to do is done before it is stored, and stored with it', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3, 13);
  world.diary.length = 0;
  world.time += minute;
  const event = { type: 'click', item: 'item-44', timestamp: world.time };
  const { changes } = device.use((core) => core.record(event, world.time));
  expect(changes.map(({ key }) => key)).not.toContain('device/prequential');
  const stored = device.commit({ records: changes }, 4);
  expect(device.use((core) => core.summarizePrequential()).n).toBe(1);
  await stored;
  expect(device.use((core) => core.summarizePrequential()).n).toBe(2);
  expect(world.diary).toHaveLength(1);
  for (const key of ['log/head', 'device/cleaner', 'device/prequential'])
    expect(world.diary[0]!.split(' ')).toContain(key);
  const next = await nextVisit(world);
  expect(next.use((core) => core.summarizePrequential()).n).toBe(2);
});

test('a core that traps rejects with CORE_CRASHED, and is replaced by what was stored', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3, 13);
  const before = world.loaded.length;
  expect(trap(device, world)).toMatchObject({ code: 'CORE_CRASHED' });
  expect(() => eventsOf(device)).toThrow(expect.objectContaining({ code: 'CORE_CRASHED' }));
  await device.ready();
  expect(eventsOf(device)).toEqual(['item-3', 'item-13']);
  expect(world.loaded).toHaveLength(before + 1);
  expect(device.model?.sequence).toBe(2);
  expect(spent(device)).toBe(0);
  expect(device.use((core) => core.listOutbox(world.time)).entries).toEqual([]);
  await likes(device, world, 23);
  expect(eventsOf(await nextVisit(world))).toEqual(['item-3', 'item-13', 'item-23']);
});

test('what was committed before the trap and not yet written is there after it', async () => {
  const world = new World();
  const device = await openDevice(world);
  let release = () => {};
  world.held = new Promise((done) => { release = done; });
  const stored = likes(device, world, 5);
  trap(device, world);
  await settle();
  release();
  await stored;
  await device.ready();
  expect(eventsOf(device)).toEqual(['item-5']);
});

test('what is committed while a core is replaced is stored, and takes nobody for another writer', async () => {
  const world = new World();
  const fenced = vi.fn();
  const device = await openDevice(world, { fenced });
  trap(device, world);
  const commits: Promise<void>[] = [];
  for (let i = 0; i < 20; i += 1) {
    commits.push(device.commit({ settings: { ...device.settings, paused: i % 2 === 1 } }));
    await new Promise((done) => setImmediate(done));
  }
  await Promise.all(commits);
  await device.ready();
  expect(fenced).not.toHaveBeenCalled();
  expect((await world.stored()).settings.paused).toBe(true);
});

test('a core that cannot be had is asked for again with the next call', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3);
  world.replaceCore = () => Promise.reject(new TypeError('Failed to fetch'));
  trap(device, world);
  await device.ready();
  expect(() => eventsOf(device)).toThrow(expect.objectContaining({ code: 'CORE_CRASHED' }));
  await device.ready();
  expect(eventsOf(device)).toEqual(['item-3']);
});

test('a core that cannot be had is asked for twice, while storage is read and after it; then it is UNREACHABLE', async () => {
  const world = new World();
  const refuse = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'));
  world.replaceCore = refuse;
  expect((await nextVisit(world)).opened).toBe(true);
  world.replaceCore = () => {
    world.replaceCore = refuse;
    return refuse();
  };
  await expect(nextVisit(world)).rejects.toMatchObject({ name: 'SottoError', code: 'UNREACHABLE' });
});

test('a visit reads its storage once, loads one core, and stores nothing before something happens', async () => {
  const world = new World();
  await likes(await openDevice(world), world, 3);
  const [loaded, read, stored] = [world.loaded.length, world.read, world.diary.length];
  expect(eventsOf(await nextVisit(world))).toEqual(['item-3']);
  expect([world.loaded.length, world.read, world.diary.length]).toEqual([loaded + 1, read + 1, stored]);
});

test('without room the copy of the model goes first', async () => {
  const world = new World();
  const device = await openDevice(world);
  world.refuseNext('commit', noRoom());
  await likes(device, world, 3);
  expect([device.persistent, device.settings.maxEvents]).toEqual([true, null]);
  expect(device.model?.sequence).toBe(2);
  const next = await nextVisit(world);
  expect(eventsOf(next)).toEqual(['item-3']);
  expect(next.model).toBeNull();
});

test('then the older events are summed up; the model in use stays in use', async () => {
  const world = new World();
  const device = await openDevice(world);
  const items = Array.from({ length: 120 }, (_, i) => i);
  await likes(device, world, ...items);
  world.refuseNext('commit', noRoom(), 2);
  await likes(device, world, 200);
  expect([device.persistent, device.settings.maxEvents, device.model?.sequence]).toEqual([true, 60, 2]);
  await likes(device, world, 201);
  const all = (kept: Device) => {
    const { events, summaries, forgotten } = kept.use((core) => core.listEvents());
    expect(events.length).toBeLessThanOrEqual(60);
    expect(events.slice(-2).map(({ item }) => item)).toEqual(['item-200', 'item-201']);
    return events.length + summaries.length + forgotten;
  };
  expect(all(device)).toBe(122);
  const next = await nextVisit(world);
  expect(all(next)).toBe(122);
  expect(next.ledgerDamaged).toBe(false);
  expect(next.settings.maxEvents).toBe(60);
});

test('a contribution that is paid for while events are summed up stays paid for', async () => {
  const world = new World();
  const device = await openDevice(world, { more: { budget } });
  await likes(device, world, ...Array.from({ length: 60 }, (_, i) => i));
  let loading = () => {};
  const began = new Promise<void>((done) => { loading = done; });
  let go = () => {};
  const gate = new Promise<void>((done) => { go = done; });
  world.replaceCore = async (core) => {
    loading();
    await gate;
    return core;
  };
  world.refuseNext('commit', noRoom(), 2);
  const summedUp = likes(device, world, 200);
  await began;
  const { changes } = device.use((core) => core.contribute(task, world.time + minute));
  const paid = device.commit({ records: changes });
  const tracked = likes(device, world, 201);
  go();
  await Promise.all([summedUp, paid, tracked]);
  const outbox = (kept: Device) => kept.use((core) => core.listOutbox(world.time)).entries.length;
  for (const kept of [device, await nextVisit(world)]) {
    expect([spent(kept), outbox(kept)]).toEqual([0.5, 1]);
    expect(eventsOf(kept).slice(-2)).toEqual(['item-200', 'item-201']);
    expect(kept.ledgerDamaged).toBe(false);
  }
});

test('at last it goes on in memory, and what is stored stays as it was', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3);
  world.refuseNext('commit', noRoom(), 1000);
  await likes(device, world, 13, 23);
  expect(device.persistent).toBe(false);
  expect(device.storageTrouble).toContain('no room');
  expect(eventsOf(device)).toEqual(['item-3', 'item-13', 'item-23']);
  expect(eventsOf(await nextVisit(world))).toEqual(['item-3']);
});

test('also when the core has trapped by then', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3);
  world.refuseNext('commit', new DOMException('gone', 'UnknownError'));
  trap(device, world);
  await device.commit({ settings: { ...device.settings, paused: true } });
  await device.ready();
  expect([device.persistent, device.settings.paused]).toEqual([false, true]);
  expect(eventsOf(device)).toEqual(['item-3']);
});

test('another writer fences this one: it says so, and writes nothing more, not even after a trap', async () => {
  const world = new World();
  const fenced = vi.fn();
  const device = await openDevice(world, { fenced });
  await likes(device, world, 3);
  const other = new Database(world.name);
  const before = await other.open();
  await expect(likes(device, world, 13)).rejects.toBeInstanceOf(Fenced);
  expect(fenced).toHaveBeenCalledTimes(1);
  await expect(likes(device, world, 23)).rejects.toBeInstanceOf(Fenced);
  await expect(device.durable()).rejects.toBeInstanceOf(Fenced);
  trap(device, world);
  await device.ready();
  await other.commit({ settings: { ...before.settings, paused: true } }); // is not fenced in turn
  expect((await other.open()).records).toEqual(before.records);
});

test('storage that is blocked: in memory, and it is said', async () => {
  const world = new World();
  world.findDatabase = () => Promise.reject(new DOMException('blocked', 'SecurityError'));
  vi.spyOn(indexedDB, 'open').mockImplementation(() => { throw new DOMException('blocked', 'SecurityError'); });
  vi.spyOn(indexedDB, 'deleteDatabase').mockImplementation(() => { throw new DOMException('blocked', 'SecurityError'); });
  const device = await openDevice(world);
  await likes(device, world, 3);
  expect([device.persistent, device.ledgerDamaged]).toEqual([false, false]);
  expect(device.storageTrouble).toContain('blocked');
  expect(eventsOf(device)).toEqual(['item-3']);
});

test('a database that cannot be read is replaced, and its ledger is taken for spent', async () => {
  const world = new World();
  await (await openDevice(world)).close();
  world.refuseNext('open', new DOMException('internal error', 'UnknownError'));
  const device = await nextVisit(world);
  expect([device.persistent, device.ledgerDamaged]).toEqual([true, true]);
  expect(device.settings).toEqual({ ...noSettings, ledgerLost: true });
  await device.close();
  expect((await nextVisit(world)).ledgerDamaged).toBe(true);
});

test.each([['VersionError'], ['QuotaExceededError']])('after a %s the database is left as it is', async (name) => {
  const world = new World();
  const first = await openDevice(world);
  await likes(first, world, 3);
  await first.close();
  world.refuseNext('open', new DOMException('not now', name));
  const device = await nextVisit(world);
  expect(device.persistent).toBe(false);
  expect(device.storageTrouble).toContain('not now');
  const later = await nextVisit(world);
  expect([later.persistent, later.settings.consent.contribute]).toEqual([true, true]);
  expect(eventsOf(later)).toEqual(['item-3']);
});

test('forgetting leaves no database; what comes in meanwhile neither fences nor comes back', async () => {
  const world = new World();
  const fenced = vi.fn();
  const device = await openDevice(world, { fenced });
  await likes(device, world, 3);
  const gone = device.destroy();
  const late = likes(device, world, 13).catch(() => {});
  await Promise.all([gone, late]);
  expect(fenced).not.toHaveBeenCalled();
  expect(await isStored(world.name)).toBe(false);
  expect([eventsOf(device), device.settings.consent.personalise, device.persistent]).toEqual([[], false, false]);
  expect(device.model?.sequence).toBe(2);
  trap(device, world);
  await device.ready();
  expect(eventsOf(device)).toEqual([]);
});

test('forgetting without a new core still forgets', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3);
  world.replaceCore = () => Promise.reject(new TypeError('Failed to fetch'));
  await expect(device.destroy()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  expect(await isStored(world.name)).toBe(false);
  expect(device.opened).toBe(false);
  await device.openCore('shop.example');
  expect(eventsOf(device)).toEqual([]);
});

test('the build with proofs goes on where the other one stopped', async () => {
  const world = new World();
  const device = await openDevice(world);
  await likes(device, world, 3);
  const pine = { ...task, task: file('task-pine') };
  expect(() => device.use((core) => core.readTask(pine.task))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  world.replaceCore = () => Promise.reject(new TypeError('Failed to fetch'));
  await expect(device.needProofs()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  await device.ready();
  expect(eventsOf(device)).toEqual(['item-3']);
  const exchanged = device.needProofs();
  const tracked = likes(device, world, 13);
  await Promise.all([exchanged, tracked]);
  expect(world.loaded).toEqual([false, true, true]);
  expect(eventsOf(device)).toEqual(['item-3', 'item-13']);
  expect(device.use((core) => core.readTask(pine.task)).kind).toBe('learning');
  expect(device.model?.sequence).toBe(2);
  await device.needProofs();
  expect(world.loaded).toHaveLength(3);
  expect(eventsOf(await nextVisit(world))).toEqual(['item-3', 'item-13']);
});

test('a model whose lists are not sound is not taken: the one before stays', async () => {
  const world = new World();
  const device = await openDevice(world);
  const list = device.use((core) => core.recommend({ count: 3 }, world.time));
  device.use((core) => { core.recommend = () => [{ item: 'item-1', score: NaN, source: 'popular' }]; });
  const tuned = { manifest: file('manifest-tuned'), snapshot: file('snapshot-tuned'), catalogue: file('catalogue') };
  await expect(device.publish(tuned)).rejects.toBeInstanceOf(SmokeTestFailed);
  expect(device.use((core) => core.recommend({ count: 3 }, world.time))).toEqual(list);
  expect(device.model?.sequence).toBe(2);
  await expect(device.publish({ ...publication, snapshot: file('catalogue') })).rejects.toMatchObject({ code: 'AUTHENTICATION' });
  expect(device.use((core) => core.recommend({ count: 3 }, world.time))).toEqual(list);
});

test('no copy of the model where the site wants none; a damaged one is dropped', async () => {
  const world = new World();
  const device = await openDevice(world, { more: { cacheModel: false } });
  await device.close();
  const database = new Database(world.name);
  await database.open();
  expect(await database.publication()).toBeNull();
  for (const snapshot of [files['task']!, 'no bytes' as unknown as Uint8Array]) {
    await database.open();
    await database.commit({ publication: { ...publication, snapshot } });
    database.close();
    const next = await nextVisit(world);
    expect(next.model).toBeNull();
    await next.durable();
    await database.open();
    expect(await database.publication()).toBeNull();
    database.close();
  }
});

test('the browser computes the hashes of the model; the core does where it cannot', async () => {
  const world = new World();
  const loadModel = vi.spyOn(SottoCore.prototype, 'loadModel');
  const hashed = () => loadModel.mock.lastCall?.[0].hashes?.length;
  await (await openDevice(world)).close();
  expect(hashed()).toBe(64);
  expect((await nextVisit(world)).model?.sequence).toBe(2);
  expect(hashed()).toBe(64);
  vi.spyOn(webcrypto.subtle, 'digest').mockRejectedValue(new DOMException('no memory', 'OperationError'));
  expect((await nextVisit(world)).model?.sequence).toBe(2);
  expect(hashed()).toBe(0);
  // A page without TLS has no subtle at all.
  vi.spyOn(webcrypto, 'subtle', 'get').mockReturnValue(undefined as unknown as typeof webcrypto.subtle);
  expect((await nextVisit(world)).model?.sequence).toBe(2);
  expect(hashed()).toBe(0);
});

test('a core that traps while a model is hashed: the next one takes the model', async () => {
  const world = new World();
  const device = await openDevice(world);
  const { digest } = webcrypto.subtle;
  vi.spyOn(webcrypto.subtle, 'digest').mockImplementationOnce((...given) => {
    expect(trap(device, world)).toMatchObject({ code: 'CORE_CRASHED' });
    return digest.apply(webcrypto.subtle, given);
  });
  await device.publish({ manifest: file('manifest-tuned'), snapshot: file('snapshot-tuned'), catalogue: file('catalogue') });
  expect(device.model?.sequence).toBe(4);
});

test('nothing is stored before somebody agrees; then all that is known is', async () => {
  const world = new World();
  const device = await nextVisit(world);
  await device.publish(publication);
  await likes(device, world, 3);
  expect(await isStored(world.name)).toBe(false);
  await device.commit({ settings: agreed });
  await device.beginStoring();
  expect(device.persistent).toBe(true);
  const { records, settings } = await world.stored();
  expect(records.length).toBeGreaterThan(0);
  expect(settings).toEqual(agreed);
  expect(world.time).toBe(start + 3000);
});
