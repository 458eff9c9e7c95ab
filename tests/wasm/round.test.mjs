// The cases of cases.mjs in Node, and what only Node can do: raw calls with hostile bytes.
// Usage: node --test round.test.mjs, with SOTTO_WASM and SOTTO_SITE in the environment.
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import test from 'node:test';
import { gzipSync } from 'node:zlib';

import { Writer } from '../../wasm/core/encoding.mjs';
import { Instance } from '../../wasm/core/instance.mjs';
import { SottoCore } from '../../wasm/core/loader.mjs';
import { cases, now } from './cases.mjs';

const binary = readFileSync(process.env.SOTTO_WASM);
const module = await WebAssembly.compile(binary);
const folder = process.env.SOTTO_SITE;
const files = Object.fromEntries(readdirSync(folder).filter((name) => name.endsWith('.bin'))
  .map((name) => [name.slice(0, -4), new Uint8Array(readFileSync(`${folder}/${name}`))]));
const site = { load: () => SottoCore.load(module), hashesOf: SottoCore.hashesOf, files };

for (const [name, run] of Object.entries(cases)) test(name, () => run(site));

// What they are now, so that they do not grow unnoticed. (zlib in Node makes 1% more of them than gzip.)
const proofs = readFileSync(process.env.SOTTO_WASM_PROOFS);
for (const [name, bytes, most] of [['sotto.wasm', binary, 124_000], ['sotto-proofs.wasm', proofs, 155_000]])
  test(`${name} is under ${most / 1000} kB gzipped`, () => {
    const size = gzipSync(bytes, { level: 9 }).length;
    console.log(`${name}: ${size} bytes gzipped`);
    assert(size < most, `${size} bytes`);
  });

test('tasks with proofs are for the larger build, which goes on from the same records', async () => {
  const [plain, larger] = [await site.load(), await SottoCore.load(await WebAssembly.compile(proofs))];
  const identities = { publisher: files.identities.slice(0, 32), leader: files.identities.slice(32, 64),
    helper: files.identities.slice(64) };
  const pine = { task: files['task-pine'], leaderKey: files['leader-key'], helperKey: files['helper-key'] };
  const model = { manifest: files.manifest, snapshot: files.snapshot, catalogue: files.catalogue };
  const options = { site: 'shop.example', ...identities, windowRho: 2, lifetimeRho: 8 };
  plain.open(options, [], now);
  plain.loadModel(model, now);
  plain.track({ type: 'like', item: 'item-3', timestamp: now }, now);
  assert.throws(() => plain.readTask(pine.task), { code: 'UNSUPPORTED' });
  assert.throws(() => plain.contribute(pine, now), { code: 'UNSUPPORTED' });
  larger.open(options, plain.save(), now);
  larger.loadModel(model, now);
  assert.equal(larger.readTask(pine.task).kind, 'learning');
  assert.equal(larger.contribute(pine, now).participation, 'report');
});

test('no server is in the core', () => {
  const text = binary.toString('latin1');
  assert(text.includes('wrong length of measurement'));
  for (const part of ['a proof does not hold', 'prepare share', 'aggregate share'])
    assert(!text.includes(part), part);
});

test('a core that has trapped refuses every call', async () => {
  const core = await site.load();
  const real = webcrypto.getRandomValues;
  Object.defineProperty(webcrypto, 'getRandomValues', { configurable: true, value() {
    throw new Error('no entropy');
  } });
  try {
    const { identities } = files;
    const crashed = { code: 'CORE_CRASHED' };
    assert.throws(() => core.open({ site: 'shop.example', publisher: identities.slice(0, 32),
      leader: identities.slice(32, 64), helper: identities.slice(64) }, [], now), crashed);
    Object.defineProperty(webcrypto, 'getRandomValues', { configurable: true, value: real });
    assert(core.crashed);
    assert.throws(() => core.save(), crashed);
    core.close();
  } finally {
    delete webcrypto.getRandomValues;
  }
});

// --- Hostile bytes --------------------------------------------------------------------------------

const seed = (state) => (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 2 ** 32 * below);
};
const rounds = process.env.SOTTO_TEST_LONG === '1' ? 100 : 1;

