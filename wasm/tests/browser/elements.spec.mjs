// <sotto-list>, <sotto-privacy> and the markup entry in Chromium, against a Recommender that answers
// what the test says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, afterEach, beforeEach, test } from 'node:test';

import { bundle, frames, openBrowser } from './chromium.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const script = await bundle(`
  import { defineElements } from '../../src/elements/index.ts';
  import { StubRecommender } from './stub_recommender.mjs';
  Object.assign(globalThis, { StubRecommender, defineElements, told: [], updates: 0 });
  globalThis.stub = new StubRecommender();
  addEventListener('sotto-update', () => { globalThis.updates += 1; });
  addEventListener('sotto-error', ({ detail }) => { globalThis.told.push(String(detail)); });
`);
const style = `:root { color-scheme: light dark } body { margin: 0; font-family: sans-serif }
  .card { display: block; height: 80px; margin: 0 }`;

const browser = await openBrowser();
after(browser.close);
let page;
let expectedErrors;
beforeEach(() => { expectedErrors = []; });
afterEach(async () => {
  assert.deepEqual(page.errors, expectedErrors);
  await page.context().close();
});

/** Opens `body` and defines the elements with the stub, of which `set` sets properties. */
async function open(body, set = {}, { files = {}, context = {} } = {}) {
  page = await browser.open({ body: `<main>${body}</main>`, script, style, files, context });
  await page.waitForFunction(() => globalThis.stub);
  await page.evaluate((set) => {
    Object.assign(globalThis.stub, set);
    globalThis.defineElements(globalThis.stub);
  }, set);
}
const updated = (times = 1) => page.waitForFunction((times) => globalThis.updates >= times, times);
const told = () => page.evaluate(() => globalThis.told);
const calls = (name) => page.evaluate((name) => globalThis.stub.calls
  .filter(([called]) => called === name).map(([, argument]) => argument), name);
/** Ids of the visible cards, in the document's order. */
const order = () => page.evaluate(() => [...document.querySelectorAll('[data-sotto-item]')]
  .filter((card) => card.getBoundingClientRect().height > 0).map((card) => card.dataset.sottoItem).join(' '));
/** Another list, and word of it. */
const relist = (list) => page.evaluate((list) => {
  globalThis.stub.list = list;
  globalThis.stub.tell('change', { reason: 'event' });
}, list);
const cards = (ids) => ids.split(' ').map((id) =>
  `<a class="card" href="#${id}" data-sotto-item="${id}" data-sotto-title="Title ${id}">${id}
     <small data-why></small></a>`).join('');

test('a list of the page is put in order, and what exceeds count is hidden whatever its display', async () => {
  await open(`<sotto-list count="3" diversity="0.4" surface="side" context-item="x" include-seen>${
    cards('a b c d e')}</sotto-list>`, { list: ['d', 'b'] });
  await updated();
  assert.equal(await order(), 'd b a');
  assert.deepEqual(await calls('recommend'), [{ count: 3, diversity: 0.4, includeSeen: true,
    context: { surface: 'side', item: 'x' }, only: ['a', 'b', 'c', 'd', 'e'] }]);
  await relist(['e']);
  await updated(2);
  assert.equal(await order(), 'e a b', 'others stand as the site had them');
});

test('without count all cards stay, also in a list element within the list', async () => {
  await open(`<sotto-list><h2>For you</h2><ul><li data-sotto-item="a">a</li><!-- between -->
    <li data-sotto-item="b">b</li><li data-sotto-item="c">c</li></ul></sotto-list>`, { list: ['c', 'a'] });
  await updated();
  assert.equal(await order(), 'c a b');
  assert.equal(await page.evaluate(() => document.querySelector('sotto-list > h2 + ul > li').textContent), 'c');
});

test('the card with the focus keeps it, is not taken out, and stays in sight', async () => {
  await open(`<sotto-list count="2">${cards('a b c d')}</sotto-list>`, { list: ['a', 'b'] });
  await updated();
  await page.evaluate(() => {
    globalThis.taken = [];
    new MutationObserver((records) => {
      for (const { removedNodes } of records)
        for (const { dataset } of removedNodes) globalThis.taken.push(dataset?.sottoItem);
    }).observe(document.querySelector('sotto-list'), { childList: true });
    document.querySelector('[data-sotto-item=b]').focus();
  });
  await relist(['b', 'a']);
  await updated(2);
  assert.equal(await order(), 'b a');
  await relist(['d', 'c']);
  await updated(3);
  assert.equal(await order(), 'd b');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.sottoItem), 'b');
  assert(!(await page.evaluate(() => globalThis.taken)).includes('b'));
});

test('the page does not scroll when a list above or in the viewport changes its order', async () => {
  await open(`<sotto-list>${cards('a b c d e f g h i j k l')}</sotto-list><p class="card">x</p>
    ${cards('m n o p q r s t u v')}`, { list: ['a'] });
  await updated();
  await page.evaluate(() => scrollTo(0, 400));
  await frames(page);
  await relist(['l', 'k', 'j', 'f', 'a']);
  await updated(2);
  await frames(page);
  assert.match(await order(), /^l k j f a b/);
  assert.equal(await page.evaluate(() => scrollY), 400);
});

const animated = () => page.evaluate(() => [...document.querySelectorAll('[data-sotto-item]')]
  .flatMap((card) => card.getAnimations()).map((animation) => animation.effect.getKeyframes()
    .flatMap((frame) => Object.keys(frame)).filter((key) => !/^(offset|computedOffset|easing|composite)$/.test(key))));

test('cards glide by transforms alone', async () => {
  await open(`<sotto-list>${cards('a b c')}</sotto-list>`, { list: ['a'] });
  await updated();
  assert.deepEqual(await animated(), []);
  await relist(['c']);
  await updated(2);
  assert.deepEqual(new Set((await animated()).flat()), new Set(['transform']));
});

test('nothing glides for those who asked for reduced motion', async () => {
  await open(`<sotto-list>${cards('a b c')}</sotto-list>`, { list: ['c', 'b'] },
    { context: { reducedMotion: 'reduce' } });
  await updated();
  assert.equal(await order(), 'c b a');
  assert.deepEqual(await animated(), []);
});

test('nothing moves under a pressed pointer or key, and the click hits what was meant', async () => {
  await open(`<sotto-list>${cards('a b c')}</sotto-list>`, { list: ['a', 'b', 'c'] });
  await updated();
  await page.evaluate(() => addEventListener('click', ({ target }) => {
    globalThis.hit = target.closest('[data-sotto-item]').dataset.sottoItem;
  }));
  await page.mouse.move(100, 20);
  await page.mouse.down();
  await relist(['c', 'b', 'a']);
  await frames(page);
  assert.equal(await order(), 'a b c');
  await page.mouse.up();
  await updated(2);
  assert.equal(await order(), 'c b a');
  assert.equal(await page.evaluate(() => globalThis.hit), 'a');
  await page.focus('[data-sotto-item=b]');
  await page.keyboard.down('Enter');
  await relist(['a', 'c', 'b']);
  await frames(page);
  assert.equal(await order(), 'c b a');
  await page.keyboard.up('Enter');
  await updated(3);
  assert.equal(await order(), 'a c b');
});

test('cards that come later take part', async () => {
  await open('<sotto-list count="2"></sotto-list>', { list: ['b', 'a'] });
  await page.evaluate(() => {
    for (const id of ['a', 'b', 'c']) {
      const card = document.createElement('a');
      card.className = 'card';
      card.dataset.sottoItem = id;
      document.querySelector('sotto-list').append(card);
    }
  });
  await updated();
  assert.equal(await order(), 'b a');
  assert.equal((await calls('recommend')).length, 1);
});

test('the fallback stays when the recommender fails, and the next change tries again', async () => {
  await open(`<sotto-list count="1">${cards('a b')}</sotto-list>`,
    { list: ['b'], failing: { recommend: 'no model' } });
  await page.waitForFunction(() => globalThis.told.length > 0);
  assert.equal(await order(), 'a b');
  assert.deepEqual(await told(), ['no model']);
  await page.evaluate(() => { globalThis.stub.failing = {}; });
  await relist(['b']);
  await updated();
  assert.equal(await order(), 'b');
});

test('an attribute that is wrong is named', async () => {
  await open(`<sotto-list count="many">${cards('a')}</sotto-list>`);
  await page.waitForFunction(() => globalThis.told.length > 0);
  await page.evaluate(() => document.querySelector('sotto-list').setAttribute('count', '1'));
  await updated();
  await page.evaluate(() => document.querySelector('sotto-list').setAttribute('diversity', '2'));
  await page.waitForFunction(() => globalThis.told.length > 1);
  assert.deepEqual(await told(), ['RangeError: sotto-list: count="many": a whole number, 1 .. 1000',
    'RangeError: sotto-list: diversity="2": a number, 0 .. 1']);
});

test('why is told where there is a title for it', async () => {
  await open(`<sotto-list why="Weil Sie {title} gelesen haben" count="3">${cards('a b c')}</sotto-list>
    <p data-sotto-item="old" data-sotto-title="$&amp; <i>Tides</i>"></p>`,
    { list: ['a', 'b', 'c'], reasons: { a: ['a', 'gone', 'old'], b: ['gone'] } });
  await updated();
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('[data-why]')]
    .map((why) => [why.hidden, why.textContent])),
  [[false, 'Weil Sie $& <i>Tides</i> gelesen haben'], [true, ''], [true, '']]);
  await page.evaluate(() => {
    document.querySelector('sotto-list').titleOf = (item) => (item === 'gone' ? 'Sand' : undefined);
    globalThis.stub.tell('change', { reason: 'event' });
  });
  await updated(2);
  assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('[data-why]')]
    .map((why) => why.textContent)), ['Weil Sie Sand gelesen haben', 'Weil Sie Sand gelesen haben', '']);
});

const template = `<template><a class="card" data-href="url"><img data-src="image" data-alt="title">
  <b data-text="title"></b><small data-why></small></a></template>`;
const hostile = [
  { id: 'a', title: '<img src=x onerror="globalThis.hit = 1">', url: '/a', image: '/a.png' },
  { id: 'b', title: 'B', url: ' java\nscript:globalThis.hit=1', image: 'data:image/svg+xml,<svg/>' },
  { id: 'c', title: { toString: 'C' }, url: 'https://other.example/c' },
  { id: 'd', title: 4 },
];

test('a list of a file is made of its template, and text and links stay harmless', async () => {
  await open(`<sotto-list src="/items.json" count="3" why>${template}<p class="fallback">All of them</p></sotto-list>`,
    { list: ['b', 'a', 'c', 'd'], reasons: { a: ['d'], b: ['c'] } }, { files: { '/items.json': hostile } });
  await updated();
  const made = await page.evaluate(() => [...document.querySelectorAll('.card')].map((card) => ({
    href: card.getAttribute('href')?.replace(location.origin, ''),
    src: card.querySelector('img').getAttribute('src')?.replace(location.origin, ''),
    alt: card.querySelector('img').alt, text: card.querySelector('b').textContent,
    elements: card.querySelector('b').childElementCount, why: card.querySelector('small').textContent })));
  assert.deepEqual(made, [
    { href: undefined, src: undefined, alt: 'B', text: 'B', elements: 0, why: '' },
    { href: '/a', src: '/a.png', alt: hostile[0].title, text: hostile[0].title, elements: 0, why: '' },
    { href: 'https://other.example/c', src: undefined, alt: '', text: '', elements: 0, why: '' }]
    .map((card) => ({ ...card })));
  assert.deepEqual(await told(), ['TypeError: items: "b".url: not a URL of http or https',
    'TypeError: items: "b".image: not a URL of http or https']);
  assert.equal(await page.evaluate(() => globalThis.hit), undefined);
  assert.equal(await page.evaluate(() => document.querySelector('.fallback').getBoundingClientRect().height), 0);
  await relist(['d', 'a']);
  await updated(2);
  assert.equal(await order(), 'd a');
  expectedErrors = page.errors.filter((error) => error.includes('404'));
});

test('a file that is wrong or missing leaves the fallback', async () => {
  const body = `<sotto-list src="/items.json">${template}<p class="fallback">All of them</p></sotto-list>`;
  await open(body, {}, { files: { '/items.json': [{ id: 'a' }, { id: '' }] } });
  await page.waitForFunction(() => globalThis.told.length > 0);
  await page.evaluate(() => document.querySelector('sotto-list').setAttribute('src', '/none.json'));
  await page.waitForFunction(() => globalThis.told.length > 1);
  assert.deepEqual(await told(), ['TypeError: items[1].id: a string of 1 to 256 bytes is needed',
    'Error: sotto-list: /none.json: HTTP 404']);
  assert(await page.isVisible('.fallback'));
  expectedErrors = page.errors.filter((error) => error.includes('404'));
});

test('elements follow the recommender that takes the place of the first', async () => {
  await open(`<sotto-list>${cards('a b')}</sotto-list><sotto-privacy></sotto-privacy>`, { list: ['b'] });
  await updated();
  await page.evaluate(() => {
    const second = new globalThis.StubRecommender();
    second.privacy = { ...second.privacy, paused: true, blocked: 'paused' };
    globalThis.defineElements(second);
    globalThis.stub.tell('change', { reason: 'event' });
  });
  await updated(2);
  assert.equal(await order(), 'a b');
  assert.equal((await calls('recommend')).length, 1);
  assert(await page.isVisible('text=Paused: nothing is recorded'));
});

// ---- <sotto-privacy>

const privacy = (set, options) => open('<sotto-privacy></sotto-privacy>', set, options);
/** Opens the reports, whose rows come with the event that tells it. */
const openReports = async () => {
  await page.getByText('Reports: 4').click();
  await page.getByRole('listitem').first().waitFor();
};
const choices = () => page.evaluate(() => [...document.querySelector('sotto-privacy').shadowRoot
  .querySelectorAll('input')].map(({ checked, disabled }) => `${checked ? 'on' : 'off'}${disabled ? ', disabled' : ''}`));

test('contributing needs personalising, and a choice that fails is taken back and told', async () => {
  await privacy();
  await page.getByLabel('Personal recommendations').click();
  assert.deepEqual(await choices(), ['off', 'off, disabled']);
  await page.getByLabel('Personal recommendations').focus();
  await page.keyboard.press('Space');
  assert.deepEqual(await choices(), ['on', 'off']);
  await page.getByText('Help everybody').click();
  assert.deepEqual(await choices(), ['on', 'on']);
  assert.deepEqual(await calls('setConsent'), [{ personalise: false, contribute: false },
    { personalise: true, contribute: false }, { personalise: true, contribute: true }]);
  await page.evaluate(() => {
    globalThis.stub.failing = { setConsent: Object.assign(new Error('full'), { code: 'STORAGE' }) };
  });
  await page.getByLabel('Help everybody').click();
  assert.equal(await page.getByRole('status').textContent(), 'That did not work (STORAGE).');
  assert.deepEqual(await choices(), ['on', 'on']);
  assert.deepEqual(await told(), ['Error: full']);
});

test('every reason why nothing is sent has its words, and describes the switch', async () => {
  await privacy();
  const words = { consent: 'not agreed', gpc: 'Global Privacy Control', automation: 'driven by a program',
    paused: 'until you resume', storage: 'keeps nothing', locks: 'two tabs', ledger: 'damaged',
    budget: 'spent for now' };
  for (const [blocked, part] of Object.entries(words)) {
    await page.evaluate((blocked) => globalThis.stub.become({ blocked }), blocked);
    const described = await page.evaluate(() => {
      const { shadowRoot } = document.querySelector('sotto-privacy');
      return shadowRoot.querySelector('#contribute').getAttribute('aria-describedby').split(' ')
        .map((id) => shadowRoot.getElementById(id).textContent).join(' ');
    });
    assert(described.includes(part), `${blocked}: ${described}`);
  }
});

test('budget and reports are shown as figures', async () => {
  await privacy();
  const meter = page.getByRole('meter', { name: 'Privacy budget' });
  assert.equal(await meter.getAttribute('aria-valuenow'), '19');
  assert.equal(await meter.getAttribute('aria-valuetext'), '19% spent in the last 90 days');
  await openReports();
  const rows = await page.getByRole('listitem').allTextContents();
  assert.equal(rows.length, 4);
  assert.match(rows[0], /^Waits, to be sent Mar 15, 2026.*epsilon 1.31, 938 kB$/);
  assert.match(rows[3], /^Sent Mar 14, 2026/);
  await page.evaluate(() => globalThis.stub.become({ contributions: [] }));
  assert.deepEqual(await page.getByRole('listitem').allTextContents(), ['None so far.']);
});

test('pause and resume', async () => {
  await privacy();
  await page.getByRole('button', { name: 'Pause' }).click();
  assert.equal(await page.getByRole('status').textContent(), 'Paused.');
  await page.getByRole('button', { name: 'Resume' }).click();
  assert.equal(await page.getByRole('status').textContent(), 'Resumed.');
  assert(await page.getByRole('button', { name: 'Pause' }).isVisible());
});

test('export is a file with everything', async () => {
  await privacy();
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export' }).click()]);
  assert.equal(download.suggestedFilename(), 'sotto-news.example-..-x-2026-03-14.json');
  assert.equal(JSON.parse(await readFile(await download.path(), 'utf8')).format, 'sotto export 1');
});

test('forgetting asks first, in place, and by the keyboard alone', async () => {
  await privacy();
  await page.getByRole('button', { name: 'Forget everything' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('group', { name: /Forget everything that/ }).waitFor();
  assert.deepEqual(await calls('forget'), []);
  await page.keyboard.press('Escape');
  assert(await page.getByRole('button', { name: 'Forget everything' }).evaluate((button) =>
    button.getRootNode().activeElement === button));
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.getByRole('status').textContent(), 'Everything on this device is forgotten.');
  assert.equal((await calls('forget')).length, 1);
  assert.deepEqual(await choices(), ['off', 'off, disabled']);
});

test('texts are the site\'s to translate, and a text that is none is named', async () => {
  await open(`<sotto-privacy lang="de" messages='{"pause": "Anhalten", "states": {"sent": "Gesendet {date}"},
    "budgetWindow": "{spent} von {limit}"}'><h3 slot="heading">Privates</h3></sotto-privacy>`);
  assert(await page.getByRole('region', { name: 'Privates' }).isVisible());
  assert(await page.getByRole('button', { name: 'Anhalten' }).isVisible());
  assert(await page.getByText('2,31 von 5,22').isVisible());
  await openReports();
  assert.match((await page.getByRole('listitem').allTextContents())[3], /^Gesendet 14\.03\.2026/);
  await page.evaluate(() => {
    document.querySelector('sotto-privacy').messages = { pause: 'Halt' };
    document.querySelector('sotto-privacy').setAttribute('messages', '{"pauze": "x"}');
  });
  assert(await page.getByRole('button', { name: 'Halt' }).isVisible());
  assert.deepEqual(await told(), ['TypeError: messages.pauze: not a message']);
});

