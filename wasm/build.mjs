// Makes the npm package: build/package, ready for `npm pack`.
//   node build.mjs [--wasm DIR] [--out DIR]
// The modules come from build/wasm (`./run build`); everything else is made here.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '..');
const { values } = parseArgs({ options: {
  wasm: { type: 'string', default: join(root, 'build/wasm') },
  out: { type: 'string', default: join(root, 'build/package') },
} });
const modules = ['sotto.wasm', 'sotto-proofs.wasm'];
for (const name of modules) {
  if (!existsSync(join(values.wasm, name))) {
    console.error(`build.mjs: ${join(values.wasm, name)} is missing; ./run build makes it`);
    process.exit(1);
  }
}

const dist = join(values.out, 'dist');
rmSync(values.out, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const common = {
  absWorkingDir: here,
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  legalComments: 'none', // THIRD_PARTY.md has them
  outbase: 'src',
  outdir: dist,
};
const entries = (...names) => names.map((name) => `src/${name}.ts`);
// A worker is of a browser. An import() in it would make a second file of it, which bundlers refuse in
// workers of their default format.
const browserCrypto = { name: 'browser-crypto', setup(building) {
  building.onResolve({ filter: /^node:crypto$/ }, () => ({ path: 'crypto', namespace: 'browser' }));
  building.onLoad({ filter: /^crypto$/, namespace: 'browser' }, () => ({ contents: 'export const webcrypto = globalThis.crypto' }));
} };
// One file an entry: every import that a browser meets is another round trip.
await build({ ...common, entryPoints: entries('index', 'elements/index', 'worker'), plugins: [browserCrypto] });
await build({ ...common, entryPoints: entries('core'), external: ['node:crypto'] });
// What it brings together is what a page may have loaded by itself, too.
await build({ ...common, external: ['./index.js', './elements/index.js'], entryPoints: entries('markup') });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '--noEmit', 'false', '--emitDeclarationOnly', '--rootDir', '.',
  '--outDir', join(dist, 'types')], { cwd: here, stdio: 'inherit' });

for (const name of modules) cpSync(join(values.wasm, name), join(dist, name));
for (const name of ['LICENSE', 'THIRD_PARTY.md']) cpSync(join(root, name), join(values.out, name));
cpSync(join(here, 'README.md'), join(values.out, 'README.md'));
const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
for (const ours of ['scripts', 'devDependencies', 'private', 'size-limit']) delete manifest[ours];
writeFileSync(join(values.out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
