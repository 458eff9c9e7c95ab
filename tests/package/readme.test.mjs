// The README's code is the examples', word for word, or compiles; its figures are those of this build.
// Usage: node --test tests/package/readme.test.mjs, after ./run build. examples.test.mjs runs the examples.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { remove, root } from '../integration/pair.mjs';
import { built, examples, project, tool } from './tarball.mjs';

const text = readFileSync(join(root, 'wasm/README.md'), 'utf8');
const folder = project();
after(() => remove(folder));

const blocks = [...text.matchAll(/^(?:<!-- (\S+) -->\n)?```(\w+)\n([\s\S]*?)^```$/gm)]
  .map(([, path, language, code]) => ({ path, language, code }));

test('every block is of a kind that something here checks', () => {
  assert.equal(blocks.length, text.match(/^```/gm).length / 2);
  for (const { path, language, code } of blocks)
    assert(path !== undefined || ['ts', 'sh', 'http'].includes(language), code);
  assert.deepEqual(blocks.filter(({ language }) => language === 'sh').map(({ code }) => code), ['npm install sotto\n']);
});

for (const { path, code } of blocks.filter((block) => block.path !== undefined))
  test(`${path} is what the README says`, () => {
    assert.equal(readFileSync(join(examples, path.replace(/^examples\//, '')), 'utf8').trimEnd(), code.trimEnd());
  });

const compile = (name, source, more = {}) => {
  writeFileSync(join(folder, name), source);
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ files: [name], compilerOptions: { target: 'ES2022', module: 'ESNext',
    moduleResolution: 'bundler', strict: true, noEmit: true, types: [], resolveJsonModule: true, skipLibCheck: true, ...more } }));
  const { status, stdout } = spawnSync(process.execPath, [tool('typescript/bin/tsc'), '-p', '.'], { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
};

test('the blocks without a file compile', () => {
  const fragments = blocks.filter(({ language, path }) => language === 'ts' && path === undefined);
  assert(fragments.length > 0);
  fragments.forEach(({ code }, i) => compile(`fragment_${i}.ts`,
    `import type { Recommender } from 'sotto';\ndeclare const sotto: Recommender;\n${code}\nexport {};\n`));
});

test('the fifteen lines are fifteen or so', () => {
  const { code } = blocks.find(({ path }) => path === 'examples/vite/main.js');
  assert(code.trimEnd().split('\n').length <= 18, code);
});

test('its sizes are those of this build, to a kilobyte', () => {
  const kilobytes = (...files) => files.reduce((sum, file) => sum + gzipSync(readFileSync(join(built, 'dist', file)), { level: 9 }).length, 0) / 1000;
  const measured = [['`sotto`: in the page', ['index.js']], ['with the worker', ['index.js', 'worker.js', 'sotto.wasm']],
    ['`sotto/elements`', ['elements/index.js']], ['`sotto/markup`', ['markup.js']], ['`sotto-proofs.wasm`', ['sotto-proofs.wasm']]];
  for (const [name, files] of measured) {
    const row = text.split('\n').find((line) => line.startsWith(`| ${name}`));
    const told = Number(row.split('|')[2]);
    assert(Math.abs(told - kilobytes(...files)) < Math.max(0.5, told / 50), `${row} ${kilobytes(...files)}`);
  }
});

test('every code of the page\'s own and every event, attribute and setting that it names exists', () => {
  const types = readFileSync(join(root, 'wasm/src/types.ts'), 'utf8');
  const codes = [...types.slice(types.indexOf('export type ErrorCode'), types.indexOf('(string & {})')).matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code);
  const section = text.slice(text.indexOf('## Errors'), text.indexOf('## Storage'));
  const told = [...section.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code));
  assert.deepEqual(told.sort(), codes.sort());
  for (const [, reason] of text.matchAll(/`(event|model|consent|forget|tuned)`/g)) assert(types.includes(`'${reason}'`), reason);
});
