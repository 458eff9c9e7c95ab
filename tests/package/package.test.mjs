// The npm package in Chromium against a real leader and helper: what a visitor and a site can rely on.
// Usage: node --test tests/package/package.test.mjs, after ./run test has built.
import assert from 'node:assert/strict';
import { after, before, describe, test as nodeTest } from 'node:test';

import { codeOf, create, hasModel, heapSizes, launch, like, openTab, privacy, recommend, status } from './browser.mjs';
import { startSite } from './site.mjs';

const test = (name, run) => nodeTest(name, { timeout: 60_000 }, run);
const ids = (list) => list.map(({ item }) => item);

describe('a site', () => {
  let site, browser, context;
  before(async () => {
    site = await startSite({ world: { items: 200 }, training: { window: '1h', time_precision: '1m' } });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });
  const fresh = async () => {
    await context?.close();
    site.proxy.intercept = () => null;
    site.proxy.log.length = 0;
    context = await browser.newContext();
    return context;
  };

  test('popular items before the first event, personal ones after it, and the next list is another', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const before = await recommend(page, { count: 10 });
    assert.deepEqual(new Set(before.map(({ source }) => source)), new Set(['popular']));
    const content = await recommend(page, { count: 3, context: { item: before[5].item } });
    assert.equal(content[0].source, 'content');
    const chosen = before[3].item;
    assert.equal(await like(page, chosen), true);
    const after = await recommend(page, { count: 10 });
    assert.notDeepEqual(ids(after), ids(before));
    assert(!ids(after).includes(chosen), 'what was seen is not shown again');
    assert.equal(after[0].source, 'personal');
    assert(await page.evaluate(() => window.changes.includes('event')), 'change was told');
    const { reasons } = await page.evaluate((item) => window.sotto.explain(item), after[0].item);
    assert.equal(reasons[0].item, chosen);
    const profile = await page.evaluate(() => window.sotto.profile());
    assert.equal(profile.recent[0].item, chosen);
    assert(profile.interests.length > 0 && Math.abs(profile.interests.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
    assert.equal(profile.hours.reduce((sum, n) => sum + n, 0), 1);
    const other = await recommend(page, { count: 10, context: { surface: 'aside' } });
    const home = await recommend(page, { count: 10, context: { surface: 'home' } });
    assert.equal(ids(home).filter((id) => ids(other).includes(id)).length, 0, 'surfaces do not repeat each other');
    assert.deepEqual(page.problems, []);
  });

  test('a reload keeps the profile, and the model comes from the cache', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const [first] = await recommend(page);
    await like(page, first.item);
    const before = await recommend(page);
    site.proxy.intercept = () => ({ status: 503 });
    await page.reload();
    await create(page, site);
    assert.deepEqual(ids(await recommend(page)), ids(before));
    assert.equal((await privacy(page)).consent.personalise, true);
    await page.waitForFunction(() => window.sotto.status.trouble !== null);
    assert.equal((await status(page)).model.sequence > 0, true);
  });

  test('two tabs make one profile; when the writer goes the other one takes over', async () => {
    const shared = await fresh();
    const [one, two] = [await openTab(shared, site, { consent: true }), await openTab(shared, site)];
    await hasModel(one);
    assert.equal((await status(one)).seat, 'writer');
    assert.equal((await status(two)).seat, 'follower');
    const [first, second] = await recommend(two);
    await like(two, first.item);
    await like(one, second.item);
    const list = ids(await recommend(one));
    assert.deepEqual(ids(await recommend(two)), list);
    assert.equal((await one.evaluate(() => window.sotto.profile())).events, 2);
    assert(await two.evaluate(() => window.changes.filter((reason) => reason === 'event').length === 2));
    await one.close();
    assert.deepEqual(ids(await recommend(two)), list);
    await two.waitForFunction(() => window.sotto.status.seat === 'writer');
    assert.equal(await like(two, list[0]), true);
    assert.equal((await two.evaluate(() => window.sotto.profile())).events, 3);
    const three = await openTab(shared, site);
    assert.equal((await status(three)).seat, 'follower');
    await like(two, list[1]);
    await three.waitForFunction(() => window.changes.includes('event'));
    await like(three, list[2]);
    assert.equal((await three.evaluate(() => window.sotto.profile())).events, 5);
  });

  test('a writer that hangs is robbed of its seat, stores nothing afterwards, and follows', async () => {
    const shared = await fresh();
    const [one, two] = [await openTab(shared, site, { consent: true }), await openTab(shared, site)];
    await hasModel(one);
    const [first, second, third] = await recommend(two);
    await like(two, first.item);
    await one.workers()[0].evaluate(() => {
      setTimeout(() => {
        const end = Date.now() + 20_000;
        while (Date.now() < end);
      }, 0);
    });
    await one.waitForTimeout(200);
    assert.equal(await like(two, second.item), true, 'answered by whoever took the seat');
    assert.equal((await status(two)).seat, 'writer');
    await one.workers()[0].evaluate(() => 'over');
    assert.equal(await like(one, third.item), true);
    const profile = () => window.sotto.profile();
    assert.deepEqual(await one.evaluate(profile), await two.evaluate(profile));
    assert.equal((await two.evaluate(profile)).events, 3);
  });

  test('without consent nothing is recorded, stored or sent, and lists are for everybody', async () => {
    const page = await openTab(await fresh(), site);
    await hasModel(page);
    const before = await recommend(page);
    assert.equal(await like(page, before[0].item), false);
    assert.deepEqual(ids(await recommend(page)), ids(before));
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)), []);
    assert.equal((await privacy(page)).blocked, 'consent');
    assert.equal((await privacy(page)).storage, 'none');
    for (const { method, path, bytes, headers } of site.proxy.log) {
      assert.equal(method, 'GET', path);
      assert.equal(bytes, 0);
      assert.match(path, /^\/v1\/(site\.json|manifest|files\/[0-9a-f]{64})$/);
      for (const name of ['cookie', 'authorization', 'referer']) assert.equal(headers[name], undefined, `${name} of ${path}`);
    }
  });

  test('who personalises and does not contribute sends no byte', async () => {
    const page = await openTab(await fresh(), site);
    await page.evaluate(() => window.sotto.setConsent({ personalise: true, contribute: false }));
    await hasModel(page);
    for (const { item } of await recommend(page, { count: 5 })) await like(page, item);
    await page.evaluate(() => window.sotto.recommend({ diversity: 0.5 }));
    await page.waitForTimeout(1500);
    assert.equal(site.proxy.log.reduce((sum, { bytes }) => sum + bytes, 0), 0);
    assert(site.proxy.log.every(({ method }) => method === 'GET' || method === 'UPGRADE'));
    assert(!site.proxy.log.some(({ path }) => /tasks|keys|reports/.test(path)));
  });

  test('Global Privacy Control and automated browsers do not contribute', async () => {
    const gpc = await fresh();
    await gpc.addInitScript(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));
    const page = await openTab(gpc, site, { consent: true });
    await hasModel(page);
    assert.equal((await privacy(page)).blocked, 'gpc');
    await like(page, (await recommend(page))[0].item);
    await page.waitForTimeout(1000);
    assert(!site.proxy.log.some(({ path }) => /tasks/.test(path)));

    const driven = await openTab(await fresh(), site, { consent: true, options: { allowAutomation: false } });
    assert.equal((await privacy(driven)).blocked, 'automation');
    await driven.waitForTimeout(1000);
    assert(!site.proxy.log.some(({ path }) => /tasks/.test(path)));
  });

  test('forget leaves no key in any storage, in any tab', async () => {
    const shared = await fresh();
    const page = await openTab(shared, site, { consent: true });
    const other = await openTab(shared, site);
    await hasModel(page);
    await like(page, (await recommend(page))[0].item);
    const exported = await other.evaluate(() => window.sotto.exportData());
    assert.equal(exported.events.length, 1);
    assert.equal(exported.format, 'sotto export 1');
    await other.evaluate(() => window.sotto.forget());
    const left = await page.evaluate(async () => ({
      databases: (await indexedDB.databases()).map(({ name }) => name),
      local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookie: document.cookie,
      caches: await caches.keys(),
    }));
    assert.deepEqual(left, { databases: [], local: [], session: [], cookie: '', caches: [] });
    assert.deepEqual((await privacy(page)).consent, { personalise: false, contribute: false });
    assert.deepEqual((await recommend(page)).map(({ source }) => source)[0], 'popular');
    await page.reload();
    await create(page, site);
    assert.equal((await privacy(page)).blocked, 'consent');
  });

  test('pausing stops recording until it is resumed, also after a reload', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const [{ item }] = await recommend(page);
    await page.evaluate(() => window.sotto.pause());
    assert.equal(await like(page, item), false);
    assert.equal((await privacy(page)).blocked, 'paused');
    await page.reload();
    await create(page, site);
    assert.equal(await like(page, item), false);
    await page.evaluate(() => window.sotto.resume());
    assert.equal(await like(page, item), true);
  });

  test('a model that is tampered with, cut short, or of another publisher is refused with its code', async () => {
    const refuse = async (path, change, codes) => {
      const page = await openTab(await fresh(), site);
      await page.close();
      site.proxy.intercept = (entry) => (entry.path.match(path) ? { change } : null);
      const tab = await openTab(await browser.newContext(), site);
      await tab.waitForFunction(() => window.sotto.status.trouble !== null, undefined, { timeout: 20_000 });
      const { trouble, model } = await status(tab);
      assert(codes.includes(trouble.code), `${path}: ${trouble.code} ${trouble.message}`);
      assert.equal(model, null);
      await tab.context().close();
    };
    const flip = (at) => (bytes) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    await refuse(/manifest/, flip(60), ['AUTHENTICATION', 'MALFORMED']);
    await refuse(/manifest/, (bytes) => bytes.subarray(0, 100), ['MALFORMED']);
    await refuse(/files/, flip(1000), ['AUTHENTICATION']);
    await refuse(/files/, (bytes) => bytes.subarray(0, bytes.length - 1), ['AUTHENTICATION', 'UNREACHABLE']);
    await refuse(/site\.json/, () => Buffer.from('[]'), ['MALFORMED']);
    await refuse(/site\.json/, () => Buffer.from('{"site":"other.example","leader":"' + site.proxy.url + '"}'), ['AUTHENTICATION', 'DISAGREEMENT']);
    const { identities } = site;
    const tab = await openTab(await fresh(), { ...site, identities: { ...identities, publisher: identities.leader } });
    await tab.waitForFunction(() => window.sotto.status.trouble !== null);
    assert.equal((await status(tab)).trouble.code, 'AUTHENTICATION');
  });

  test('misuse names the argument, and what fails has a stable code', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    assert.equal(await codeOf(page, () => window.sotto.recommend({ count: 0 })), 'INVALID_ARGUMENT');
    assert.equal(await codeOf(page, () => window.sotto.recommend({ count: 'many' })), 'TypeError');
    assert.equal(await codeOf(page, () => window.sotto.recommend({ only: [], exclude: [] })), 'TypeError');
    assert.equal(await codeOf(page, () => window.sotto.similar('none')), 'NOT_FOUND');
    assert.equal(await codeOf(page, () => window.sotto.track({ type: 'sneeze', item: 'i1' })), 'TypeError');
    assert.equal(await codeOf(page, () => window.sotto.setConsent({ personalise: 'yes', contribute: false })), 'TypeError');
    assert.equal(await codeOf(page, () => window.sotto.recommend({ signal: AbortSignal.abort() })), 'AbortError');
    assert.equal(await codeOf(page, () => { window.sotto.close(); return window.sotto.recommend(); }), 'CLOSED');
    assert.equal(await codeOf(page, async () => {
      const { createRecommender } = await import('/sotto/index.js');
      return createRecommender({ site: '/x', identities: { publisher: 'ab' } });
    }), 'TypeError');
  });

  test('a server that is down, slow or busy: lists go on, and it is asked again politely', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const list = await recommend(page);
    await page.reload();
    site.proxy.intercept = () => ({ status: 429, headers: { 'retry-after': '3600' },
      body: '{"code":"RATE_LIMITED","detail":"too many"}' });
    site.proxy.log.length = 0;
    await create(page, site);
    assert.deepEqual(ids(await recommend(page)), ids(list));
    await page.waitForFunction(() => window.sotto.status.trouble?.code === 'RATE_LIMITED');
    await page.waitForTimeout(6500);
    assert.equal(site.proxy.log.filter(({ path }) => /manifest/.test(path)).length, 1, 'not before Retry-After');

    const cold = await browser.newContext();
    site.proxy.intercept = (entry) => (/files/.test(entry.path) ? { delay: 4000 } : null);
    const slow = await openTab(cold, site);
    assert.equal((await recommend(slow))[0].source, 'popular');
    assert(await slow.evaluate(() => window.changes.includes('model')), 'nothing is popular yet: it waited for the model');
    site.proxy.intercept = () => ({ status: 503 });
    const unreachable = await openTab(await browser.newContext(), site);
    assert.equal(await codeOf(unreachable, () => window.sotto.recommend()), 'UNREACHABLE');
    await cold.close();
  });

  test('a damaged database recovers, and never contributes on an unreadable ledger', async () => {
    const damage = (page, edit) => page.evaluate(async (text) => {
      window.sotto.close();
      const [{ name }] = await indexedDB.databases();
      const database = await new Promise((done) => {
        indexedDB.open(name).onsuccess = ({ target }) => done(target.result);
      });
      const transaction = database.transaction(['records', 'settings'], 'readwrite');
      const complete = new Promise((done) => { transaction.oncomplete = done; });
      await (0, eval)(text)(transaction);
      await complete;
      database.close();
    }, String(edit));
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const [a, b] = await recommend(page);
    await like(page, a.item);
    await like(page, b.item);
    await damage(page, (transaction) => new Promise((done) => {
      const records = transaction.objectStore('records');
      records.getAllKeys().onsuccess = ({ target }) => {
        const key = target.result.find((name) => name.startsWith('log/event/'));
        records.put(new Uint8Array([1, 2, 3]), key);
        records.put('no bytes at all', 'device/cleaner');
        transaction.objectStore('settings').put({ consent: 7, contributions: [{}, 1] }, 'visitor');
        done();
      };
    }));
    await page.reload();
    await create(page, site);
    assert.deepEqual((await privacy(page)).consent, { personalise: false, contribute: false }, 'an unreadable consent is none');
    await page.evaluate(() => window.sotto.setConsent({ personalise: true, contribute: true }));
    assert.equal((await page.evaluate(() => window.sotto.profile())).events, 1, 'what is intact is kept');
    assert.equal((await privacy(page)).blocked, null);
    await damage(page, (transaction) => { transaction.objectStore('records').put(new Uint8Array(5), 'ledger/state'); });
    await page.reload();
    await create(page, site);
    assert.equal((await privacy(page)).blocked, 'ledger');
    assert((await recommend(page)).length > 0);
    await page.evaluate(() => window.sotto.forget());
    await page.evaluate(() => window.sotto.setConsent({ personalise: true, contribute: true }));
    assert.equal((await privacy(page)).blocked, null);
  });

  test('without room the older events are summed up and the profile stays sound', async () => {
    const full = await fresh();
    const page = await openTab(full, site, { consent: true });
    await hasModel(page);
    const list = await recommend(page, { count: 150 });
    const trackAll = (type, items, from) => page.evaluate(([kind, all, start]) => Promise.all(all.map((item, i) =>
      window.sotto.track({ type: kind, item, timestamp: start + 60_000 * i }))), [type, items, from]);
    const longAgo = Date.now() - 7 * 24 * 3600 * 1000;
    await trackAll('view', ids(list), longAgo);
    assert.equal((await page.evaluate(() => window.sotto.profile())).events, 150);
    const client = await full.newCDPSession(page);
    const { usage } = await client.send('Storage.getUsageAndQuota', { origin: site.pages.url });
    await client.send('Storage.overrideQuotaForOrigin', { origin: site.pages.url, quotaSize: Math.max(1, usage - 1) });
    const rest = await recommend(page, { count: 40 });
    await trackAll('save', ids(rest), longAgo + 24 * 3600 * 1000);
    const after = await page.evaluate(() => window.sotto.exportData());
    assert(after.events.length + after.summaries.reduce((sum, { totals }) => sum + totals.reduce((n, { count }) => n + count, 0), 0) >= 190 - after.forgotten);
    assert.equal((await recommend(page)).length, 10, 'the rest of 200 items');
    await client.send('Storage.overrideQuotaForOrigin', { origin: site.pages.url });
  });

  test('blocked storage: it works in memory, says so, and does not contribute', async () => {
    const page = await openTab(await fresh(), site, { consent: true, options: { workerUrl: '/blocked/worker.js' } });
    await hasModel(page);
    await like(page, (await recommend(page))[0].item);
    assert.equal((await recommend(page))[0].source, 'personal');
    const state = await privacy(page);
    assert.deepEqual([state.storage, state.blocked], ['memory', 'storage']);
  });

  test('a strict content security policy is enough', async () => {
    const page = await openTab(await fresh(), site, { path: '/strict', consent: true });
    await hasModel(page);
    await like(page, (await recommend(page))[0].item);
    assert.equal((await recommend(page))[0].source, 'personal');
    assert.deepEqual(page.problems, []);
  });

  test('memory does not grow over 10,000 events', async () => {
    const page = await openTab(await fresh(), site, { consent: true });
    await hasModel(page);
    const items = ids(await recommend(page, { count: 190 }));
    const run = (from, n) => page.evaluate(async ([all, start, count]) => {
      const began = Date.now() - 400 * 24 * 3600 * 1000;
      for (let i = start; i < start + count; i += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, j) => window.sotto.track(
          { type: 'click', item: all[(i + j) % all.length], timestamp: began + (i + j) * 600_000 })));
        if (i % 50 === 0) await window.sotto.recommend();
      }
    }, [items, from, n]);
    await run(0, 3000); // the log is full
    const before = await heapSizes(browser, page);
    await run(3000, 7000);
    const after = await heapSizes(browser, page);
    for (const where of ['page', 'worker']) {
      const grown = after[where] - before[where];
      assert(grown < 500_000, `${grown} bytes more in the ${where}`);
    }
    const { events } = await page.evaluate(() => window.sotto.profile());
    assert(events <= 2000, 'the log is bounded');
  });
});
