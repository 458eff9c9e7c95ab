// What a page waits for, through sotto.wasm and its loader: the same measurements in Node and in a
// browser. Medians in milliseconds.
const now = 1_700_000_640_000;
const history = 200;
const list = 50;

const numbers = (seed) => (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor(seed / 2 ** 32 * below);
};
export function median(times) {
  return [...times].sort((a, b) => a - b)[times.length >> 1];
}

async function open(site, load) {
  const identities = await site('identities');
  const core = await load();
  core.open({ site: 'shop.example', publisher: identities.slice(0, 32),
    leader: identities.slice(32, 64), helper: identities.slice(64), windowRho: 8, lifetimeRho: 8,
    memoryBudget: 2 ** 30 }, [], now);
  const files = { manifest: await site('manifest'), snapshot: await site('snapshot'),
    catalogue: await site('catalogue') };
  core.loadModel(files, now);
  return core;
}

function like(core, item, timestamp) {
  const { kept } = core.track({ type: 'like', item: `item-${item}`, timestamp }, timestamp);
  if (kept === null) throw new Error('an event was dropped');
}

/** Every event changes the profile: each list is a fold-in of `history` items, a scan and a re-rank.
 * @returns {Promise<{track: number, recommend: number}>} */
export async function measureLists(site, load, nItems, repeats) {
  const core = await open(site, load);
  const random = numbers(nItems);
  const items = Array.from({ length: history }, (_, i) =>
    i * Math.floor(nItems / history) + random(Math.floor(nItems / history)));
  let at = now;
  for (const item of items) like(core, item, (at += 2000));
  const track = [], recommend = [];
  for (let r = -5; r < repeats; ++r) {
    at += 2000;
    const begin = performance.now();
    like(core, items[random(history)], at);
    const tracked = performance.now();
    const found = core.recommend({ count: list }, at);
    const end = performance.now();
    if (found.length !== list || found[0].source !== 'personal') throw new Error('no list');
    if (r < 0) continue;
    track.push(tracked - begin);
    recommend.push(end - tracked);
  }
  core.close();
  return { track: median(track), recommend: median(recommend) };
}

/** From the task as fetched to the report in the outbox and the changes to commit. */
export async function measureContribution(site, load, task, repeats) {
  const files = { task: await site(task), leaderKey: await site('leader-key'),
    helperKey: await site('helper-key') };
  const times = [];
  for (let r = -2; r < repeats; ++r) {
    const core = await open(site, load);
    for (let i = 0; i < history; ++i) like(core, 11 * i, now + 2000 * i);
    const at = now + 2000 * history;
    const begin = performance.now();
    const outcome = core.contribute(files, at);
    const end = performance.now();
    if (outcome.participation !== 'report') throw new Error(outcome.participation);
    if (r >= 0) times.push(end - begin);
    core.close();
  }
  return median(times);
}

/** The peer: the same top 50 in plain JavaScript, float rows, unrolled, a heap; no fold-in. */
export function measurePlain(nItems, repeats) {
  const dim = 64;
  const random = numbers(5);
  const rows = new Float32Array(nItems * dim);
  for (let i = 0; i < rows.length; ++i) rows[i] = random(256) - 128;
  const query = Float32Array.from({ length: dim }, () => random(256) - 128);
  const times = [];
  for (let r = -5; r < repeats; ++r) {
    const begin = performance.now();
    plainTop(rows, query, nItems, dim);
    if (r >= 0) times.push(performance.now() - begin);
  }
  return median(times);
}

function plainTop(rows, query, nItems, dim) {
  const scores = new Float64Array(list).fill(-Infinity); // a heap, least first
  const items = new Int32Array(list);
  for (let i = 0, at = 0; i < nItems; ++i, at += dim) {
    let a = 0, b = 0, c = 0, d = 0;
    for (let j = 0; j < dim; j += 4) {
      a += rows[at + j] * query[j];
      b += rows[at + j + 1] * query[j + 1];
      c += rows[at + j + 2] * query[j + 2];
      d += rows[at + j + 3] * query[j + 3];
    }
    const score = a + b + c + d;
    if (score <= scores[0]) continue;
    let hole = 0;
    for (let child = 1; child < list; child = 2 * hole + 1) {
      if (child + 1 < list && scores[child + 1] < scores[child]) ++child;
      if (scores[child] >= score) break;
      scores[hole] = scores[child];
      items[hole] = items[child];
      hole = child;
    }
    scores[hole] = score;
    items[hole] = i;
  }
  return [...items.keys()].sort((x, y) => scores[y] - scores[x]).map((x) => items[x]);
}

/** Everything, as one flat record. @param {(folder: string) => (name: string) => Promise<Uint8Array>} sites */
export async function measureAll(sites, load, sizes, quick) {
  const results = {};
  for (const nItems of sizes) {
    const repeats = quick ? 5 : nItems < 1e6 ? 200 : 40;
    const { track, recommend } = await measureLists(sites(String(nItems)), load, nItems, repeats);
    results[`track ${nItems}`] = track;
    results[`list ${nItems}`] = recommend;
    results[`plain ${nItems}`] = measurePlain(nItems, quick ? 3 : Math.min(repeats, 50));
  }
  for (const task of ['task', 'task-device-noise'])
    results[task] = await measureContribution(sites('contribution'), load, task, quick ? 2 : 20);
  return results;
}
