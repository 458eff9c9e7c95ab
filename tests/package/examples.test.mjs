// The examples, which are the README's recipes, in Chromium against a real leader and helper: what is
// changed in them is the address of the site. Usage: node --test tests/package/examples.test.mjs, after
// ./run build.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test as nodeTest } from 'node:test';
import { promisify } from 'node:util';

import { freePort, remove } from '../integration/pair.mjs';
import { launch } from './browser.mjs';
import { startSite, until } from './site.mjs';
import { copyExample, policyFor, project, serve, tool } from './tarball.mjs';

const test = (name, run) => nodeTest(name, { timeout: 90_000 }, run);
const run = promisify(execFile);

describe('the examples', () => {
  let site, pages, browser, folder, ports;
  const copy = (name) => copyExample(name, folder, { url: site.proxy.url, identities: site.identities });
  before(async () => {
    pages = await serve();
    ports = [await freePort(), await freePort()];
    site = await startSite({ training: { window: '1h', time_precision: '1m' },
      origins: [pages.url, ...ports.map((port) => `http://127.0.0.1:${port}`)] });
    folder = project();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await pages?.stop();
    await site?.stop();
    if (folder !== undefined) remove(folder);
  });

  const open = async (url) => {
    const page = await browser.newPage();
    page.problems = [];
    page.requests = [];
    page.on('pageerror', (error) => page.problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico')) page.problems.push(message.text());
    });
    page.on('request', (request) => page.requests.push(request.url()));
    await page.goto(url);
    return page;
  };
  const rows = (page) => page.evaluate(() => [...document.querySelectorAll('#list li')].map((row) => row.textContent));
  /** A list is shown; after consent and a like it is another one, which says why. */
  const useList = async (page) => {
    await page.waitForFunction(() => document.querySelectorAll('#list li').length === 10);
    const first = await rows(page);
    await page.check('#consent');
    await page.waitForFunction(() => document.querySelector('#consent').checked);
    await page.click('#list li:nth-child(4)');
    await page.waitForFunction((liked) => document.querySelector('#why').textContent.includes(liked), first[3]);
    assert(!(await rows(page)).includes(first[3]));
    assert.deepEqual(page.problems, []);
    await page.close();
  };

  test('Vite builds it, finds worker and module, and it runs under the strict policy', async () => {
    const project = copy('vite');
    await run(process.execPath, [tool('vite/bin/vite.js'), 'build'], { cwd: project });
    const made = readdirSync(join(project, 'dist/assets'));
    for (const kind of [/^index-.*\.js$/, /^worker-.*\.js$/, /^sotto-(?!proofs).*\.wasm$/, /^sotto-proofs-.*\.wasm$/])
      assert.equal(made.filter((name) => kind.test(name)).length, 1, `${kind}: ${made}`);
    pages.mount(join(project, 'dist'), { 'content-security-policy': policyFor(site.proxy.url) });
    const page = await open(pages.url);
    await useList(page);
    assert(page.requests.every((url) => [pages.url, site.proxy.url].some((origin) => url.startsWith(origin))), 'nothing is of another origin');
  });

  test('so does its dev server', async () => {
    const project = copy('vite');
    // It serves what is in the project only.
    cpSync(join(folder, 'node_modules'), join(project, 'node_modules'), { recursive: true });
    const server = spawn(process.execPath, [tool('vite/bin/vite.js'), '--port', String(ports[0]), '--strictPort', '--host', '127.0.0.1'],
      { cwd: project, stdio: 'ignore' });
    try {
      const url = `http://127.0.0.1:${ports[0]}`;
      await until('the dev server', () => fetch(url).then(({ ok }) => ok, () => false));
      await useList(await open(url));
    } finally {
      server.kill();
    }
  });

  test('plain HTML without a bundler, under the strict policy', async () => {
    const at = copy('plain-html');
    cpSync(join(folder, 'node_modules/sotto/dist'), join(at, 'sotto'), { recursive: true });
    pages.mount(at, { 'content-security-policy': policyFor(site.proxy.url) });
    const page = await open(pages.url);
    await page.waitForFunction(() => document.querySelectorAll('#list li').length === 10);
    assert((await rows(page)).every((row) => row.endsWith('(popular)')));
    await page.click('#yes');
    // A click on an item of a list is an event by itself: observe().
    await page.waitForFunction(async () => (await indexedDB.databases()).length === 1);
    await page.click('#list li:nth-child(2)');
    await page.waitForFunction(() => document.querySelector('#list li').textContent.endsWith('(personal)'));
    await page.click('#forget');
    await page.waitForFunction(() => document.querySelector('#list li').textContent.endsWith('(popular)'));
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length), 0);
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  test('markup alone, under the strict policy: both lists and the panel', async () => {
    const at = copy('markup');
    cpSync(join(folder, 'node_modules/sotto/dist'), join(at, 'sotto'), { recursive: true });
    pages.mount(at, { 'content-security-policy': policyFor(site.proxy.url) });
    const page = await open(pages.url);
    await page.waitForFunction(() => document.querySelectorAll('sotto-list[src] article').length === 5);
    assert.equal(await page.evaluate(() => document.querySelector('sotto-list[src] p').hidden), true, 'the fallback is hidden');
    await page.waitForFunction(() => document.querySelector('sotto-privacy').shadowRoot?.textContent.includes('Personal recommendations'));
    const personalise = page.getByLabel('Personal recommendations').first();
    await personalise.check();
    await page.waitForFunction(async () => (await indexedDB.databases()).length === 1);
    await page.click('sotto-list:not([src]) article a');
    await page.waitForFunction(() => document.body.textContent.includes('Because you read'));
    assert.deepEqual(page.problems, []);
    await page.close();
  });

  test('a server that renders: the fallback comes from it, the order from the browser', async () => {
    const at = copy('ssr');
    const server = spawn(process.execPath, ['server.mjs'], { cwd: at, env: { ...process.env, PORT: String(ports[1]) }, stdio: ['ignore', 'ignore', 'inherit'] });
    try {
      const url = `http://127.0.0.1:${ports[1]}`;
      const text = await until('the server', () => fetch(url).then((answer) => answer.text(), () => null));
      assert.match(text, /<sotto-list><p data-sotto-item="i1">i1<\/p>/);
      const page = await open(url);
      await page.evaluate(() => new Promise((done) => { addEventListener('sotto-update', done); }));
      assert.deepEqual((await page.evaluate(() => [...document.querySelectorAll('sotto-list p')].map((row) => row.textContent))).sort(), ['i1', 'i2', 'i3', 'i4']);
      assert.deepEqual(page.problems, []);
      await page.close();
    } finally {
      server.kill();
    }
  });

  test('a device in Node', async () => {
    const at = copy('node-core');
    writeFileSync(join(at, 'keys.json'), JSON.stringify(site.identities));
    const { stdout, stderr } = await run(process.execPath, ['main.mjs', site.proxy.url, 'keys.json'], { cwd: at });
    assert.equal(stderr.replace(/.*ExperimentalWarning.*\n(.*--trace-warnings.*\n)?/g, ''), '');
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 5);
    for (const line of lines) assert.match(line, /^i\d+ -?\d+\.\d{3} personal$/);
  });
});
