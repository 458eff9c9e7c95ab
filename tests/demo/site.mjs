// The demo as `./run demo` starts it, and its pages in Chromium as a visitor meets them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { remove, root } from '../integration/pair.mjs';

/** Another program with the same options, when it is named. */
const program = process.env.SOTTO_DEMO_SERVER ?? join(root, 'web-demo/server/main.mjs');
const startMs = 180_000;

export async function startDemo(visitors) {
  assert(existsSync(join(root, 'build/demo/index.html')), 'build/demo is missing; ./run demo builds it');
  const state = mkdtempSync(join(tmpdir(), 'sotto-demo-'));
  const child = spawn(process.execPath, [program, '--port', '0', '--state', state, '--visitors', String(visitors)],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  const said = [];
  let stopping = false;
  const exited = new Promise((done) => child.once('exit', (code, signal) => {
    if (!stopping) console.error(`the demo ended by itself: ${code ?? signal}\n${said.join('\n')}`);
    done(code ?? signal);
  }));
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  const url = await new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`no "Open http://..." within ${startMs} ms\n${said.join('\n')}`)), startMs);
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const [, address] = /Open (?:.* )?(http:\S+)$/.exec(line) ?? [];
      if (!address) return;
      clearTimeout(timer);
      found(address.replace(/\/$/, ''));
    });
    void exited.then((code) => failed(new Error(`the demo ended with ${code}\n${said.join('\n')}`)));
  });
  return { url,
    async stop() {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
      remove(state);
    } };
}

/** A visitor's tab at the feed. Errors of the page are collected. */
export async function visit(context, url, { consent } = {}) {
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  await page.goto(url);
  await page.locator('.card:not(.skeleton)').first().waitFor();
  if (consent) await agree(page, consent);
  return page;
}

/** Answers the question in the page. */
export async function agree(page, { contribute = false } = {}) {
  await page.getByRole('switch', { name: 'Personal recommendations' }).check({ force: true });
  if (contribute) await page.getByRole('switch', { name: /everybody/ }).check({ force: true });
  await page.getByRole('button', { name: 'Agree to this' }).click();
  await page.locator('.tuning').waitFor();
}

export const open = async (page, name) => {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, name === 'read' ? '#/' : `#/${name}`);
  await page.locator(name.startsWith('article') ? '.page-article' : `.page-${name}`).waitFor();
};

/** Opens an article, from its card where that is shown, looks at all of it for so long at least, and
 * goes back. Less than two seconds would count as a mistake (shared/events/interaction.hpp). */
export async function readArticle(page, id, ms = 2500) {
  const card = page.locator(`.card[data-key="${id}"] .card-title a`);
  // Not where a pointer would be: the card may be gliding.
  if (await card.count() === 1) await card.evaluate((link) => link.click());
  else await open(page, `article/${id}`);
  const end = Date.now() + ms;
  await page.locator('.body p').first().waitFor();
  for (let left = true; left;) {
    left = await page.evaluate(() => {
      scrollBy(0, innerHeight / 2);
      return document.querySelector('article').getBoundingClientRect().bottom > innerHeight;
    });
    await page.waitForTimeout(150);
  }
  await page.waitForTimeout(Math.max(0, end - Date.now()));
  await open(page, 'read');
}

/** Cards of the feed, from the top. */
export const cards = (page) => page.locator('.feed .card:not(.skeleton)').evaluateAll((all) => all.map((card) => ({
  id: card.dataset.key, topic: card.querySelector('.kicker').textContent,
  source: card.querySelector('.why').dataset.why, why: card.querySelector('.why').textContent })));

/** The feed, once it has stayed the same for a while. */
export async function settledCards(page) {
  let before = '';
  for (let tries = 0; tries < 40; tries++) {
    const now = await cards(page);
    const text = JSON.stringify(now);
    if (text === before && now.length > 0) return now;
    before = text;
    await page.waitForTimeout(700);
  }
  return assert.fail('the feed does not settle');
}
