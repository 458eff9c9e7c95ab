// What the servers cost: both roles and the generator on one machine, over HTTP, durable.
//   node tests/bench/servers.mjs [sum] [pine] [small] [recovery]
// CPU is user time of the server processes (/proc/PID/stat); the reference, `bench_server_loop`, does
// the bare work for the same reports in the same run: open the sealed share, expand, add; for PINE
// its whole preparation. Figures of uploads are those of the crowd, which made its reports before.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { crowd, getJson, bearer, makePair, releaseBinary, remove, root, sleep, until } from '../integration/pair.mjs';

const wanted = process.argv.slice(2);
const wants = (name) => wanted.length === 0 || wanted.includes(name);
const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'));
const kLarge = 118_591; // items of a `counts` task of dimension 118,592
const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function userSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[11]) / ticks;
}
const status = (pid, key) => Number(readFileSync(`/proc/${pid}/status`, 'latin1').match(new RegExp(`${key}:\\s+(\\d+)`))[1]) / 1024;

async function measure(name, { items, visitors, vdaf, connections = 100, jobs = 64, window = '120s' }) {
  const pair = await makePair(join(folder, name), {
    binary: releaseBinary,
    world: { users: visitors, items },
    training: { vdaf, window, min_batch: 2, max_batch: 50_000, prequential: false },
    leader: { jobs: { linger: '500ms', reports: jobs }, log: { level: 'warn' } },
    helper: { log: { level: 'warn' } },
  });
  await pair.start();
  const token = pair.token('viewer');
  await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks.length > 0, 120_000);
  const [leader, helper] = [pair.leader.process.pid, pair.helper.process.pid];
  const before = [userSeconds(leader), userSeconds(helper)];
  const running = crowd(pair, ['--visitors', String(visitors), '--made-beforehand', '--connections', String(connections), '--tasks', '1',
    '--window-rho', '1000', '--lifetime-rho', '1000', '--threads', '2']);
  const acknowledgedAll = Date.now();
  const counts = async () => {
    const { body } = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
    return body.tasks[0];
  };
  let began = 0;
  let uploaded = 0;
  const done = await until('all reports to be aggregated', async () => {
    const task = await counts();
    if (task.accepted > 0 && began === 0) began = Date.now();
    if (task.accepted >= visitors && uploaded === 0) uploaded = Date.now();
    return task.reports >= visitors ? Date.now() : 0;
  }, 300_000);
  const after = [userSeconds(leader), userSeconds(helper)];
  const peak = status(leader, 'VmHWM');
  running.child.kill('SIGTERM');
  const outcome = JSON.parse(readFileSync(await running.file(), 'utf8'));
  await pair.stop();
  return {
    reports: visitors,
    upload_s: (uploaded - began) / 1000,
    drained_s: (done - began) / 1000,
    leader_ms: ((after[0] - before[0]) * 1000) / visitors,
    helper_ms: ((after[1] - before[1]) * 1000) / visitors,
    leader_peak_mb: peak,
    outcome,
    waited: acknowledgedAll,
  };
}