async function opened() {
  const instance = await Instance.load(module);
  const device = instance.number('sotto_device_create');
  const request = new Writer().text('shop.example').raw(files.identities).u8(0).f64(0).f64(0)
    .time(0).f64(0).u32(0).u32(0).u32(0).u64(0).u8(0).bytes().slice();
  instance.call('sotto_device_open', device, request, new Uint8Array(), now);
  instance.call('sotto_model_load', device, files.manifest, files.snapshot, files.catalogue,
    new Uint8Array(), now);
  return { instance, device, request };
}
const event = (item) => new Writer().u8(6).u8(1).time(now).f64(1).text(item).text('s').bytes().slice();
const list = () => new Writer().u32(10).f32(0.3).f32(0.5).u8(0).text('item-4');

test('whatever bytes come in, every entry point answers with a code', async () => {
  const { instance, device, request } = await opened();
  const random = seed(3);
  instance.call('sotto_event_track', device, event('item-3'), now);
  const records = instance.call('sotto_device_save', device);
  const hashes = await SottoCore.hashesOf(files);
  const { task } = files, leader = files['leader-key'], helper = files['helper-key'];
  const entries = [
    ['sotto_device_open', request, records],
    ['sotto_model_load', files.manifest, files.snapshot, files.catalogue, hashes],
    ['sotto_event_track', event('item-9')],
    ['sotto_items_recommend', list().u8(1).ids(['item-1', 'item-2']).bytes().slice()],
    ['sotto_items_recommend', list().u8(3).u32(400).raw(new Uint8Array(50).fill(0xa5)).bytes().slice()],
    ['sotto_items_similar', new Writer().text('item-3').raw(list().u8(0).bytes()).bytes().slice()],
    ['sotto_item_explain', new Writer().text('item-3').u32(3).bytes().slice()],
    ['sotto_task_contribute', task, leader, helper],
  ];
  const known = /^[A-Z_]+$/;
  let refused = 0;
  const attempt = (name, buffers) => {
    try {
      instance.call(name, device, ...buffers, now);
    } catch (error) {
      assert.match(error.code ?? String(error), known);
      assert.notEqual(error.code, 'CORE_CRASHED', `${name}: ${error.message}`);
      assert.notEqual(error.code, 'INTERNAL', `${name}: ${error.message}`);
      ++refused;
    }
  };
  for (const [name, ...valid] of entries) {
    valid.forEach((bytes, which) => {
      const put = (changed) => valid.map((other, i) => (i === which ? changed : other));
      const cuts = bytes.length < 400 ? bytes.length : 60;
      for (let i = 0; i < cuts; ++i)
        attempt(name, put(bytes.slice(0, bytes.length < 400 ? i : random(bytes.length))));
      attempt(name, put(new Uint8Array([...bytes.slice(0, 400), 1])));
      for (let i = 0; i < 60 * rounds; ++i) {
        const changed = bytes.slice();
        for (let n = 1 + random(4); n > 0; --n) changed[random(changed.length)] = random(256);
        attempt(name, put(changed));
      }
      for (let i = 0; i < 30 * rounds; ++i)
        attempt(name, put(Uint8Array.from({ length: random(300) }, () => random(256))));
    });
  }
  assert(refused > 500, 'most of it is refused');
});

test('handles, pointers and sizes that are none are INVALID_ARGUMENT', async () => {
  const { instance, device } = await opened();
  const { exports } = new WebAssembly.Instance(module, { env: {
    emscripten_notify_memory_growth() {}, sotto_random_get() {} },
  wasi_snapshot_preview1: { proc_exit() { throw new Error('exit'); } } });
  exports._initialize();
  const handle = exports.sotto_device_create();
  const out = exports.sotto_alloc(8);
  const end = exports.memory.buffer.byteLength;
  const invalid = 1;
  for (const none of [0, 4, handle + 4, end - 4, end + 16, 0xfffffff0])
    assert.equal(exports.sotto_device_save(none, out), invalid, `handle ${none}`);
  for (const none of [0, end - 4, 0xfffffffc, out + 1])
    assert.equal(exports.sotto_device_save(handle, none), invalid, `out ${none}`);
  for (const [at, size] of [[0, 8], [end - 4, 8], [0xfffffff0, 0x20], [16, 0xffffffff]])
    assert.equal(exports.sotto_device_open(handle, at, size, 0, 0, now, out), invalid);
  exports.sotto_device_close(handle);
  assert.equal(exports.sotto_device_save(handle, out), invalid, 'closed');
  exports.sotto_device_close(handle);
  for (const time of [-1, NaN, Infinity, 2 ** 53])
    assert.throws(() => instance.call('sotto_outbox_list', device, time), { code: 'INVALID_ARGUMENT' });
  assert.equal(instance.constant('sotto_error_name', 77), 'UNKNOWN');
});
