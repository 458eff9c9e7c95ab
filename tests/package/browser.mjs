// Debian's Chromium, driven: tabs with a recommender in `window.sotto`.
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { root } from '../integration/pair.mjs';

const require = createRequire(join(root, 'wasm/package.json'));
export const { chromium } = require('playwright-core');

export const launch = (options = {}) => chromium.launch({
  executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...(options.args ?? [])] });

/** A tab of `context` with a recommender. `consent` true: both. Its console errors are collected. */
export async function openTab(context, site, { path = '/', options = {}, consent } = {}) {
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  await page.goto(site.pages.url + path);
  await create(page, site, options);
  if (consent !== undefined)
    await page.evaluate((given) => window.sotto.setConsent({ personalise: given, contribute: given }), consent);
  return page;
}

export async function create(page, site, options = {}) {
  await page.evaluate(async ([url, identities, more]) => {
    const { createRecommender, SottoError } = await import('/sotto/index.js');
    Object.assign(window, { SottoError, changes: [] });
    window.sotto = await createRecommender({ site: url, identities, demo: true, allowAutomation: true, ...more });
    window.sotto.addEventListener('change', ({ detail }) => window.changes.push(detail.reason));
  }, [`${site.proxy.url}/v1/site.json`, site.identities, options]);
}

export const recommend = (page, options = {}) => page.evaluate((given) => window.sotto.recommend(given), options);
export const like = (page, item) => page.evaluate((id) => window.sotto.track({ type: 'like', item: id }), item);
export const privacy = (page) => page.evaluate(() => window.sotto.privacy);
export const status = (page) => page.evaluate(() => window.sotto.status);
/** The code of what a call in the page throws; null when it does not. */
export const codeOf = (page, call, argument) => page.evaluate(async ([text, given]) => {
  try {
    await (0, eval)(text)(given);
    return null;
  } catch (error) {
    return typeof error.code === 'string' ? error.code : error.name;
  }
}, [String(call), argument]);
export const hasModel = (page) => page.waitForFunction(() => window.sotto.status.model !== null);

/** Bytes in use on the heaps of a tab and of its worker, buffers and WebAssembly memory included. */
export async function heapSizes(browser, page) {
  const client = await browser.newBrowserCDPSession();
  const { targetInfos } = await client.send('Target.getTargets');
  const sizes = {};
  for (const [name, type] of [['page', 'page'], ['worker', 'worker']]) {
    const { targetId } = targetInfos.find((target) => target.type === type && target.url.startsWith(new URL(page.url()).origin));
    const { sessionId } = await client.send('Target.attachToTarget', { targetId, flatten: false });
    let id = 0;
    const send = (method) => new Promise((done) => {
      const sent = ++id;
      const hear = (event) => {
        const message = JSON.parse(event.message);
        if (event.sessionId !== sessionId || message.id !== sent) return;
        client.off('Target.receivedMessageFromTarget', hear);
        done(message.result);
      };
      client.on('Target.receivedMessageFromTarget', hear);
      void client.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id: sent, method }) });
    });
    await send('HeapProfiler.collectGarbage');
    const { usedSize, backingStorageSize = 0 } = await send('Runtime.getHeapUsage');
    sizes[name] = usedSize + backingStorageSize;
    await client.send('Target.detachFromTarget', { sessionId });
  }
  await client.detach();
  return sizes;
}
