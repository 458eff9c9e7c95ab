// The world around the engine: a clock that stands until it is moved, the real core, the browser's
// storage as fake-indexeddb has it, and the files of tests/fixture.
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { SottoCore } from '../../core/loader.mjs';
import { Database } from '../../src/engine/database.js';
import { Device } from '../../src/engine/device.js';
import type { Environment } from '../../src/engine/environment.js';
import type { EngineOptions } from '../../src/engine/rpc.js';
import { type Batch, type Publication, type Settings, type Storage, type Stored, noSettings }
  from '../../src/engine/storage.js';

const built = fileURLToPath(new URL('../../../build/', import.meta.url));
const siteFolder = process.env['SOTTO_SITE'] ?? join(built, 'wasm/site');
const modules = ['sotto.wasm', 'sotto-proofs.wasm'].map((name) =>
  WebAssembly.compile(readFileSync(join(built, 'package/dist', name))));

export const start = 1_700_000_640_000;
export const minute = 60_000;

export const files: Readonly<Record<string, Uint8Array>> = Object.fromEntries(readdirSync(siteFolder)
  .filter((name) => name.endsWith('.bin'))
  .map((name) => [name.slice(0, -4), new Uint8Array(readFileSync(join(siteFolder, name)))]));
export const file = (name: string): Uint8Array => files[name]!;
export const publication: Publication =
  { manifest: file('manifest'), snapshot: file('snapshot'), catalogue: file('catalogue') };

const identities = file('identities');
export const options = (siteUrl: string, more: Partial<EngineOptions> = {}): EngineOptions => ({
  siteUrl,
  identities: { publisher: identities.slice(0, 32), leader: identities.slice(32, 64),
    helper: identities.slice(64, 96), site: 'shop.example' },
  wasmUrl: null, proofsWasmUrl: null, signals: { gpc: false, automation: false }, ...more,
});

export const agreed: Settings = { ...noSettings, consent: { personalise: true, contribute: true } };

/** A storage that refuses when it is told to, and keeps a diary. */
export class Watched implements Storage {
  readonly #storage: Storage;
  readonly #world: World;
  constructor(storage: Storage, world: World) {
    this.#storage = storage;
    this.#world = world;
  }
  get kind(): Storage['kind'] {
    return this.#storage.kind;
  }
  open(): Promise<Stored> {
    this.#world.refuse('open');
    this.#world.read += 1;
    return this.#storage.open();
  }
  async commit(batch: Batch): Promise<void> {
    this.#world.refuse('commit');
    await this.#world.held;
    await this.#storage.commit(batch);
    this.#world.diary.push(batch.records?.map(({ key }) => key).join(' ') ?? '');
  }
  publication(): Promise<Publication | null> {
    return this.#storage.publication();
  }
  destroy(): Promise<void> {
    return this.#storage.destroy();
  }
  close(): void {
    this.#storage.close();
  }
}

export class World implements Environment {
  time = start;
  readonly exclusive = true;
  readonly name = 'sotto:test';
  /** What was stored, in order, and what a test adds. */
  readonly diary: string[] = [];
  /** Commits wait for it. */
  held: Promise<void> = Promise.resolve();
  loaded: boolean[] = [];
  /** How often storage was opened and read. */
  read = 0;
  /** Instead of the core that is loaded next. */
  replaceCore: ((core: SottoCore) => SottoCore | Promise<SottoCore>) | null = null;
  #refusals: { readonly what: string; readonly error: Error; left: number }[] = [];
  #timers: { at: number; call: () => void }[] = [];

  constructor() {
    globalThis.indexedDB = new IDBFactory();
  }

  async loadCore(proofs: boolean): Promise<SottoCore> {
    this.loaded.push(proofs);
    const core = await SottoCore.load(await modules[proofs ? 1 : 0]!);
    const replace = this.replaceCore;
    this.replaceCore = null;
    return replace === null ? core : replace(core);
  }
  async findDatabase(): Promise<Storage | null> {
    const found = await Database.find(this.name);
    return found === null ? null : new Watched(found, this);
  }
  database(): Storage {
    return new Watched(new Database(this.name), this);
  }
  now(): number {
    return this.time;
  }
  after(ms: number, call: () => void): () => void {
    const timer = { at: this.time + ms, call };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** When the next timer is due; null: none. */
  get next(): number | null {
    return this.#timers.length === 0 ? null : Math.min(...this.#timers.map(({ at }) => at));
  }
  /** Moves the clock, and calls what is due by then. */
  moveTo(time: number): void {
    this.time = time;
    const due = this.#timers.filter(({ at }) => at <= time);
    this.#timers = this.#timers.filter(({ at }) => at > time);
    for (const { call } of due) call();
  }

  refuseNext(what: 'open' | 'commit', error: Error, times = 1): void {
    this.#refusals.push({ what, error, left: times });
  }
  refuse(what: string): void {
    const refusal = this.#refusals.find((one) => one.what === what && one.left > 0);
    if (refusal === undefined) return;
    refusal.left -= 1;
    throw refusal.error;
  }

  /** What another visit would find. */
  async stored(): Promise<Stored> {
    const database = new Database(this.name);
    const stored = await database.open();
    database.close();
    return stored;
  }
}

/** Whether there is a database of this name. */
export async function isStored(name: string): Promise<boolean> {
  const found = await Database.find(name);
  found?.close();
  return found !== null;
}

export const noRoom = (): Error => new DOMException('no room', 'QuotaExceededError');

/** A device with the fixture's model, of a visitor who agreed. */
export async function openDevice(world: World, { settings = agreed, siteUrl = 'https://shop.example/v1/site.json',
  more = {}, fenced = () => {} }: { settings?: Settings; siteUrl?: string; more?: Partial<EngineOptions>;
  fenced?: () => void } = {}): Promise<Device> {
  const device = new Device(world, options(siteUrl, more), fenced);
  await device.open();
  await device.commit({ settings });
  await device.beginStoring();
  await device.publish(publication);
  return device;
}

export async function like(device: Device, world: World, item: string): Promise<void> {
  world.time += 3000;
  const { changes } = device.use((core) => core.track({ type: 'like', item, timestamp: world.time }, world.time));
  await device.commit({ records: changes });
}

export const eventsOf = (device: Device): readonly string[] =>
  device.use((core) => core.listEvents()).events.map(({ item }) => item);

/** Lets everything run that waits for nothing but storage. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i += 1) await new Promise((done) => setImmediate(done));
};