for (const colorScheme of ['light', 'dark']) {
  for (const width of [390, 1200]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, async () => {
      await open(`<h1>Test</h1><sotto-list>${cards('a b')}</sotto-list><sotto-privacy></sotto-privacy>`,
        { list: ['b'] }, { context: { viewport: { width, height: 900 }, colorScheme } });
      await updated();
      const client = await page.context().newCDPSession(page);
      const look = async (where) => {
        await client.send('Runtime.evaluate', { expression: axe });
        const wrong = await page.evaluate(async () => (await globalThis.axe.run(document, {
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('; ')}`));
        assert.deepEqual(wrong, [], where);
      };
      await look('as it opens');
      await page.evaluate(() => {
        globalThis.stub.become({ consent: { personalise: false, contribute: false }, blocked: 'gpc',
          storage: 'memory' });
        document.querySelector('sotto-privacy').shadowRoot.querySelector('details').open = true;
      });
      await page.getByRole('button', { name: 'Forget everything' }).click();
      await look('with everything open');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= width, `nothing is wider than the page: ${wide}`);
    });
  }
}

// ---- sotto/markup

const markup = await bundle(`
  import { ready } from '../../src/markup.ts';
  ready.then((recommender) => { globalThis.made = recommender; }, () => { globalThis.failed = true; });
`, { './index.js': `
  import { StubRecommender } from './stub_recommender.mjs';
  export async function createRecommender(options) {
    return Object.assign(new StubRecommender(), { options });
  }` });
const link = (keys) => `<link rel="sotto" href="/v1/site.json" data-publisher="${keys[0]}"
  data-leader="${keys[1]}" data-helper="${keys[2]}" data-demo>`;
const keys = ['a1'.repeat(32), 'b2'.repeat(32), 'c3'.repeat(32)];

test('markup alone makes a recommender, defines the elements and observes the body', async () => {
  page = await browser.open({ body: '<sotto-privacy></sotto-privacy>', head: link(keys), script: markup });
  await page.waitForFunction(() => globalThis.made);
  const { options, calls, origin } = await page.evaluate(() =>
    ({ options: globalThis.made.options, calls: globalThis.made.calls, origin: location.origin }));
  assert.deepEqual(options, { site: `${origin}/v1/site.json`, demo: true,
    identities: { publisher: keys[0], leader: keys[1], helper: keys[2] } });
  assert.deepEqual(calls, [['observe', 'BODY']]);
  assert(await page.getByRole('heading', { name: 'Your recommendations' }).isVisible());
});

test('markup that is wrong is one error in the console, which names the attribute', async () => {
  page = await browser.open({ body: '', head: link([keys[0], 'short', keys[2]]), script: markup });
  await page.waitForFunction(() => globalThis.failed);
  assert.equal(page.errors.length, 1);
  assert.match(page.errors[0], /data-leader: 64 hexadecimal digits/);
  expectedErrors = page.errors;
});
