// What observe() records of a real page: layout, scrolling, clicks and keys are Chromium's own; time
// stands still but for runFor().
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';

import { bundle, frames, openBrowser, setHidden } from './chromium.mjs';

const script = await bundle(`
  import { observe } from '../../src/observe.ts';
  const kept = () => JSON.parse(localStorage.getItem('events') ?? '[]');
  globalThis.take = () => { const events = kept(); localStorage.clear(); return events; };
  globalThis.start = (selector, options) => {
    globalThis.stop = observe(async (event) => {
      if (event.item === 'refused') throw new TypeError('item: refused');
      localStorage.setItem('events', JSON.stringify([...kept(), event]));
      return true;
    }, document.querySelector(selector), options);
  };
`);
const style = `body, h1 { margin: 0 } .card { display: block; height: 200px; border: 0; width: 100% }
  .gap { height: 2000px }`;
const card = (id) => `<a class="card" href="#${id}" data-sotto-item="${id}">${id}</a>`;
const article = (id, height) =>
  `<article data-sotto-item="${id}" data-sotto-page style="height: ${height}px"><h1>T</h1></article>`;

const browser = await openBrowser();
after(browser.close);
let page;
let expectedErrors;
beforeEach(() => { expectedErrors = []; });
afterEach(async () => {
  assert.deepEqual(page.errors, expectedErrors);
  await page.context().close();
});

async function start(body, { options = {}, root = 'body', hidden = false } = {}) {
  // A policy without inline styles: heights are set through the CSSOM.
  page = await browser.open({ body: body.replaceAll(' style="', ' data-style="'), script, style, clock: true });
  await page.evaluate(() => {
    for (const element of document.querySelectorAll('[data-style]'))
      element.style.cssText = element.dataset.style;
  });
  if (hidden) await setHidden(page, true);
  await page.evaluate(([root, options]) => globalThis.start(root, options), [root, options]);
  await frames(page);
}
const take = () => page.evaluate(() => globalThis.take());
/** "impression a" for events without a value; dwell and scroll with theirs, rounded. */
const told = async () => (await take()).map(({ type, item, value }) => {
  if (value === undefined) return `${type} ${item}`;
  return `${type} ${item} ${type === 'dwell' ? Math.round(value / 100) / 10 : Math.round(value * 100) / 100}`;
});
const scrollTo = async (y) => {
  await page.evaluate((y) => scrollTo({ top: y, behavior: 'instant' }), y);
  await frames(page);
};
const runFor = (ms) => page.clock.runFor(ms);
const change = async (how) => {
  await page.evaluate(how);
  await frames(page);
};

test('an item that was half visible for a second has made an impression, once', async () => {
  await start(`${card('a')}${card('b')}<div class="gap"></div>${card('c')}`);
  await runFor(800);
  assert.deepEqual(await told(), []);
  await runFor(200);
  assert.deepEqual(await told(), ['impression a', 'impression b']);
  await scrollTo(2000);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression c']);
  await scrollTo(0);
  await runFor(5000);
  assert.deepEqual(await told(), []);
});

test('less than half of an item is none, and half of it is one', async () => {
  await start(`<div style="height: 510px"></div>${card('a')}<div class="gap"></div>`);
  await runFor(5000);
  assert.deepEqual(await told(), []);
  await scrollTo(10);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression a']);
});

test('part and time are the page\'s to choose, within their range', async () => {
  await start(`<div style="height: 570px"></div>${card('a')}<div class="gap"></div>`,
    { options: { visiblePart: 0.1, visibleMs: 200 } });
  await runFor(200);
  assert.deepEqual(await told(), ['impression a']);
  for (const [options, name] of [[{ visiblePart: 0 }, 'visiblePart'], [{ visiblePart: 1.5 }, 'visiblePart'],
    [{ visibleMs: -1 }, 'visibleMs'], [{ visibleMs: Number.NaN }, 'visibleMs']]) {
    const message = await page.evaluate((options) => {
      try {
        globalThis.start('body', options);
      } catch (error) {
        return `${error}`;
      }
    }, options);
    assert.match(message, new RegExp(`^RangeError: ${name}`));
  }
});

