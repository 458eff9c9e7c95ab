// One device in Node: the site's model over HTTP, three likes, a list. Nothing is stored or sent.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { SottoCore } from 'sotto/core';

const [leader, identitiesFile] = process.argv.slice(2);
const { site, ...keys } = JSON.parse(await readFile(identitiesFile, 'utf8'));
const [publisher, leaderKey, helper] = ['publisher', 'leader', 'helper'].map((role) => Buffer.from(keys[role], 'hex'));
const get = async (path) => {
  const response = await fetch(`${leader}/v1/${path}`);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
};

const core = await SottoCore.load(readFile(createRequire(import.meta.url).resolve('sotto/sotto.wasm')));
core.open({ site, publisher, leader: leaderKey, helper });
const manifest = await get('manifest');
const { snapshot, catalogue } = core.readManifest(manifest); // checks the signature
const file = ({ hash, size }) => (size === 0 ? new Uint8Array() : get(`files/${Buffer.from(hash).toString('hex')}`));
core.loadModel({ manifest, snapshot: await file(snapshot), catalogue: await file(catalogue) });

for (const { item } of core.recommend({ count: 3 })) core.track({ type: 'like', item, timestamp: Date.now() });
for (const { item, score, source } of core.recommend({ count: 5 })) console.log(item, score.toFixed(3), source);
core.close();
