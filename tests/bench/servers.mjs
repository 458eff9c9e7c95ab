// What the servers cost: both roles and the generator on one machine, over HTTP, every report durable
// before it is acknowledged.
//   node tests/bench/servers.mjs [sum] [pine] [small] [recovery] [memory]
// CPU is user time of the server processes (/proc/PID/stat). The reference is measured in the same run
// by build/release/bench_vdaf and bench_pine: for `sum` the bare open, expand and add of a report, for
// PINE its whole preparation. Reports are made before the first one is sent.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bearer, crowd, getJson, makePair, releaseBinary, remove, root, sleep, until } from '../integration/pair.mjs';

const wanted = process.argv.slice(2);
const wants = (name) => wanted.length === 0 || wanted.includes(name);
const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'));
const kLarge = 118_591; // items of a `counts` task of dimension 118,592
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function userSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) / ticks;
}
const statusMb = (pid, key) =>
  Number(readFileSync(`/proc/${pid}/status`, 'latin1').match(new RegExp(`${key}:\\s+(\\d+)`))[1]) / 1024;
const show = (label, value) => console.log(`  ${label.padEnd(58)} ${value}`);
const ms = (value) => `${value.toFixed(2)} ms`;

/** A pair with a task that is open, `counts` unless the training says otherwise, and its numbers. */
async function startPair(name, { items, visitors, vdaf, training = {}, leader = {} }) {
  const pair = await makePair(join(folder, name), {
    binary: releaseBinary,
    world: { users: visitors, items },
    training: { vdaf, window: '600s', min_batch: 2, max_batch: 50_000, prequential: false, ...training },
    leader: { jobs: { linger: '300ms', reports: 64 }, log: { level: 'warn' }, ...leader },
    helper: { log: { level: 'warn' } },
  });
  await pair.start();
  pair.viewer = pair.token('viewer');
  pair.task = async () => (await getJson(`${pair.leader.url}/v1/admin/status`, bearer(pair.viewer))).body?.tasks?.[0];
  await until('a task', pair.task, 120_000);
  return pair;
}

const generate = (pair, visitors, connections) =>
  crowd(pair, ['--visitors', String(visitors), '--made-beforehand', '--connections', String(connections),
    '--window-rho', '100000', '--lifetime-rho', '100000', '--threads', '2', '--seed', '5']);

async function measure(name, options) {
  const { visitors, connections = 32 } = options;
  const pair = await startPair(name, options);
  const pids = [pair.leader.process.pid, pair.helper.process.pid];
  const running = generate(pair, visitors, connections);
  let before, began, uploaded;
  const drained = await until('all reports to be aggregated', async () => {
    const task = await pair.task();
    // Until the first report arrives the servers only serve the model.
    if (!began) {
      before = pids.map(userSeconds);
      if (task.accepted > 0) began = Date.now();
    }
    if (!uploaded && task.accepted >= visitors) uploaded = Date.now();
    return task.reports >= visitors && Date.now();
  }, 600_000);
  const used = pids.map((pid, i) => ((userSeconds(pid) - before[i]) * 1000) / visitors);
  const peak = statusMb(pids[0], 'VmHWM');
  running.child.kill('SIGTERM');
  const outcome = await running.done();
  await pair.stop();
  return { used, peak, drain: (drained - began) / (uploaded - began), outcome };
}

/** Milliseconds of a row of a benchmark program's table. */
function reference(program, rows) {
  const text = execFileSync(join(root, 'build/release', program), { encoding: 'utf8' });
  return rows.map((row) => {
    const line = text.split('\n').find((one) => one.startsWith(row));
    if (!line) throw new Error(`${program} has no row '${row}'`);
    return Number(line.slice(row.length).trim().split(/\s+/)[0]);
  });
}