test('what is scrolled by quickly makes no impression, and time in sight does not add up', async () => {
  await start(`<div class="gap"></div>${card('a')}<div class="gap"></div>`);
  for (let times = 0; times < 3; times += 1) {
    await scrollTo(1900);
    await runFor(700);
    await scrollTo(0);
    await runFor(700);
  }
  assert.deepEqual(await told(), []);
});

test('nothing is seen, and no timer runs, while the document is hidden', async () => {
  await start(`${card('a')}${article('p', 300)}`, { hidden: true });
  await runFor(5000);
  assert.deepEqual(await told(), []);
  await setHidden(page, false);
  await runFor(600);
  await setHidden(page, true);
  await runFor(5000);
  assert.deepEqual(await told(), ['view p', 'dwell p 0.6', 'scroll p 1']);
  await setHidden(page, false);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression a', 'impression p']);
});

test('an item taller than the viewport is seen when it fills half of the viewport', async () => {
  await start(`<div style="height: 700px"></div>
    <div data-sotto-item="tall" style="height: 6000px"></div>`);
  await scrollTo(390);
  await runFor(2000);
  assert.deepEqual(await told(), []);
  await scrollTo(401);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression tall']);
});

test('clicks, keys and middle clicks count, right clicks do not', async () => {
  await start(`<p>outside</p>${card('a')}
    <div class="card" data-sotto-item="b"><button>Open</button></div>`);
  await page.click('a');
  assert.deepEqual(await told(), ['click a']);
  await page.focus('a');
  await page.keyboard.press('Enter');
  await page.focus('button');
  await page.keyboard.press('Space');
  assert.deepEqual(await told(), ['click a', 'click b']);
  await page.click('a', { button: 'right' });
  await page.click('p');
  assert.deepEqual(await told(), []);
  const opened = page.context().waitForEvent('page');
  await page.click('a', { button: 'middle' });
  await opened;
  assert.deepEqual(await told(), ['click a']);
});

test('a click counts whatever the page makes of it', async () => {
  await start(card('a'));
  await page.evaluate(() => document.querySelector('a').addEventListener('click', (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  }));
  await page.click('a');
  assert.deepEqual(await told(), ['click a']);
});

test('a click in the item\'s own page chose nothing, but in a card within it did', async () => {
  await start(`<article data-sotto-item="p" data-sotto-page><h1>Title</h1>${card('a')}</article>`);
  await page.click('h1');
  await page.click('a');
  assert.deepEqual((await told()).filter((event) => event.startsWith('click')), ['click a']);
});

test('a page that a script removes tells its view, time and depth', async () => {
  await start(article('p', 1200));
  assert.deepEqual(await told(), ['view p']);
  await runFor(3000);
  await scrollTo(300);
  await scrollTo(0);
  await runFor(1000);
  await change(() => document.querySelector('article').remove());
  const events = await told();
  assert.deepEqual(events, ['impression p', 'dwell p 4.1', 'scroll p 0.75']);
  await runFor(5000);
  await change(() => globalThis.stop());
  assert.deepEqual(await told(), []);
});

test('time out of sight and hidden is not dwelt, and what was told is not told again', async () => {
  await start(`${article('p', 600)}<div class="gap"></div><div class="gap"></div>`);
  await runFor(2000);
  await scrollTo(1500);
  await take();
  await runFor(10_000);
  await scrollTo(0);
  await runFor(1000);
  await setHidden(page, true);
  assert.deepEqual(await told(), ['dwell p 3.1', 'scroll p 1']);
  await runFor(10_000);
  await setHidden(page, false);
  await runFor(500);
  await change(() => globalThis.stop());
  assert.deepEqual(await told(), ['dwell p 0.5']);
});

