// `./run demo` from outside, with small numbers: what it starts, answers, refuses, and leaves behind.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { releaseBinary, remove, root, sleep, until } from '../integration/pair.mjs';

const main = join(root, 'web-demo/server/main.mjs');
const folder = mkdtempSync(join(tmpdir(), 'sotto-test-demo-'));
const running = new Set();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  remove(folder);
});

// Everything temporary goes where a test can look for what was left.
const temporary = mkdtempSync(join(folder, 'tmp-'));
const env = { ...process.env, TMPDIR: temporary };

function run(...args) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
  const exited = new Promise((done) => child.once('exit', (code, signal) => {
    running.delete(child);
    done({ code, signal });
  }));
  return { child, exited, text: () => text };
}

/** Processes whose command line names `path`. */
const processesOf = (path) => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).filter((pid) => {
  try {
    return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(path);
  } catch {
    return false; // it has just ended
  }
});

async function start(...args) {
  const demo = run('--port', '0', '--no-open', ...args);
  demo.url = await until('the demo to print its address', () => {
    assert.equal(demo.child.exitCode, null, demo.text());
    return /^Open (http:\/\/\S+)\/$/m.exec(demo.text())?.[1];
  }, 60_000);
  demo.get = async (path) => await (await fetch(`${demo.url}${path}`)).json();
  return demo;
}

async function stop(demo, signal = 'SIGINT') {
  demo.child.kill(signal);
  assert.deepEqual(await demo.exited, { code: 0, signal: null }, demo.text());
}

/** A request as no browser would make it. */
const raw = (url, path) => new Promise((done, failed) => {
  const { hostname, port } = new URL(url);
  request({ hostname, port, path }, (answer) => {
    answer.resume();
    answer.once('end', () => done(answer.statusCode));
  }).once('error', failed).end();
});

const isNumber = (value) => assert.equal(typeof value, 'number');
const isText = (value) => assert.equal(typeof value, 'string');
function isQuality(value) {
  if (value === null) return;
  for (const name of ['ndcg', 'recall']) assert.ok(value[name] >= 0 && value[name] <= 1, name);
}
function isCourse(course, vdaf) {
  assert.equal(course.vdaf, vdaf);
  for (const round of course.rounds) {
    for (const name of ['sequence', 'at', 'reports', 'epsilon']) isNumber(round[name]);
    isQuality(round.quality);
  }
  if (course.batch !== null) {
    isText(course.batch.task);
    for (const name of ['reports', 'maxBatch', 'windowStart', 'windowEnd']) isNumber(course.batch[name]);
  }
  isNumber(course.accepted);
  Object.values(course.rejected).forEach(isNumber);
  for (const refused of course.refused) {
    isNumber(refused.at);
    isText(refused.reason);
  }
}

const demoTest = (name, body) => test(name, { skip: existsSync(releaseBinary) ? false : 'no release build' }, body);

demoTest('options that mean nothing are refused by name', () => {
  const refused = (named, ...args) => {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env });
    assert.equal(status, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, named);
  };
  refused(/--visitors: a whole number, 50 to 100000, not 'many'/, '--visitors', 'many');
  refused(/--visitors: a whole number/, '--visitors', '3');
  refused(/--rounds: /, '--rounds', '0');
  refused(/--window: /, '--window', '1.5');
  refused(/--epsilon: /, '--epsilon=-1');
  refused(/--port: /, '--port', '70000');
  refused(/--data: movielens:DIR/, '--data', 'csv:x');
  refused(/--colour/, '--colour', 'red');
  refused(/--once: .* --state/, '--once', '--state', join(folder, 'never'));
  assert.match(spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8' }).stdout, /--visitors N/);
  assert.deepEqual(readdirSync(temporary), []);
});

demoTest('data that cannot be read is told, and nothing stays', async () => {
  const demo = run('--once', '--data', `movielens:${join(folder, 'nowhere')}`);
  assert.notEqual((await demo.exited).code, 0);
  assert.match(demo.text(), /nowhere/);
  assert.deepEqual(readdirSync(temporary), []);
});

