// What the npm package costs a page and its visitor, as a table with what each figure should be: lists,
// cold start, top 50 beside onnxruntime-web and tfjs, download, memory, contributions.
// Usage: node package.mjs [PART...] [--quick]; parts: top50 lists start download memory contribution.
// ./run bench has built the package, and installed the peers.
import { mkdirSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';

import { root } from '../integration/pair.mjs';
import { chromium, heapSizes, launch } from '../package/browser.mjs';
import { median } from './edge.mjs';
import { clock, identitiesOf, startStaticSite } from './package_site.mjs';

const { values: { quick }, positionals } = parseArgs({ allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } } });
const built = (...path) => join(root, 'build', ...path);
const peers = built('bench/peers');
const history = 200;
const percentile = (times, part) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(part * times.length))];
const fixed = (value, digits = 2) => value.toFixed(digits);
const row = (what, figure, wanted = '') => console.log(`${what.padEnd(58)}${figure.padStart(28)}${wanted.padStart(26)}`);

let site, browser;
const sitePath = (folder, task = 'none') => `${site.url}/sites/${folder}/${task}`;

// d = 118,592 is k (k + 1) / 2 + m (k + 2) + 1 + 4 at m = 2,256 and k = 50.
function makeSites(sizes) {
  for (const [folder, n, dim] of [...sizes.map((n) => [`${n}`, n, 64]), ['contribution', 2256, 50]]) {
    if (existsSync(built('bench', folder, 'task-small-production.bin'))) continue;
    mkdirSync(built('bench', folder), { recursive: true });
    execFileSync(built('release/make_site'), [built('bench', folder), `${n}`, `${dim}`]);
  }
}

/** A page at the files' time. */
async function newPage(context) {
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  await page.addInitScript(clock);
  await page.goto(site.url);
  return page;
}

/** A recommender in the page, with consent to personalise and a history. */
async function openSite(page, folder, { task = 'none', nItems, liked = history }) {
  await page.evaluate(async ([url, identities, n, likes]) => {
    globalThis.bench = await import('/bench/package_page.mjs');
    globalThis.sotto = await bench.open(url, identities);
    await sotto.setConsent({ personalise: true, contribute: false });
    await bench.untilModel(sotto);
    await bench.likeMany(sotto, likes, n);
  }, [sitePath(folder, task), identitiesOf(folder), nItems, liked]);
}

// --- Parts --------------------------------------------------------------------------------------

async function bundlePeers() {
  const { build } = createRequire(join(root, 'wasm/package.json'))('esbuild');
  const common = { entryPoints: [join(root, 'tests/bench/top50_worker.mjs')], bundle: true, format: 'esm',
    target: 'es2022', nodePaths: [join(peers, 'node_modules')], logLevel: 'warning' };
  await build({ ...common, platform: 'browser', external: ['node:*'], outfile: join(peers, 'top50.browser.mjs') });
  await build({ ...common, platform: 'node', packages: 'external', outfile: join(peers, 'top50.node.mjs') });
}

const inNode = (request) => new Promise((done, fail) => {
  const worker = new Worker(join(peers, 'top50.node.mjs'));
  worker.on('error', fail).on('message', ({ ready, results, error }) => {
    if (ready) return worker.postMessage({ ...request, core: built('package/dist/core.js') });
    void worker.terminate();
    return error ? fail(new Error(error)) : done(results);
  });
});

async function inChromium(request) {
  const page = await newPage(await browser.newContext());
  try {
    return await page.evaluate((given) => new Promise((done, fail) => {
      const worker = new Worker('/peers/top50.browser.mjs', { type: 'module' });
      worker.onerror = ({ message }) => fail(new Error(message));
      worker.onmessage = ({ data: { ready, results, error } }) => {
        if (ready) return worker.postMessage(given);
        return error ? fail(new Error(error)) : done(results);
      };
    }), { ...request, core: `${site.url}/sotto/core.js` });
  } finally {
    await page.context().close();
  }
}

async function top50() {
  await bundlePeers();
  const wanted = { 10000: 1.5, 100000: 2.5, 1000000: 2 };
  const request = { origin: site.url, sizes: quick ? [10_000] : [10_000, 100_000, 1_000_000], repeats: quick ? 20 : 200 };
  for (const [where, run] of [['Node', inNode], ['Chromium', inChromium]]) {
    const results = await run(request);
    for (const [n, found] of Object.entries(results)) {
      const names = Object.keys(found).filter((name) => !name.startsWith('sotto'));
      for (const [name, { ms, recall }] of Object.entries(found))
        row(`top 50 of ${n}, ${where}: ${name}`, `${fixed(ms, 3)} ms, recall ${fixed(recall)}`);
      const faster = Math.min(...names.map((name) => found[name].ms));
      row('  times as fast as the faster; user known', `${fixed(faster / found.sotto.ms)}; ` +
        fixed(faster / found['sotto, user known'].ms), `at least ${wanted[n]}`);
    }
  }
}