test('a page that the visitor leaves by a link has told its time', async () => {
  await start(`<a href="?next">next</a>${article('p', 2400)}`);
  await runFor(5000);
  await take();
  await page.click('a');
  await page.waitForURL('**/?next');
  await page.waitForFunction(() => globalThis.take);
  assert.deepEqual(await told(), ['dwell p 5', 'scroll p 0.24']);
});

test('a page that comes back from the browser\'s cache goes on', async () => {
  await start(article('p', 300));
  await runFor(2000);
  await take();
  const send = (type) => page.evaluate((type) =>
    dispatchEvent(new PageTransitionEvent(type, { persisted: true })), type);
  await send('pagehide');
  await runFor(10_000);
  await send('pageshow');
  await runFor(1000);
  await send('pagehide');
  assert.deepEqual(await told(), ['dwell p 2', 'scroll p 1', 'dwell p 1']);
});

test('an element that stands for another item is another item', async () => {
  await start(`${card('a')}${article('p', 300)}`);
  await runFor(1000);
  assert.deepEqual(await told(), ['view p', 'impression a', 'impression p']);
  await change(() => {
    document.querySelector('a').dataset.sottoItem = 'b';
    document.querySelector('article').dataset.sottoItem = 'q';
  });
  assert.deepEqual(await told(), ['dwell p 1', 'scroll p 1', 'view q']);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression b', 'impression q']);
  await change(() => document.querySelector('article').removeAttribute('data-sotto-page'));
  assert.deepEqual(await told(), ['dwell q 1', 'scroll q 1']);
});

test('elements may come later, also deep within others, and moving them is not leaving', async () => {
  await start(`<main></main><aside></aside>${article('p', 100)}`);
  await change(() => {
    const section = document.createElement('section');
    const link = document.createElement('a');
    link.className = 'card';
    link.dataset.sottoItem = 'late';
    section.append(link);
    document.querySelector('main').append(section);
  });
  await runFor(900);
  await change(() => document.querySelector('aside').append(
    document.querySelector('section'), document.querySelector('article')));
  await runFor(100);
  assert.deepEqual(await told(), ['view p', 'impression p', 'impression late']);
  await page.click('.card');
  assert.deepEqual(await told(), ['click late']);
});

test('an element that is put back makes no second impression, but its page a second view', async () => {
  await start(`${card('a')}${article('p', 100)}`);
  await runFor(1000);
  await take();
  await change(() => {
    globalThis.taken = [...document.body.children];
    document.body.replaceChildren();
  });
  await change(() => document.body.append(...globalThis.taken));
  await runFor(2000);
  assert.deepEqual(await told(), ['dwell p 1', 'scroll p 1', 'view p']);
});

test('only what is in the root is watched, the root itself included', async () => {
  await start(`${card('out')}<article data-sotto-item="p" data-sotto-page>${card('in')}</article>`,
    { root: 'article' });
  await page.click('[data-sotto-item=out]');
  await runFor(1000);
  assert.deepEqual(await told(), ['view p', 'impression p', 'impression in']);
});

test('what ends it ends everything', async () => {
  await start(`${card('a')}${article('p', 300)}`);
  await runFor(500);
  await change(() => globalThis.stop());
  assert.deepEqual(await told(), ['view p', 'dwell p 0.5', 'scroll p 1']);
  await page.click('a');
  await change(() => document.body.append(document.querySelector('a').cloneNode(true)));
  await runFor(5000);
  await setHidden(page, true);
  await setHidden(page, false);
  await change(() => globalThis.stop());
  assert.deepEqual(await told(), []);
});

test('an id that is refused is a warning in the console, and the others go on', async () => {
  await start(`${card('refused')}${card('a')}<a data-sotto-item="">none</a>`);
  await runFor(1000);
  assert.deepEqual(await told(), ['impression a']);
  assert.match(page.errors.join(), /item: refused/);
  expectedErrors = page.errors;
});
