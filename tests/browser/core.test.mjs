// sotto.wasm through its loader in headless Chromium, in a page and in a worker, under a strict CSP:
// the cases that Node runs, too. Usage: node --test core.test.mjs, after ./run test has built.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

import { resultsOf } from './chromium.mjs';

const built = (path) => fileURLToPath(new URL(`../../build/wasm/${path}`, import.meta.url));
const results = await resultsOf('browser/page.html', {
  'sotto.wasm': process.env.SOTTO_WASM ?? built('sotto.wasm'),
  site: process.env.SOTTO_SITE ?? built('site'),
});
for (const [where, cases] of Object.entries(results)) {
  assert(Object.keys(cases).length > 5, `the cases ran in the ${where}`);
  for (const [name, wrong] of Object.entries(cases))
    test(`${where}: ${name}`, () => assert.equal(wrong, null));
}