demoTest('--once runs all rounds, prints the table, beats popularity, and leaves nothing', async () => {
  const demo = run('--once', '--visitors', '1000', '--rounds', '1', '--window', '10');
  const { code } = await demo.exited;
  const rows = [...demo.text().matchAll(/^(first model|model \d+|popularity|centralised) +(?:(\d+) +([\d.]+) +)?(0\.\d+) +(0\.\d+)$/gm)];
  assert.equal(rows.length, 5, demo.text());
  const [, ...counted] = rows.slice(0, 3);
  for (const [, name, reports] of counted) assert.ok(Number(reports) >= 250, `${name}: ${reports} reports`);
  assert.ok(Math.abs(Number(counted.at(-1)[3]) - 8) < 0.01, demo.text());
  assert.equal(code, Number(counted.at(-1)[4]) > Number(rows[3][4]) ? 0 : 1, demo.text());
  assert.equal(code, 0, demo.text());
  assert.match(demo.text(), /are accounted for/);
  // A visitor may have read nothing that a round asks about; all can pay.
  const [, silent = '0', unfunded = '0'] = /; (\d+) say nothing, (\d+) of them for want of budget/.exec(demo.text()) ?? [];
  assert(Number(silent) < 20, demo.text());
  assert.equal(unfunded, '0', demo.text());
  assert.deepEqual(readdirSync(temporary), []);
  assert.deepEqual(processesOf(temporary), []);
});

demoTest('the endpoints answer what the contract says, and nothing else is served', async () => {
  const demo = await start('--visitors', '200', '--rounds', '1', '--window', '8');
  const config = await demo.get('/demo/config.json');
  for (const name of ['windowMs', 'visitors', 'minBatch', 'epsilon', 'delta', 'rounds']) isNumber(config[name]);
  assert.equal(config.world, 'magazine');
  for (const name of ['publisher', 'leader', 'helper']) assert.match(config.identities[name], /^[0-9a-f]{64}$/);
  isText(config.identities.site);
  // 70% of a budget is for learning: one course fits in, two do not.
  assert.ok(config.budget.windowRho > 1.5 && config.budget.windowRho < 1.51, JSON.stringify(config.budget));
  const site = await (await fetch(config.siteUrl, { headers: { origin: demo.url } })).json();
  assert.equal(site.site, config.identities.site);
  assert.equal(site.label, 'demo');

  const items = await demo.get('/demo/items.json');
  assert.equal(items.length, 1200);
  for (const item of items) {
    for (const name of ['id', 'title', 'lead', 'topic', 'kind']) isText(item[name]);
    item.tags.forEach(isText);
    assert.match(item.date, /^\d{4}-\d\d-\d\d$/);
    isNumber(item.minutes);
    assert.equal(item.body, undefined);
  }
  const article = await demo.get(`/demo/items/${items[7].id}.json`);
  assert.equal(article.title, items[7].title);
  article.body.forEach(isText);

  const crowd = await demo.get('/demo/crowd.json');
  assert.equal(crowd.running, true);
  assert.equal(crowd.attack, null);
  isCourse(crowd.course, 'pine');
  isQuality(crowd.popularity);
  isQuality(crowd.centralised);

  const answer = await fetch(`${demo.url}/demo/items.json`, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  const policy = answer.headers.get('content-security-policy');
  const leader = new URL(config.siteUrl).origin;
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self' 'wasm-unsafe-eval'(;|$)/);
  assert.ok(policy.includes(`connect-src 'self' ${leader} ${leader.replace('http', 'ws')}`), policy);
  assert.doesNotMatch(policy, /unsafe-inline/);
  assert.equal((await fetch(`${demo.url}/demo/items.json`, { headers: { 'if-none-match': answer.headers.get('etag') } })).status, 304);

  for (const path of ['/../server/main.mjs', '/%2e%2e/%2e%2e/run', '/..%2f..%2frun', '/assets/..%5c..%5crun', '/.git/config', '/%00', '/%E0%A4%A'])
    assert.ok([400, 404].includes(await raw(demo.url, path)), path);
  assert.equal((await fetch(`${demo.url}/demo/items/none.json`)).status, 404);
  assert.equal((await fetch(`${demo.url}/demo/crowd.json`, { method: 'POST' })).status, 405);
  assert.equal((await fetch(`${demo.url}/demo/attack`)).status, 405);
  assert.equal((await fetch(`${demo.url}/demo/attack`, { method: 'POST', headers: { origin: 'http://elsewhere.example' } })).status, 403);

  // The course comes to its end, and the site stays.
  await until('the end of the course', async () => (await demo.get('/demo/crowd.json')).running === false, 60_000);
  const { course } = await demo.get('/demo/crowd.json');
  isCourse(course, 'pine');
  assert.ok(course.accepted > 0);
  assert.ok(Math.max(...course.rounds.map(({ epsilon }) => epsilon)) <= 8);
  await stop(demo);
  assert.deepEqual(processesOf(temporary), []);
  assert.deepEqual(readdirSync(temporary), []);
});

demoTest('killed at any moment, nothing runs on; --state goes on where it was', async () => {
  const state = join(folder, 'state');
  const args = ['--visitors', '200', '--rounds', '2', '--window', '8', '--state', state];
  const first = await start(...args);
  const before = await first.get('/demo/config.json');
  await until('a second model', async () => (await first.get('/demo/crowd.json')).course.rounds.length >= 2);

  const other = run('--port', '0', '--no-open', '--state', state);
  assert.equal((await other.exited).code, 2);
  assert.match(other.text(), /--state: .* is in use/);

  first.child.kill('SIGKILL');
  await first.exited;
  await until('its servers to end', () => processesOf(state).length === 0, 40_000);

  const changed = run('--port', '0', '--no-open', '--state', state, '--rounds', '3');
  assert.equal((await changed.exited).code, 2);
  assert.match(changed.text(), /--rounds: .* was made with 2/);

  const second = await start('--state', state);
  const config = await second.get('/demo/config.json');
  assert.deepEqual({ ...config, budget: 0 }, { ...before, budget: 0 });
  const { course } = await second.get('/demo/crowd.json');
  assert.ok(course.rounds.length >= 2, JSON.stringify(course));
  await stop(second, 'SIGTERM');
  assert.ok(existsSync(join(state, 'pair/leader.db')));
  assert.deepEqual(processesOf(state), []);
});

demoTest('killed, a demo without --state leaves no folder', async () => {
  const demo = await start('--visitors', '100', '--rounds', '1', '--window', '10');
  assert.equal(readdirSync(temporary).length, 1);
  demo.child.kill('SIGKILL');
  await demo.exited;
  await until('its folder to go', () => readdirSync(temporary).length === 0, 40_000);
  assert.deepEqual(processesOf(temporary), []);
});

demoTest('stopped while it starts, a demo leaves nothing either', async () => {
  for (const ms of [0, 150, 400, 900]) {
    const demo = run('--port', '0', '--no-open', '--visitors', '100', '--window', '10');
    await until('its folder', () => readdirSync(temporary).length === 1);
    await sleep(ms);
    await stop(demo);
    assert.deepEqual(processesOf(temporary), []);
    assert.deepEqual(readdirSync(temporary), [], `after ${ms} ms`);
  }
});

demoTest('a server that dies is told with its last lines, and ends the demo', async () => {
  const demo = await start('--visitors', '100', '--rounds', '1', '--window', '10');
  const [helper] = processesOf('helper.toml').filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(temporary));
  process.kill(Number(helper), 'SIGKILL');
  assert.equal((await demo.exited).code, 1);
  assert.match(demo.text(), /the helper has stopped \(SIGKILL\)\. Its last lines/);
  assert.deepEqual(processesOf(temporary), []);
  assert.deepEqual(readdirSync(temporary), []);
});

