// What npm would publish: exactly these files, types that every way of resolving finds, source maps,
// nothing of the machine that made it, small.
// Usage: node --test tests/package/pack.test.mjs, after ./run build.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';

import { remove, root } from '../integration/pair.mjs';
import { built, pack, project, tool } from './tarball.mjs';

const folder = mkdtempSync(join(tmpdir(), 'sotto-pack-'));
const { files } = pack(folder);
const consumer = project();
after(() => [folder, consumer].forEach(remove));

const run = (command, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool(command), ...args], { cwd, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout + stderr;
};
const walk = (at, found = []) => {
  for (const entry of readdirSync(join(root, 'wasm', at), { withFileTypes: true })) {
    if (entry.isDirectory()) walk(`${at}/${entry.name}`, found);
    else found.push(`${at}/${entry.name}`);
  }
  return found;
};

test('the tarball holds the entries with their maps, both modules, the types, and the licences', () => {
  const entries = ['core', 'elements/index', 'index', 'markup', 'worker'];
  const types = [...walk('src').map((path) => path.replace(/\.ts$/, '.d.ts')),
    ...['encoding', 'error', 'instance', 'loader'].map((name) => `core/${name}.d.mts`)];
  assert.deepEqual(files, [
    ...['LICENSE', 'README.md', 'THIRD_PARTY.md', 'package.json'],
    ...entries.flatMap((name) => [`dist/${name}.js`, `dist/${name}.js.map`]),
    ...['dist/sotto.wasm', 'dist/sotto-proofs.wasm'],
    ...types.map((path) => `dist/types/${path}`),
  ].sort());
});

test('publint finds nothing', () => {
  assert.match(run('publint/src/cli.js', ['--strict', built], root), /All good/);
});

const manifest = JSON.parse(readFileSync(join(built, 'package.json'), 'utf8'));

test('every export is there, its types first; nothing is needed at run time or run at installation', () => {
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target !== 'string') assert.equal(Object.keys(target)[0], 'types', name);
    for (const path of typeof target === 'string' ? [target] : Object.values(target)) assert(existsSync(join(built, path)), path);
  }
  for (const none of ['dependencies', 'peerDependencies', 'scripts', 'private']) assert.equal(manifest[none], undefined, none);
  assert.equal(manifest.version, /project\(\s*\w+\s+VERSION\s+([\d.]+)/i.exec(readFileSync(join(root, 'CMakeLists.txt'), 'utf8'))[1]);
});

test('source maps name sources of the package and hold them; no file knows the machine it was made on', () => {
  for (const path of files) {
    const text = readFileSync(join(built, path), path.endsWith('.wasm') ? 'latin1' : 'utf8');
    assert(!text.includes(root), `${path}: ${root}`);
    assert(!/\/(home|root|tmp|Users|builds?)\/[\w.-]+\//.test(text), `${path}: ${/.{20}\/(home|root|tmp|Users|builds?)\/[\w.-]+\//.exec(text)?.[0]}`);
    if (path.endsWith('.js')) assert(text.includes(`//# sourceMappingURL=${path.split('/').at(-1)}.map`), path);
    if (!path.endsWith('.map')) continue;
    const { sources, sourcesContent } = JSON.parse(text);
    assert(sources.length > 0 && sources.every((source) => !source.startsWith('/')), path);
    assert(sourcesContent.every((source) => source.length > 0), path);
  }
});

test('it is as small as it promises', () => {
  run('size-limit/bin.js', [], join(root, 'wasm'));
});

const program = `
import { createRecommender, SottoError, type Recommender, type Recommendation } from 'sotto';
import { defineElements, type SottoListElement } from 'sotto/elements';
import { SottoCore } from 'sotto/core';
import type { ready } from 'sotto/markup';

export async function start(signal: AbortSignal): Promise<readonly Recommendation[]> {
  const sotto: Recommender = await createRecommender({ site: '/v1/site.json', signal,
    identities: { publisher: 'a', leader: new Uint8Array(32), helper: 'c' } });
  sotto.addEventListener('change', ({ detail }) => { const reason: 'event' | 'model' | 'consent' | 'forget' | 'tuned' = detail.reason; void reason; });
  // @ts-expect-error: no such type of event
  await sotto.track({ type: 'sneeze', item: 'a' }).catch((error: unknown) => error instanceof SottoError && error.code);
  defineElements(sotto);
  const list: SottoListElement = document.createElement('sotto-list');
  list.addEventListener('sotto-update', ({ detail }) => detail.items[0]?.item);
  return sotto.recommend({ count: 3 });
}
export async function inNode(bytes: Uint8Array): Promise<number> {
  const core = await SottoCore.load(bytes as BufferSource);
  // @ts-expect-error: identities are missing
  core.open({ site: 'a' });
  return core.listOutbox().entries.length;
}
export type Ready = typeof ready;
`;
for (const [name, compilerOptions] of [
  ['bundler', { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'] }],
  ['node16', { module: 'node16', moduleResolution: 'node16', lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'] }],
  ['bundler, as Vite sets a project up', { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2022', 'DOM', 'DOM.Iterable'], skipLibCheck: true }],
])
  test(`a strict consumer compiles: ${name}`, () => {
    writeFileSync(join(consumer, 'program.ts'), program);
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ files: ['program.ts'], compilerOptions: {
      target: 'ES2022', strict: true, noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, types: [], ...compilerOptions } }));
    run('typescript/bin/tsc', ['-p', '.'], consumer);
  });

test('every .d.ts of the package finds what it names', () => {
  const all = files.filter((path) => /\.d\.m?ts$/.test(path)).map((path) => `node_modules/sotto/${path}`);
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ files: all, compilerOptions: { target: 'ES2022', strict: true,
    noEmit: true, module: 'node16', moduleResolution: 'node16', types: [], lib: ['ES2022', 'DOM', 'DOM.Iterable', 'ESNext.Disposable'] } }));
  run('typescript/bin/tsc', ['-p', '.'], consumer);
  assert(all.length > 30 && all.every((path) => existsSync(join(consumer, dirname(path)))));
});
