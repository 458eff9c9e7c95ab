// A page of ours in headless Chromium: a server on loopback with a strict CSP, and a browser.
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { chromium } = createRequire(join(root, 'wasm/package.json'))('playwright-core');

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";

/** What a URL's first part stands for; `extra` adds to it. */
const folders = { core: join(root, 'wasm/core'), wasm: join(root, 'tests/wasm'),
  browser: join(root, 'tests/browser'), bench: join(root, 'tests/bench') };

function serve(extra, headers) {
  const known = { ...folders, ...extra };
  return http.createServer(async (request, response) => {
    const [, first, ...rest] = normalize(decodeURIComponent(request.url.split('?')[0])).split('/');
    try {
      const folder = known[first];
      const path = rest.length === 0 ? folder : join(folder, ...rest);
      const body = await readFile(path);
      response.writeHead(200, { 'content-security-policy': policy, ...headers,
        'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
}

/** Opens `path` of the served folders, waits until the page has set `globalThis.results`, and gives
 * them back. Errors in the page reject.
 * @param {string} path
 * @param {Record<string, string>} extra first part of a URL -> file or folder
 * @param {{headers?: Record<string, string>, timeout?: number}} [options] */
export async function resultsOf(path, extra, { headers = {}, timeout = 120_000 } = {}) {
  const server = serve(extra, headers);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.SOTTO_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage();
    const broken = new Promise((_, reject) => {
      page.on('pageerror', reject);
      page.on('crash', () => reject(new Error('the page crashed')));
    });
    await page.goto(`http://127.0.0.1:${server.address().port}/${path}`);
    const done = page.waitForFunction(() => globalThis.results !== undefined, null, { timeout });
    await Promise.race([done, broken]);
    return await page.evaluate(() => globalThis.results);
  } finally {
    await browser.close();
    server.close();
  }
}