demoTest('an attack runs two courses: PINE rejects the malicious tenth, a plain sum is ruined', async () => {
  const demo = await start('--visitors', '300', '--rounds', '1', '--window', '10');
  const post = () => fetch(`${demo.url}/demo/attack`, { method: 'POST', headers: { origin: demo.url } });
  assert.equal((await post()).status, 202);
  assert.equal((await post()).status, 409);
  const attack = await until('the end of the attack', async () => {
    const { attack } = await demo.get('/demo/crowd.json');
    isCourse(attack.withProofs, 'pine');
    isCourse(attack.withoutProofs, 'sum');
    assert.notEqual(attack.phase, 'failed', attack.detail);
    return attack.phase === 'done' && attack;
  }, 120_000);
  assert.equal(attack.share, 0.1);
  // 30 of 300, in each of two windows; some may come too late.
  assert.ok(attack.withProofs.rejected.REJECTED > 20, JSON.stringify(attack.withProofs));
  assert.ok(attack.withProofs.rounds.length > 1, JSON.stringify(attack.withProofs));
  assert.deepEqual(attack.withoutProofs.rejected, {});
  assert.equal(attack.withoutProofs.rounds.length, 1);
  assert.ok(attack.withoutProofs.refused.length > 0, JSON.stringify(attack.withoutProofs));
  assert.match(attack.detail, /PINE rejected \d+ reports/);
  assert.equal((await demo.get('/demo/config.json')).visitors, 300);
  await stop(demo);
  assert.deepEqual(processesOf(temporary), []);
  assert.deepEqual(readdirSync(temporary), []);
});
