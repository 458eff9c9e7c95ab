// Contributions of the npm package in Chromium to a real leader and helper, with proofs: paid for
// before they are sent, sent once, counted.
// Usage: node --test tests/package/contributing.test.mjs, after ./run test has built.
import assert from 'node:assert/strict';
import { after, before, describe, test as nodeTest } from 'node:test';

import { bearer, crowd, getJson } from '../integration/pair.mjs';
import { create, hasModel, launch, like, openTab, privacy, recommend } from './browser.mjs';
import { startSite, until } from './site.mjs';

const test = (name, run) => nodeTest(name, { timeout: 120_000 }, run);
const windowMs = 10_000;

describe('contributions', () => {
  let site, browser, context;
  before(async () => {
    site = await startSite({ world: { items: 60 },
      training: { window: '10s', time_precision: '1s', min_batch: 20, vdaf: 'pine32', epsilon: 8, rounds: 2 } });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  const rich = { budget: { windowRho: 100, lifetimeRho: 400 } };
  const visitor = async (options = rich, intercept = () => null) => {
    await context?.close();
    site.proxy.intercept = intercept;
    site.proxy.log.length = 0;
    context = await browser.newContext();
    return consenting(options);
  };
  const consenting = async (options = rich) => {
    const page = await openTab(context, site, { options });
    await hasModel(page);
    await page.evaluate(() => window.sotto.setConsent({ personalise: true, contribute: true }));
    for (const { item } of (await recommend(page, { count: 3 }))) await like(page, item);
    return page;
  };
  const contributions = async (page) => (await privacy(page)).contributions;
  const contributed = (page, holds, what) => until(what, async () => (await contributions(page)).find(holds), 45_000);
  const uploads = () => site.proxy.log.filter(({ method }) => method === 'PUT');

  test('a report is made, paid for, sent within the window, accepted by both servers and in the sum', async () => {
    const page = await visitor();
    const people = crowd(site.pair, ['--visitors', '60', '--arrivals', '0', '--think-time', '0.1', '--tasks', '3',
      '--epsilon', '200', '--poll', '0.2'], site.proxy.url);
    const entry = await contributed(page, ({ state, kind }) => state === 'sent' && kind === 'report', 'a report to be sent');
    assert(entry.rho > 0 && entry.epsilon > 0);
    assert(entry.sendAt >= entry.created && entry.sent >= entry.sendAt - 50);
    const [upload] = uploads().filter(({ path, headers }) => path.includes(entry.task) && headers.origin !== undefined);
    assert.equal(upload.status, 200);
    assert.equal(upload.bytes, entry.bytes);
    const { window, blocked } = await privacy(page);
    assert(Math.abs(window.spentRho - (await contributions(page)).reduce((sum, { rho }) => sum + rho, 0)) < 1e-8);
    assert.equal(blocked, null);

    await people.done();
    const token = bearer(site.pair.token('viewer'));
    const account = await until('its task to be collected', async () => {
      const { body } = await getJson(`${site.pair.leader.url}/v1/admin/status`, token);
      const task = body?.tasks?.find(({ id }) => id === entry.task);
      return task !== undefined && task.pending === 0 && !['open', 'preparing'].includes(task.phase) && task;
    }, 40_000);
    assert.deepEqual(account.rejected, {}, 'its proof holds');
    const acknowledged = uploads().filter(({ path, status }) => path.includes(entry.task) && status === 200);
    assert.equal(account.reports, new Set(acknowledged.map(({ path }) => path)).size, 'every acknowledged report, this one too');
  });

  test('two tabs make one contribution a task', async () => {
    const page = await visitor();
    const other = await openTab(context, site, { options: rich });
    await contributed(page, ({ state }) => state === 'sent', 'a report to be sent');
    await contributed(other, ({ state }) => state === 'sent', 'the other tab to hear of it');
    const tasks = uploads().map(({ path }) => path.split('/')[3]);
    assert.equal(new Set(tasks).size, tasks.length, 'no task twice');
  });

  test('the ledger stops at its budget, also after a reload; then reports are zero and cost nothing', async () => {
    const page = await visitor();
    const { rho } = await contributed(page, ({ rho: price }) => price > 0, 'a price');
    const least = { budget: { windowRho: (1.05 * rho) / 0.7, lifetimeRho: (1.05 * rho) / 0.7 } };
    const poor = await visitor(least);
    const first = await contributed(poor, ({ kind }) => kind === 'report', 'the one report that can be paid');
    await poor.reload();
    await create(poor, site, least);
    const next = await contributed(poor, ({ kind }) => kind === 'zero_report', 'a zero report');
    assert.equal(next.rho, 0);
    assert.notEqual(next.task, first.task);
    const state = await privacy(poor);
    assert.equal(state.contributions.filter(({ kind }) => kind === 'report').length, 1);
    assert(state.window.spentRho <= least.budget.windowRho);
    const sizes = new Set(state.contributions.map(({ bytes }) => bytes));
    assert.equal(sizes.size, 1, 'a zero report looks like every other');
  });

  test('an upload that breaks off, or whose answer gets lost with the tab, is sent again unchanged', async () => {
    let broken = 0;
    const page = await visitor();
    site.proxy.intercept = ({ method }) => {
      if (method !== 'PUT') return null;
      broken += 1;
      return broken === 1 ? { cut: true } : broken === 2 ? { delay: 1500 } : null;
    };
    await until('the upload whose answer is lost', () => broken === 2, 60_000);
    await until('its bytes', () => uploads().length === 2 && uploads()[1].body !== undefined);
    await page.close();
    const again = await openTab(context, site, { options: rich });
    await until('the same report again', () => uploads().length >= 3, 30_000);
    const [cut, lost, resent] = uploads();
    assert.equal(resent.path, lost.path);
    assert.equal(cut.path, lost.path);
    const entry = await contributed(again, ({ task, state }) => lost.path.includes(task) && ['sent', 'expired'].includes(state), 'an end');
    if (entry.state === 'sent') assert(Buffer.compare(resent.body, lost.body) === 0, 'the same bytes');
    assert.equal((await contributions(again)).filter(({ task }) => lost.path.includes(task)).length, 1);
  });

  test('a busy server is asked again when it says, with the same bytes', async () => {
    await visitor();
    site.proxy.intercept = (entry) => {
      if (entry.method !== 'PUT') return null;
      entry.at = Date.now();
      const first = uploads().filter(({ path }) => path === entry.path).length === 1;
      return first ? { status: 503, headers: { 'retry-after': '1' }, body: '{"code":"OVERLOADED"}' } : null;
    };
    // A window may be over before the second attempt; then the next task's report tells.
    const [first, second] = await until('a second attempt', () => {
      const repeated = uploads().find(({ path, status }, i) => status === 200 && uploads().findIndex((other) => other.path === path) < i);
      return repeated !== undefined && uploads().filter(({ path }) => path === repeated.path);
    }, 90_000);
    assert(second.at - first.at >= 950, `${second.at - first.at} ms`);
    assert(Buffer.compare(first.body, second.body) === 0);
  });

  test('revoking empties the outbox at once, and nothing is sent afterwards', async () => {
    const page = await visitor(rich, ({ method }) => (method === 'PUT' ? { status: 503 } : null));
    await contributed(page, ({ state }) => state === 'waiting', 'a report that waits');
    await page.evaluate(() => window.sotto.setConsent({ personalise: true, contribute: false }));
    const after = uploads().length;
    assert((await contributions(page)).every(({ state }) => state !== 'waiting'));
    assert((await contributions(page)).some(({ state }) => state === 'withdrawn'));
    await page.waitForTimeout(windowMs + 2000);
    assert.equal(uploads().length, after);
    assert.equal((await privacy(page)).blocked, 'consent');
  });

  test('what no server took before the window was over has expired, and is told so', async () => {
    const page = await visitor();
    site.proxy.intercept = ({ method }) => (method === 'PUT' ? { status: 503 } : null);
    const { task } = await contributed(page, ({ state }) => state === 'waiting', 'a report that waits');
    await contributed(page, (entry) => entry.task === task && entry.state === 'expired', 'its end');
  });

  test('what a visitor would contribute can be looked at', async () => {
    const page = await visitor();
    const preview = await until('an open task', () => page.evaluate(async () => {
      try {
        const { computed, noised, leaderShare, helperShare, ...rest } = await window.sotto.previewContribution();
        return { ...rest, n: computed.length, nonzero: computed.filter((value) => value !== 0).length,
          same: computed.every((value, i) => value === noised[i]), leader: leaderShare.length, helper: helperShare.length };
      } catch (error) {
        if (error.code === 'NOT_FOUND') return null;
        throw error;
      }
    }), 30_000);
    assert.equal(preview.noiseBy, 'servers');
    assert(preview.epsilon > 0 && preview.n > 60 && preview.nonzero > 0 && preview.same);
    assert(preview.leader >= 4 * preview.n && preview.helper >= 32);
  });
});