async function lists() {
  const wanted = { 10000: [1, 4], 100000: [2, 6] };
  const titles = { changed: 'event, "change", new top 20', asked: 'event and question at once',
    durable: 'event stored, then the question' };
  for (const n of quick ? [10_000] : [10_000, 100_000]) {
    const rested = [], times = { changed: [], asked: [], durable: [] }, core = {}, echo = [];
    // Several visitors: each one's history grows from 100 to 370 items.
    for (let visitor = 0; visitor < (quick ? 1 : 7); ++visitor) {
      const page = await newPage(await browser.newContext());
      await openSite(page, `${n}`, { nItems: n, liked: 100 });
      const found = await page.evaluate(() => bench.measureEvents(sotto, 60, 0));
      for (const [name, all] of Object.entries(times)) all.push(...found[name]);
      for (const [name, all] of Object.entries((await page.evaluate(() => bench.measured())).times))
        (core[name] ??= []).push(...all.slice(-180));
      rested.push(...(await page.evaluate(() => bench.measureEvents(sotto, 20, 20, 0))).changed);
      echo.push(...await page.evaluate(() => bench.measureEcho(30)));
      await page.context().close();
    }
    for (const [name, all] of Object.entries(times))
      row(`${titles[name]}, ${n} items`, `p50 ${fixed(median(all))}, p99 ${fixed(percentile(all, 0.99))} ms`,
        name === 'changed' ? `p50 ${wanted[n][0]}, p99 ${wanted[n][1]} ms` : '');
    row('  after a rest of 20 ms, as people do', `p50 ${fixed(median(rested))}, p99 ${fixed(percentile(rested, 0.99))} ms`);
    for (const [name, title] of [['sotto_event_track', 'event'], ['sotto_items_recommend', 'list']])
      row(`  of it in the core: ${title}`, `p50 ${fixed(median(core[name]))}, p99 ${fixed(percentile(core[name], 0.99))} ms`);
    row('  an empty message to a worker and back', `p50 ${fixed(median(echo))}, p99 ${fixed(percentile(echo, 0.99))} ms`);
  }
}

// A browser that begins anew each time, with what the visit before has left on the disk.
async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-profile-'));
  const visit = () => chromium.launchPersistentContext(folder, {
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const times = { tab: [], browser: [] };
  try {
    let context = await visit();
    await openSite(await newPage(context), '10000', { nItems: 10_000 });
    await context.close();
    for (let r = 0; r < (quick ? 2 : 10); ++r) {
      context = await visit();
      for (const kind of ['browser', 'tab', 'tab']) {
        const page = await newPage(context);
        times[kind].push((await page.evaluate(async ([url, identities]) => {
          const { firstList } = await import('/bench/package_page.mjs');
          return firstList(url, identities);
        }, [sitePath('10000'), identitiesOf('10000')])).list);
        await page.close();
      }
      await context.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  row('first list from the cache, 10000 items, a new tab', `${fixed(median(times.tab), 0)} ms`, 'under 150 ms');
  row('  in a browser that has just begun', `${fixed(median(times.browser), 0)} ms`);
}

function download() {
  const size = (name) => gzipSync(readFileSync(built('package/dist', name)), { level: 9 }).length;
  const [page, worker, wasm] = ['index.js', 'worker.js', 'sotto.wasm'].map(size);
  row('download, gzipped: sotto.wasm + worker with loader', `${wasm} + ${worker} B`);
  row('  with the main thread', `${wasm + worker + page} B`, 'under 150000 B');
  row('main thread, gzipped', `${page} B`, 'under 6000 B');
}

async function memory() {
  const sizes = async (prepare) => {
    const page = await newPage(await browser.newContext());
    await prepare(page);
    const linear = await page.evaluate(async () => (await (await import('/bench/package_page.mjs')).measured()).memory);
    const { worker } = await heapSizes(browser, page);
    await page.context().close();
    return { heap: worker, linear, all: worker + linear };
  };
  const empty = await sizes((page) => page.evaluate(() => new Promise((done) => {
    globalThis.worker = new Worker('/bench/empty_worker.mjs', { type: 'module' });
    worker.onmessage = done;
  })));
  for (const n of quick ? [10_000] : [10_000, 100_000]) {
    const full = await sizes(async (page) => {
      await openSite(page, `${n}`, { nItems: n });
      await page.evaluate(() => sotto.recommend({ count: 20 }));
    });
    const mb = (name) => fixed((full[name] - empty[name]) / 1e6);
    row(`worker's memory, ${n} items: beyond ${fixed(empty.all / 1e6)} MB when empty`, `${mb('all')} MB`,
      n === 100_000 ? 'under 24 MB' : '');
    row('  of WebAssembly, of JavaScript', `${mb('linear')}, ${mb('heap')} MB`);
  }
}

async function contribution() {
  const wanted = { task: 'under 40 ms', 'task-device-noise': 'under 100 ms' };
  const titles = { task: 'contribution, d = 118592, sum', 'task-device-noise': 'with device noise' };
  for (const task of Object.keys(wanted)) {
    const made = [];
    for (let r = 0; r < (quick ? 1 : 9); ++r) {
      const page = await newPage(await browser.newContext());
      await openSite(page, 'contribution', { task, nItems: 2256 });
      made.push(await page.evaluate(() => bench.measureContribution(sotto)));
      await page.context().close();
    }
    const of = (name) => made.map((one) => one[name]);
    row(`${titles[task]}: in the outbox, ${made[0].bytes} B`, `${fixed(median(of('computed')), 1)} ms`, wanted[task]);
    row('  and durable in the browser', `${fixed(median(of('durable')), 1)} ms`);
    row("  the page's longest frame: with, without",
      `${fixed(median(of('frames')), 1)}, ${fixed(median(of('framesWithout')), 1)} ms`, 'no difference');
  }
}

const parts = { top50, lists, start, download, memory, contribution };
for (const name of positionals)
  if (!(name in parts)) throw new Error(`'${name}': parts are ${Object.keys(parts).join(' ')}`);
makeSites(quick ? [10_000] : [10_000, 100_000, 1_000_000]);
site = await startStaticSite();
browser = await launch();
try {
  const [{ model }] = cpus();
  console.log(`${model}, ${cpus().length} cores, load ${loadavg().map((l) => fixed(l, 1)).join(' ')}; ` +
    `Node ${process.version}, Chromium ${browser.version()}; medians`);
  for (const [name, part] of Object.entries(parts))
    if (positionals.length === 0 || positionals.includes(name)) await part();
} finally {
  await browser.close();
  await site.stop();
}
