// The table of what a page waits for: sotto.wasm in Node and in Chromium, the same C ABI natively,
// and plain JavaScript beside them. Usage: node edge_bench.mjs [--quick]; ./run bench has built.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { SottoCore } from '../../wasm/core/loader.mjs';
import { resultsOf } from '../browser/chromium.mjs';
import { measureAll } from './edge.mjs';

const quick = process.argv.includes('--quick');
const built = (path) => fileURLToPath(new URL(`../../build/${path}`, import.meta.url));
const sizes = quick ? [10_000] : [10_000, 100_000, 1_000_000];
const budgets = { 'list 10000': 0.5, 'list 100000': 1, 'list 1000000': 10, task: 25,
  'task-device-noise': 80 };
const titles = { task: 'contribution, d = 118,592', 'task-device-noise': 'with device noise' };

// d = 118,592 is k (k + 1) / 2 + m (k + 2) + 1 + 4 at m = 2,256 and k = 50.
for (const [folder, n, dim] of [...sizes.map((n) => [n, n, 64]), ['contribution', 2256, 50]]) {
  const path = built(`bench/${folder}`);
  if (existsSync(`${path}/task-small-production.bin`)) continue;
  mkdirSync(path, { recursive: true });
  execFileSync(built('release/make_site'), [path, String(n), String(dim)]);
}

const wasm = built('wasm/sotto.wasm');
const binary = readFileSync(wasm);
const module = await WebAssembly.compile(binary);
const sites = (folder) => async (name) =>
  new Uint8Array(await readFile(built(`bench/${folder}/${name}.bin`)));

const native = JSON.parse(execFileSync(built('release/bench_edge'),
  [built('bench'), quick ? 'quick' : 'full', ...sizes.map(String)], { encoding: 'utf8' }));
const inNode = await measureAll(sites, () => SottoCore.load(module), sizes, quick);
const inChromium = await resultsOf(
  `bench/edge_page.html?sizes=${sizes}&quick=${quick ? 1 : 0}`,
  { 'sotto.wasm': wasm, sites: built('bench') },
  // For a clock of 5 microseconds.
  { headers: { 'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp' }, timeout: 600_000 });

const cell = (value, width) => (value === undefined ? '-' : value.toFixed(3)).padStart(width);
console.log(`sotto.wasm: ${binary.length} bytes, ${gzipSync(binary, { level: 9 }).length} gzipped`);
console.log('ms, medians; a list: one event, then a fold-in of 200 items (k = 64) and the top 50');
console.log(`${'what'.padEnd(28)}${'native'.padStart(10)}${'Node'.padStart(10)}` +
  `${'Chromium'.padStart(10)}${'at most'.padStart(10)}`);
for (const name of Object.keys(inNode)) {
  const title = titles[name] ?? name.replace('list', 'list of').replace('plain', 'plain JS, scan');
  console.log(title.padEnd(28) + cell(native[name], 10) + cell(inNode[name], 10) +
    cell(inChromium[name], 10) + cell(budgets[name], 10));
}
