// The exact top 50 for one user, in a worker of a browser or of Node: sotto's core beside onnxruntime-web
// and tfjs, turn by turn, over the same catalogue and the same user. Each is timed from the question to 50 ids
// in JavaScript: of the core that is the fold-in of a history of one item, the scan, and ids with scores (the
// same again, "user known": without the fold-in, as nothing has happened since); of the others the
// product and the top-k, for the vector as it is.
import { median } from './edge.mjs';
import { openOnnx, openTensorflow } from './peers.mjs';

const dim = 64, count = 50, sample = 1000, warmUps = 30;
const ours = 'sotto', known = 'sotto, user known';
const now = 1_700_000_640_000;
let origin;
const published = async (n, name) =>
  new Uint8Array(await (await fetch(`${origin}/published/${n}/${name}.bin`)).arrayBuffer());

/** Codes, scales and ids of a snapshot, which is a safetensors file. */
function readRows(snapshot) {
  const view = new DataView(snapshot.buffer, snapshot.byteOffset);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(snapshot.subarray(8, start)));
  const bytes = (name) => snapshot.slice(...header[name].data_offsets.map((at) => start + at));
  return { codes: new Int8Array(bytes('codes').buffer), scales: new Float32Array(bytes('scales').buffer) };
}

function weightsOf({ codes, scales }, n) {
  const weights = new Float32Array(dim * n); // [dim, n]
  for (let i = 0; i < n; ++i)
    for (let j = 0; j < dim; ++j) weights[j * n + i] = codes[dim * i + j] * scales[i];
  return weights;
}

/** Solves A x = b, A symmetric and positive. */
function solve(A, b) {
  for (let k = 0; k < dim; ++k)
    for (let i = k + 1; i < dim; ++i) {
      const part = A[i][k] / A[k][k];
      for (let j = k; j < dim; ++j) A[i][j] -= part * A[k][j];
      b[i] -= part * b[k];
    }
  for (let k = dim - 1; k >= 0; --k) {
    for (let j = k + 1; j < dim; ++j) b[k] -= A[k][j] * b[j];
    b[k] /= A[k][k];
  }
  return b;
}

const rowOf = ({ item }) => Number(item.slice('item-'.length));

/** The user as the core ranks by, by least squares from the scores of the first 1000. */
function userOf(list, { codes, scales }) {
  const A = Array.from({ length: dim }, () => new Float64Array(dim));
  const b = new Float64Array(dim);
  for (const { item, score } of list) {
    const row = rowOf({ item });
    for (let i = 0; i < dim; ++i) {
      const x = codes[dim * row + i] * scales[row];
      b[i] += x * score;
      for (let j = 0; j < dim; ++j) A[i][j] += x * codes[dim * row + j] * scales[row];
    }
  }
  return solve(A, b);
}

/** In float64, over every row. */
function trueTop(user, { codes, scales }, n) {
  const scores = new Float64Array(n);
  for (let i = 0; i < n; ++i) {
    let sum = 0;
    for (let j = 0; j < dim; ++j) sum += codes[dim * i + j] * user[j];
    scores[i] = sum * scales[i];
  }
  return Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a]).slice(0, count);
}

async function openCore(SottoCore, module, n) {
  const core = await SottoCore.load(module);
  const keys = await published(n, 'identities');
  core.open({ site: 'shop.example', publisher: keys.slice(0, 32), leader: keys.slice(32, 64), helper: keys.slice(64),
    memoryBudget: 2 ** 30 }, [], now);
  core.loadModel({ manifest: await published(n, 'manifest'), snapshot: await published(n, 'snapshot'),
    catalogue: await published(n, 'catalogue') }, now);
  return core;
}

async function measure(SottoCore, module, n, repeats) {
  const core = await openCore(SottoCore, module, n);
  let at = now;
  // One liked item, liked again: the fold-in is done anew, and its direction stays the same.
  const like = () => {
    const { kept } = core.track({ type: 'like', item: `item-${n >> 1}`, timestamp: (at += 11_000) }, at);
    if (kept === null) throw new Error('an event was dropped');
  };
  const list = (items = count) => core.recommend({ count: items, includeSeen: true }, at);
  like();
  const rows = readRows(await published(n, 'snapshot'));
  const user = userOf(list(sample), rows);
  const norm = Math.hypot(...user);
  const asked = Float32Array.from(user, (x) => x / norm);
  const truth = new Set(trueTop(user, rows, n));
  const weights = weightsOf(rows, n);
  const assets = `${origin}/peers/node_modules`;
  const peers = [await openOnnx(assets, weights, dim, n, count), await openTensorflow(assets, weights, dim, n, count)];
  const names = Array.from({ length: n }, (_, i) => `item-${i}`);

  const ids = async () => list().map(({ item }) => item);
  const [onnx, tensorflow] = peers.map((peer) => async () => (await peer.top(asked)).map((row) => names[row]));
  // Nobody finds the processor's caches as it left them itself.
  const ways = { [ours]: ids, 'onnxruntime-web': onnx, [known]: ids, tfjs: tensorflow };
  const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  const recall = {};
  for (let r = -warmUps; r < repeats; ++r)
    for (const [name, way] of Object.entries(ways)) {
      if (name === ours) like();
      const begin = performance.now();
      const found = await way();
      const time = performance.now() - begin;
      if (found.length !== count) throw new Error(`${name}: ${found.length} ids`);
      recall[name] = found.filter((item) => truth.has(rowOf({ item }))).length / count;
      if (r >= 0) times[name].push(time);
    }
  for (const peer of peers) await peer.close();
  core.close();
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, { ms: median(all), recall: recall[name] }]));
}

const port = globalThis.self === undefined ? (await import('node:worker_threads')).parentPort : globalThis;
/** In: { origin, core (URL of the package's core.js), sizes, repeats }. Out: { results } or { error }. */
port.onmessage = async ({ data }) => {
  try {
    origin = data.origin;
    const { SottoCore } = await import(data.core);
    const module = await WebAssembly.compile(await (await fetch(`${origin}/sotto/sotto.wasm`)).arrayBuffer());
    const results = {};
    for (const n of data.sizes) results[n] = await measure(SottoCore, module, n, data.repeats);
    port.postMessage({ results });
  } catch (error) {
    port.postMessage({ error: `${error.stack ?? error}` });
  }
};
port.postMessage({ ready: true });