async function sum() {
  console.log('sum, d = 118,592 (0.47 MB a report), durable');
  const [leaderOpen, leaderAdd, helperOpen, helperAdd] = reference('bench_vdaf', ['leader: open', 'leader: prepare and aggregate',
    'helper: open', 'helper: prepare, expand and aggregate']);
  const { used, peak, drain, outcome } = await measure('sum', { items: kLarge, visitors: 600, vdaf: 'sum' });
  show('bare open + expand + add: leader, helper', `${ms(leaderOpen + leaderAdd)}, ${ms(helperOpen + helperAdd)}`);
  show('leader, user CPU a report (at most 4 times)', `${ms(used[0])}, ${(used[0] / (leaderOpen + leaderAdd)).toFixed(2)} times`);
  show('helper, user CPU a report (at most 2.5 times)', `${ms(used[1])}, ${(used[1] / (helperOpen + helperAdd)).toFixed(2)} times`);
  show('acknowledged (at least 150 reports/s)', `${outcome.throughput.reports_per_second.toFixed(0)} reports/s`);
  show('all aggregated after', `${drain.toFixed(2)} times the upload`);
  show('leader, peak memory', `${peak.toFixed(0)} MB`);
}

async function pine() {
  console.log('PINE, d = 118,592, durable');
  const text = execFileSync(join(root, 'build/release/bench_pine'), { encoding: 'utf8' });
  console.log(text.split('\n').filter((line) => /118|prepare/.test(line)).map((line) => `  | ${line}`).join('\n'));
  const { used, drain, outcome } = await measure('pine', { items: kLarge, visitors: 300, vdaf: 'pine32' });
  show('leader, user CPU a report', ms(used[0]));
  show('helper, user CPU a report', ms(used[1]));
  show('acknowledged', `${outcome.throughput.reports_per_second.toFixed(0)} reports/s`);
  show('all aggregated after', `${drain.toFixed(2)} times the upload`);
}

async function small() {
  console.log('small reports (an evaluation: Prio3Histogram of 32 buckets), made beforehand, durable');
  const { used, drain, outcome } = await measure('small', { items: 239, visitors: 20_000, vdaf: 'sum', connections: 64, training: { evaluation: true } });
  const { reports, uploads, throughput } = outcome;
  show('a report', `${(uploads.bytes / uploads.requests).toFixed(0)} bytes`);
  show('votes of devices with placements', `${(100 * (1 - reports.zero_reports / reports.made)).toFixed(1)}%`);
  show('acknowledged (at least 5,000 uploads/s)', `${throughput.reports_per_second.toFixed(0)} uploads/s`);
  show('latency (p99 at most 50 ms)', JSON.stringify(uploads.latency_ms));
  show('all aggregated after (at most 2 times the upload)', `${drain.toFixed(2)} times`);
  show('leader, helper: user CPU a report', `${ms(used[0])}, ${ms(used[1])}`);
}

async function recovery() {
  console.log('crash recovery with 10,000 pending reports');
  const pair = await startPair('recovery', { items: 239, visitors: 10_000, vdaf: 'sum', leader: { jobs: { linger: '1h', reports: 1024, in_flight: 1 } } });
  await pair.helper.stop();
  const running = generate(pair, 10_000, 64);
  await until('10,000 reports', async () => (await pair.task()).accepted >= 10_000, 600_000);
  await pair.leader.kill();
  const begin = Date.now();
  await pair.leader.start();
  await until('readiness', () => fetch(`${pair.leader.url}/v1/ready`).then((r) => r.ok, () => false));
  show('ready after kill -9 (at most 5 s)', `${((Date.now() - begin) / 1000).toFixed(2)} s`);
  show('pending then', (await pair.task()).pending);
  running.child.kill('SIGTERM');
  await running.done();
  await pair.leader.stop();
}

async function memory() {
  console.log('100 uploads of 0.5 MB at once');
  const pair = await startPair('memory', { items: kLarge, visitors: 200, vdaf: 'sum' });
  const before = statusMb(pair.leader.process.pid, 'VmRSS');
  const running = generate(pair, 200, 100);
  await until('200 reports', async () => (await pair.task()).accepted >= 200, 300_000);
  await sleep(500);
  show("leader's memory before, at its peak (at most 256 MB)", `${before.toFixed(0)} MB, ${statusMb(pair.leader.process.pid, 'VmHWM').toFixed(0)} MB`);
  running.child.kill('SIGTERM');
  await running.done();
  await pair.stop();
}

try {
  for (const part of [sum, pine, small, recovery, memory]) if (wants(part.name)) await part();
} finally {
  remove(folder);
}
