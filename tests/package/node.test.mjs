// The package in Node 18 and later, as a server that renders pages imports it, and the core as a program
// uses it. Usage: node --test tests/package/node.test.mjs, after ./run build.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { remove, root } from '../integration/pair.mjs';
import { now } from '../wasm/cases.mjs';
import { project } from './tarball.mjs';

const folder = project();
after(() => remove(folder));

/** Runs a program in the project; gives back what it prints as JSON. */
function run(program, ...args) {
  writeFileSync(join(folder, 'program.mjs'), program);
  return JSON.parse(execFileSync(process.execPath, ['program.mjs', ...args], { cwd: folder, encoding: 'utf8', timeout: 30_000 }));
}

test('importing does nothing: no global is made or changed, no timer or handle is left, nothing is fetched', () => {
  const { names, exported } = run(`
    const before = new Map(Object.getOwnPropertyNames(globalThis).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name).value]));
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])
      globalThis[name] = () => { throw new Error(name); };
    const modules = await Promise.all(['sotto', 'sotto/elements', 'sotto/core'].map((name) => import(name)));
    for (const name of ['fetch', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) globalThis[name] = before.get(name);
    const names = Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name));
    console.log(JSON.stringify({ names, exported: modules.map((module) => Object.keys(module).sort()) }));
  `); // and it ends by itself: nothing keeps Node alive
  assert.deepEqual(names, []);
  assert.deepEqual(exported, [['SottoError', 'createRecommender'], ['defineElements'], ['SottoCore', 'SottoError']]);
});

test('on a server createRecommender rejects with UNSUPPORTED, whatever it is given', () => {
  const codes = run(`
    import { createRecommender, SottoError } from 'sotto';
    const code = (options) => createRecommender(options).then(() => null, (error) => error instanceof SottoError && error.code);
    console.log(JSON.stringify(await Promise.all([{ site: '/v1/site.json', identities: {} }, {}].map(code))));
  `);
  assert.deepEqual(codes, ['UNSUPPORTED', 'UNSUPPORTED']);
});

test('sotto/markup in Node tells what is missing, and ends nothing', () => {
  const [message, alive] = run(`
    console.error = () => {};
    const { ready } = await import('sotto/markup');
    console.log(JSON.stringify([await ready.catch(String), true]));
  `);
  assert.match(message, /document/);
  assert.equal(alive, true);
});

test('sotto/core makes a round in Node: model, events, list, reasons, a report paid for', () => {
  const result = run(`
    import { readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import { SottoCore, SottoError } from 'sotto/core';
    const [folder, time] = [process.argv[2], Number(process.argv[3])];
    const file = (name) => new Uint8Array(readFileSync(folder + '/' + name + '.bin'));
    const wasm = createRequire(import.meta.url).resolve('sotto/sotto.wasm');
    const core = await SottoCore.load(readFileSync(wasm));
    const identities = file('identities');
    core.open({ site: 'shop.example', publisher: identities.slice(0, 32), leader: identities.slice(32, 64),
      helper: identities.slice(64, 96), windowRho: 2, lifetimeRho: 8 }, [], time);
    core.loadModel({ manifest: file('manifest'), snapshot: file('snapshot'), catalogue: file('catalogue') }, time);
    for (const item of ['item-3', 'item-13']) core.track({ type: 'like', item, timestamp: time }, time);
    const list = core.recommend({ count: 5 }, time);
    const { reasons } = core.explain(list[0].item, 2, time);
    const { participation, rho } = core.contribute({ task: file('task'), leaderKey: file('leader-key'), helperKey: file('helper-key') }, time + 60_000);
    let code;
    try { core.recommend({ count: 0 }); } catch (error) { code = error instanceof SottoError && error.code; }
    console.log(JSON.stringify({ sources: list.map(({ source }) => source), reasons: reasons.map(({ item }) => item).sort(), participation, rho, code }));
  `, join(root, 'build/wasm/site'), String(now));
  assert.deepEqual(result, { sources: Array(5).fill('personal'), reasons: ['item-13', 'item-3'], participation: 'report', rho: 0.5, code: 'INVALID_ARGUMENT' });
});

test('it says that it is for Node 18, and everything that builds and tests it is, too', () => {
  const json = (path) => JSON.parse(readFileSync(join(root, 'wasm', path), 'utf8'));
  assert.equal(json('package.json').engines.node, '>=18');
  const allows = (range) => range.split('||').some((part) => {
    const [, operator, major, minor = 0] = /^\s*(>=|\^|~)?\s*v?(\d+)(?:\.(\d+))?/.exec(part) ?? [];
    return operator === '>=' ? Number(major) < 18 || (Number(major) === 18 && Number(minor) <= 20) : Number(major) === 18;
  });
  assert(allows('^18.0.0 || >=20') && allows('>= 14.18.0') && !allows('>=20.0.0') && !allows('^20 || >=22'));
  for (const [path, { engines, optional }] of Object.entries(json('package-lock.json').packages))
    if (engines?.node !== undefined && optional !== true) assert(allows(engines.node), `${path}: ${engines.node}`);
});
