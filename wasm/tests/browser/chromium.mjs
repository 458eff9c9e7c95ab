// The package's page side in headless Chromium: bundles made on the fly, a page of markup under a
// strict policy, and time that moves only when a test says so.
import http from 'node:http';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const here = fileURLToPath(new URL('.', import.meta.url));
const policy = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
  "style-src 'nonce-test'; require-trusted-types-for 'script'";

/** One script of `source`, whose imports are relative to this folder.
 * @param {string} source
 * @param {Record<string, string>} [instead] imports that are answered with other source */
export async function bundle(source, instead = {}) {
  const replace = {
    name: 'instead',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path }) =>
        (path in instead ? { path, namespace: 'instead' } : undefined));
      build.onLoad({ filter: /./, namespace: 'instead' }, ({ path }) =>
        ({ contents: instead[path], resolveDir: here }));
    },
  };
  const { outputFiles } = await build({ stdin: { contents: source, resolveDir: here }, bundle: true,
    format: 'esm', target: 'es2022', write: false, plugins: [replace] });
  return outputFiles[0].text;
}

/** A browser, and pages of it. Call close() in the end. */
export async function openBrowser() {
  const browser = await chromium.launch({
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const served = new Map();
  const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0];
    const { type, body } = served.get(path) ?? {};
    if (body === undefined) return response.writeHead(path === '/favicon.ico' ? 204 : 404).end();
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;

  /** @param {{body: string, script: string, head?: string, style?: string,
   *   files?: Record<string, unknown>, clock?: boolean,
   *   context?: import('playwright-core').BrowserContextOptions}} what
   * clock: stands still until page.clock.runFor */
  async function open({ body, script, head = '', style = '', files = {}, clock = false, context = {} }) {
    served.clear();
    served.set('/', { type: 'text/html; charset=utf-8', body: `<!doctype html><html lang="en"><head>
      <title>Test</title><meta name="viewport" content="width=device-width">
      <style nonce="test">${style}</style>${head}
      <script type="module" src="/script.js"></script></head><body>${body}</body></html>` });
    served.set('/script.js', { type: 'text/javascript', body: script });
    for (const [path, value] of Object.entries(files))
      served.set(path, { type: 'application/json', body: JSON.stringify(value) });
    const page = await browser.newPage({ viewport: { width: 800, height: 600 }, ...context });
    page.errors = [];
    page.clockStands = clock;
    page.on('pageerror', (error) => page.errors.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') page.errors.push(message.text());
    });
    if (clock) {
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 60_000);
    }
    await page.goto(`${origin}/`);
    return page;
  }
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { open, close };
}

/** Two frames, by the browser's own clock: what scrolled or changed has been seen by every observer,
 * and what they scheduled for the next frame has run. */
export async function frames(page) {
  for (let frame = 0; frame < 2; frame += 1) {
    await page.evaluate(() => new Promise((resolve) => {
      const seen = new IntersectionObserver(() => {
        seen.disconnect();
        resolve();
      });
      seen.observe(document.documentElement);
    }));
    if (page.clockStands) await page.clock.runFor(17);
  }
}

/** A headless browser shows every page, so that a page is hidden by its own word only: what it asks
 * for, and the event that tells it. */
export function setHidden(page, hidden) {
  return page.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    Object.defineProperty(document, 'visibilityState',
      { value: hidden ? 'hidden' : 'visible', configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);
}
