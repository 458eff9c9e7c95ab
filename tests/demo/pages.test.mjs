// What a visitor of the demo can rely on, in Chromium at the real servers.
// Usage: node --test tests/demo/pages.test.mjs, after `./run demo` has built the pages.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test as nodeTest } from 'node:test';

import { root, until } from '../integration/pair.mjs';
import { launch } from '../package/browser.mjs';
import { agree, cards, open, readArticle, settledCards, startDemo, visit } from './site.mjs';

const test = (name, run) => nodeTest(name, { timeout: 120_000 }, run);
const axe = readFileSync(createRequire(join(root, 'wasm/package.json')).resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = join(root, 'build/screenshots');
const pages = ['read', 'compare', 'you', 'privacy', 'crowd'];
const wide = { width: 1440, height: 900 };
const narrow = { width: 390, height: 844 };
const mostBytes = 400_000;
const mostPaintMs = 1000;
/** Of cumulative layout shift; what moves by transforms alone does not count in it. */
const mostShift = 0.02;

describe('the demo', () => {
  let demo, browser, context;
  before(async () => {
    demo = await startDemo(1000);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });
  const fresh = async (options = {}) => {
    await context?.close();
    context = await browser.newContext({ viewport: wide, ...options });
    return context;
  };

  // First, while the course still has tasks to contribute to.
  test('with consent a contribution is listed with its cost before it is sent, and counted', async () => {
    const page = await visit(await fresh(), demo.url, { consent: { contribute: true } });
    for (const { id } of (await cards(page)).slice(0, 3)) await readArticle(page, id);
    await open(page, 'privacy');
    const row = page.locator('[data-contributions] tbody tr').first();
    await row.waitFor({ timeout: 60_000 });
    assert.match(await row.innerText(), /ε \d|empty, free/);
    assert.match(await row.innerText(), /\d (kB|byte)/);
    await page.locator('.state-sent').first().waitFor({ timeout: 60_000 });
    assert.match(await page.locator('.chip').innerText(), /[1-9]\d* contribution/);
    assert.deepEqual(page.problems, []);
  });

  test('your update is drawn as it is, and as each server gets it: a seed or bytes without a pattern', async () => {
    const page = await visit(await fresh(), demo.url, { consent: {} });
    // A round asks about the articles that enough visitors have read: it may take more than the first two.
    let words = '';
    for (let tries = 0; tries < 5 && (words === '' || words.includes('all of them zero')); ++tries) {
      await open(page, 'read');
      for (const { id } of (await settledCards(page)).slice(0, 2)) await readArticle(page, id);
      await open(page, 'privacy');
      await page.locator('.strip').nth(3).waitFor({ timeout: 60_000 });
      words = await page.locator('.strips').innerText();
    }
    assert.doesNotMatch(words, /all of them zero/);
    const [, bits] = /Measured: ([\d.]+) bits/.exec(words) ?? [];
    assert(Number(bits) > 7.9, `${bits} bits a byte in ${words}`);
    const colours = await page.locator('.strip').evaluateAll((all) => all.map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size;
    }));
    assert(colours[0] > 1 && colours[2] > 100, `colours of the strips: ${colours}`);
  });

  test(`the first page: under ${mostBytes / 1000} kB, painted within a second, nothing moves, nothing foreign, nothing recorded`, async (t) => {
    const given = await fresh();
    await given.addInitScript(() => {
      window.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    const page = await given.newPage();
    const requests = [];
    given.on('requestfinished', (request) => requests.push(request));
    await page.goto(demo.url);
    await page.locator('.consent').waitFor();
    await page.locator('.card:not(.skeleton)').first().waitFor();
    await page.locator('.chip', { hasText: /model \d/ }).waitFor();
    await page.waitForTimeout(500);
    const sizes = await Promise.all(requests.map(async (request) => {
      const { responseBodySize, responseHeadersSize } = await request.sizes();
      // Of a worker's own script the browser reports no size.
      const length = Number((await (await request.response()).allHeaders())['content-length'] ?? 0);
      return [new URL(request.url()).pathname, Math.max(responseBodySize, length) + responseHeadersSize];
    }));
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    t.diagnostic(`${(total / 1000).toFixed(0)} kB: ${sizes.sort(([, a], [, b]) => b - a).map(([path, size]) => `${path} ${size}`).join(', ')}`);
    assert(sizes.some(([path]) => path.endsWith('.wasm')), 'what the worker fetches is counted');
    assert(sizes.some(([path]) => path.startsWith('/v1/files/')), 'the model is counted');
    assert(total < mostBytes, `${total} bytes`);
    const { siteUrl } = await page.evaluate(() => fetch('demo/config.json').then((answer) => answer.json()));
    const ours = [new URL(demo.url).origin, new URL(siteUrl).origin];
    for (const request of requests) assert(ours.includes(new URL(request.url()).origin), request.url());
    const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime);
    const shift = await page.evaluate(() => window.shift);
    t.diagnostic(`first paint after ${paint.toFixed(0)} ms, layout shift ${shift.toFixed(4)}`);
    assert(paint < mostPaintMs, `first paint after ${paint} ms`);
    assert(shift < mostShift, `layout shift ${shift}`);
    assert.deepEqual(new Set((await cards(page)).map(({ source }) => source)), new Set(['popular']));
    await readArticle(page, (await cards(page))[0].id);
    const stored = await page.evaluate(async () => ({ databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length, local: localStorage.length, workers: (await navigator.serviceWorker.getRegistrations()).length }));
    assert.deepEqual(stored, { databases: 0, caches: 0, local: 0, workers: 0 });
  });

  test('five articles of one topic, and the topic rises; the reasons name them', async (t) => {
    const page = await visit(await fresh(), demo.url, { consent: {} });
    const items = await page.evaluate(() => fetch('demo/items.json').then((answer) => answer.json()));
    const top = async () => (await settledCards(page)).slice(0, 20);
    const share = (list, topic) => list.filter((card) => card.topic.toLowerCase() === topic).length / list.length;
    const listed = await top();
    const topic = [...new Set(items.map((item) => item.topic))]
      .sort((a, b) => share(listed, a) - share(listed, b))[0];
    const five = items.filter((item) => item.topic === topic).slice(0, 5);
    for (const { id } of five) await readArticle(page, id, 8000);
    const now = await top();
    t.diagnostic(`${topic}: ${share(listed, topic)} of the top 20 before, ${share(now, topic)} after`);
    // Models differ from run to run by their noise: 0.15 to 0.3 were seen. By chance it would be a sixteenth.
    assert(share(now, topic) >= share(listed, topic) + 0.1, `${share(listed, topic)} to ${share(now, topic)}`);
    const personal = now.filter(({ source }) => source === 'personal');
    assert(personal.length > 10, `${personal.length} personal cards`);
    for (const { why } of personal) assert(five.some(({ title }) => why.includes(title)), why);
    await open(page, 'you');
    await page.locator('.bars li').first().waitFor();
    assert.equal((await page.locator('.bar-name').first().innerText()).toLowerCase(), topic);

    // Surprise leaves exactly that topic to the other places.
    await open(page, 'read');
    await page.getByRole('slider', { name: 'Surprise' }).fill('20');
    await page.locator('.why', { hasText: 'A detour' }).first().waitFor();
    const detours = (await settledCards(page)).filter(({ why }) => why.startsWith('A detour'));
    assert(detours.length >= 8, `${detours.length} detours`);
    for (const { topic: other } of detours) assert.notEqual(other.toLowerCase(), topic);
    assert.deepEqual(page.problems, []);
  });

  test('hiding an article takes it out of the list; reading shows what was noted', async () => {
    const page = await visit(await fresh(), demo.url, { consent: {} });
    const [first, second] = await settledCards(page);
    await page.getByRole('button', { name: /^Hide/ }).first().click();
    await page.locator(`.card[data-key="${first.id}"]`).waitFor({ state: 'detached' });
    await readArticle(page, second.id);
    await open(page, `article/${second.id}`);
    await page.getByText(/that you looked at it for \d+ s, that you saw \d+%/).waitFor();
    await page.locator('.similar-list a').first().waitFor();
  });

  test('forget forgets, on the device and in the page', async () => {
    const page = await visit(await fresh(), demo.url, { consent: { contribute: true } });
    await readArticle(page, (await cards(page))[0].id);
    await open(page, 'you');
    await page.locator('.bars li').first().waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export' }).click()]);
    assert.equal(JSON.parse(readFileSync(await download.path(), 'utf8')).format, 'sotto export 1');
    await page.getByRole('button', { name: 'Forget…' }).click();
    await page.getByRole('button', { name: 'Forget everything' }).click();
    await page.getByText('You have not agreed to be remembered').waitFor();
    await until('nothing to be left on the device', async () => page.evaluate(async () =>
      (await indexedDB.databases()).length + (await caches.keys()).length + (await navigator.serviceWorker.getRegistrations()).length === 0));
    await open(page, 'read');
    await page.locator('.consent').waitFor();
    await until('everybody\'s list', async () => (await cards(page)).every(({ source }) => source === 'popular'));
  });

  for (const theme of ['light', 'dark']) {
    test(`${theme}: every page is accessible, and at 390 px has room for thumbs and none to the side`, async () => {
      mkdirSync(screenshots, { recursive: true });
      const page = await visit(await fresh({ colorScheme: theme }), demo.url);
      const look = async (name) => {
        for (const viewport of [wide, narrow]) {
          await page.setViewportSize(viewport);
          await page.evaluate(() => scrollTo(0, 0));
          await page.waitForTimeout(1200); // what glides has arrived
          await page.screenshot({ path: join(screenshots, `${name}-${viewport.width}-${theme}.png`) });
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => window.axe.run(document));
          assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ target, failureSummary }) => `${target}: ${failureSummary}`)]), [], `${name} at ${viewport.width}`);
          if (viewport === narrow) {
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), narrow.width, `${name}: no scrolling to the side`);
            assert.deepEqual(await smallTargets(page), [], name);
          }
        }
        await page.setViewportSize(wide);
      };
      await look('first-visit');
      await agree(page);
      const chosen = (await settledCards(page)).slice(0, 3);
      for (const { id } of chosen) await readArticle(page, id);
      for (const name of [`article/${chosen[0].id}`, ...pages]) {
        await open(page, name);
        await page.locator('.skeleton').first().waitFor({ state: 'detached' });
        await look(name.split('/')[0]);
      }
    });
  }

  test('with the keyboard: the skip link, then a page\'s heading has the focus', async () => {
    const page = await visit(await fresh(), demo.url);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    await page.getByRole('link', { name: 'Privacy' }).first().press('Enter');
    await page.waitForFunction(() => document.activeElement.matches('.page-privacy h1'));
  });

  test('who asks for less motion sees no card move', async () => {
    const page = await visit(await fresh({ reducedMotion: 'reduce' }), demo.url, { consent: {} });
    await readArticle(page, (await settledCards(page))[5].id);
    for (let n = 0; n < 20; n++) {
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
      await page.waitForTimeout(50);
    }
  });

  // Last: it ends the servers.
  test('without the servers it opens, says so, and goes on recommending', async () => {
    const page = await visit(await fresh(), demo.url, { consent: {} });
    await readArticle(page, (await settledCards(page))[0].id);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await until('the site to be kept', () => page.evaluate(async () => (await (await caches.open('sotto-demo')).keys()).length > 8));
    await context.setOffline(true);
    await demo.stop();
    await page.reload();
    const before = await settledCards(page);
    assert.equal(before[0].source, 'personal');
    await page.getByText('The site’s server does not answer').waitFor();
    const liked = before.at(-1);
    await page.getByRole('button', { name: /^More like this/ }).last().click();
    await until('another list', async () => {
      const now = await settledCards(page);
      return now.some(({ id }) => !before.some((card) => card.id === id)) && !now.some(({ id }) => id === liked.id);
    });
    await open(page, `article/${before[0].id}`);
    await page.getByText('This text is not on your device').waitFor();
  });
});

/** Things to tap that are smaller than a thumb. Links in running text are as high as their line. */
const smallTargets = (page) => page.evaluate(() => {
  const covers = '.card-title a, .small-title a'; // their ::after covers the card
  return [...document.querySelectorAll('a[href], button, input')].filter((element) => {
    if (element.matches('.skip') || !element.checkVisibility()) return false;
    if (element.matches('p a, li span a') && getComputedStyle(element).display === 'inline') return false;
    const { width, height } = (element.matches(covers) ? element.closest('[data-sotto-item]') : element).getBoundingClientRect();
    return width < 44 || height < 44;
  }).map((element) => `${element.tagName} ${element.className} ${element.textContent}`);
});
