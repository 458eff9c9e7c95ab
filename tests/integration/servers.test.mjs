// Leader and helper as real processes, and a crowd of real devices: what must hold whatever happens.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { bearer, crowd, devBinary, endProcesses, freePort, getJson, makePair, releaseBinary, remove, root, run, sleep, until } from './pair.mjs';

const long = process.env.SOTTO_TEST_LONG === '1';
const folder = mkdtempSync(join(tmpdir(), 'sotto-servers-'));
after(() => remove(folder));

const fixture = (name) => join(root, 'build/dev', name);
const expected = { visitors: 300 };

/** Every release is the clear sum plus exactly one noise of each server. */
function checkReleases(pair, expectFile) {
  const lines = run(fixture('check_releases'), [pair.leader.store, expectFile, pair.file('noise.log')])
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  for (const release of lines) {
    assert.equal(release.reports, release.expected_reports, JSON.stringify(release));
    assert.equal(release.equal, true, JSON.stringify(release));
  }
  return lines;
}

function recordNoise(pair) {
  for (const server of [pair.leader, pair.helper]) server.environment.SOTTO_TEST_NOISE_LOG = pair.file('noise.log');
}

const sequenceOf = async (pair, token) => (await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token))).body.published_sequence;

const serverTest = (name, body, options = {}) => test(name, { timeout: 600_000, ...options }, async (t) => {
  t.after(endProcesses);
  await body(t);
});

serverTest('a crowd is collected, learnt from and published; the sums are exact', async () => {
  const pair = await makePair(join(folder, 'whole'), { training: { rollback: 0 } });
  recordNoise(pair);
  await pair.start();
  const token = pair.token('viewer');
  const expect = pair.file('expect.json');
  const outcome = await crowd(pair, ['--visitors', String(expected.visitors), '--arrivals', '200', '--think-time', '0.2',
    '--tasks', '3', '--prompt', '--window-rho', '1000', '--lifetime-rho', '1000', '--duplicates', '0.1', '--expect', expect,
    '--token', token]).done();
  await until('three releases', async () => run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim().split('\n').length >= 3);
  // Each release is published, or refused by the gate, which is in the log.
  await until('the third release to be learnt', async () => {
    const { body } = await getJson(`${pair.leader.url}/v1/admin/audit`, bearer(token));
    const learnt = body.entries.filter((entry) => entry.action === 'refuse candidate' || /, release/.test(entry.detail));
    return learnt.length >= 3;
  });
  assert.ok((await sequenceOf(pair, token)) >= 2);
  const releases = checkReleases(pair, expect);
  assert.ok(releases.length >= 3);
  for (const release of releases) assert.deepEqual([release.leader_draws, release.helper_draws], [1, 1]);
  assert.ok(outcome, 'the crowd tells');

  // The manifest names the model that is served, byte by byte.
  const model = await fetch(`${pair.leader.url}/v1/models/latest`);
  const bytes = Buffer.from(await model.arrayBuffer());
  const hash = createHash('sha256').update(bytes).digest('hex');
  assert.equal(model.headers.get('etag'), `"${hash}"`);
  const manifest = Buffer.from(await (await fetch(`${pair.leader.url}/v1/manifest`)).arrayBuffer());
  assert.ok(manifest.includes(Buffer.from(hash, 'hex')));
  assert.equal(model.headers.get('sotto-manifest'), manifest.toString('base64'));
  const again = await fetch(`${pair.leader.url}/v1/models/latest`, { headers: { 'if-none-match': `"${hash}"` } });
  assert.equal(again.status, 304);
  const part = await fetch(`${pair.leader.url}/v1/files/${hash}`, { headers: { range: 'bytes=8-15' } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(8, 16));
  assert.match((await fetch(`${pair.leader.url}/v1/files/${hash}`)).headers.get('cache-control'), /immutable/);

  const popular = await getJson(`${pair.leader.url}/v1/popular?count=5`);
  assert.equal(popular.body.items.length, 5);
  const popularities = popular.body.items.map((item) => item.popularity);
  assert.deepEqual(popularities, [...popularities].sort((a, b) => b - a));

  // What an operator sees.
  const models = run(devBinary, ['model', 'list', '--store', pair.leader.store]);
  assert.match(models, /bootstrap/);
  assert.match(models, /release/);
  writeFileSync(pair.file('model.safetensors'), bytes);
  const inspected = JSON.parse(run(devBinary, ['model', 'inspect', pair.file('model.safetensors')]));
  assert.equal(inspected.sha256, hash);
  const tasks = await getJson(`${pair.leader.url}/v1/tasks`);
  const taskId = tasks.body.tasks[0]?.id ?? releases[0].task;
  const file = Buffer.from(await (await fetch(`${pair.leader.url}/v1/tasks/${taskId}`)).arrayBuffer());
  assert.equal(createHash('sha256').update(file).digest('hex'), taskId);
  writeFileSync(pair.file('task.bin'), file);
  const task = JSON.parse(run(devBinary, ['task', 'inspect', pair.file('task.bin'), '--identities', pair.identities]));
  assert.equal(task.id, taskId);
  const verified = run(devBinary, ['audit', 'verify', '--store', pair.leader.store]);
  assert.match(verified, /each follows from the one before/);

  // Nothing of the reports is left.
  const closed = new Set(releases.map((release) => release.task));
  for (const server of [pair.leader])
    for (const space of run(fixture('edit_store'), [server.store, 'spaces']).split('\n'))
      assert.ok(!closed.has(space.replace('task/', '')), space);
  await pair.stop();
});

serverTest('a task with all the reports that it may have is collected long before its window is over', async () => {
  const most = 80;
  const pair = await makePair(join(folder, 'complete'), { training: { window: '300s', max_batch: most } });
  recordNoise(pair);
  await pair.start();
  const token = pair.token('viewer');
  const expect = pair.file('expect.json');
  const first = (await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks[0])).id;
  const running = crowd(pair, ['--visitors', String(most), '--arrivals', '200', '--think-time', '0.1', '--tasks', '1', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000', '--duration', '20', '--expect', expect]);
  await running.done();
  await until('the release', async () => run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim() !== '', 60_000);
  const releases = checkReleases(pair, expect);
  assert.deepEqual(releases.map((release) => [release.task, release.reports]), [[first, most]]);
  // Both say so, and the next one takes reports already.
  const { body } = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
  const collected = body.tasks.find((task) => task.id === first);
  assert.equal(collected.phase, 'collected');
  assert.ok(Date.now() < collected.window_end_ms - 100_000, 'long before the end of the window');
  const next = await until('the next task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks[0]);
  assert.notEqual(next.id, first);
  await pair.stop();
});

serverTest('an evaluation is one proven vote a device: its sum is exact, the status shows it, and training goes on', async () => {
  const pair = await makePair(join(folder, 'evaluated'), { training: { evaluation: true, vdaf: 'pine32' } });
  recordNoise(pair);
  await pair.start();
  const token = pair.token('viewer');
  const expect = pair.file('expect.json');
  await crowd(pair, ['--visitors', '300', '--arrivals', '200', '--think-time', '0.2', '--tasks', '2', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000', '--malicious', '0.1:norm', '--expect', expect]).done();
  await until('two releases', async () => run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim().split('\n').length >= 2);
  const audit = async () => (await getJson(`${pair.leader.url}/v1/admin/audit`, bearer(token))).body.entries;
  await until('the counts to be learnt', async () => (await audit()).some((entry) => /, release/.test(entry.detail)));
  const evaluations = (await audit()).filter((entry) => entry.action === 'evaluate');
  assert.equal(evaluations.length, 1);
  assert.match(evaluations[0].detail, /devices: ndcg@100 mean/);

  const status = async () => (await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token))).body;
  const { tasks, quality } = await status();
  const inOrder = tasks.sort((a, b) => a.window_start_ms - b.window_start_ms).map((task) => task.layout);
  assert.deepEqual(inOrder.slice(0, 2), ['quality', 'counts']);
  const evaluation = tasks.find((task) => task.layout === 'quality');
  assert.equal(evaluation.vdaf, 'prio3');
  assert.ok(evaluation.rejected.REJECTED > 20, 'who wants more than one vote has none');
  const release = run(fixture('check_releases'), [pair.leader.store, expect, pair.file('noise.log')]).trim().split('\n').map((line) => JSON.parse(line))
    .find((one) => one.task === evaluation.id);
  assert.deepEqual([release.equal, release.leader_draws, release.helper_draws], [true, 1, 1]);
  assert.equal(release.reports, release.expected_reports);

  const clear = JSON.parse(readFileSync(expect, 'utf8')).tasks.find((task) => task.task === evaluation.id).sum;
  assert.equal(clear.reduce((a, b) => a + b), release.reports, 'a vote a report');
  assert.equal(quality.release, 0);
  assert.equal(quality.bins.length, 31);
  const voters = release.reports - clear[0];
  assert.ok(voters > release.reports / 2, `${voters} of ${release.reports} have placements`);
  assert.ok(Math.abs(quality.devices - voters) < 40, `${quality.devices} of ${voters}`);
  const mean = clear.slice(1).reduce((sum, n, bin) => sum + n * ((bin + 0.5) / 31), 0) / voters;
  assert.ok(Math.abs(quality.mean - mean) < 6 * quality.mean_sd, `${quality.mean} of ${mean}`);
  assert.ok(quality.p10 <= quality.median && quality.median <= quality.p90);
  const checkShown = async () => {
    assert.deepEqual((await status()).quality, quality);
    const metrics = await (await fetch(`${pair.leader.url}/metrics`)).text();
    const gauge = (name) => Number(metrics.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
    for (const of of ['mean', 'p10', 'median', 'p90'])
      assert.ok(Math.abs(gauge(`sotto_quality_ndcg_100{of="${of}"}`) - quality[of]) < 1e-6, of);
    assert.ok(Math.abs(gauge('sotto_quality_devices') - quality.devices) < 1e-6);
  };
  await checkShown();
  await pair.leader.stop();
  await pair.leader.start();
  await checkShown();
  await pair.stop();
});

serverTest('a live model that does worse than the one before is taken back, and its candidate is dropped', async () => {
  const pair = await makePair(join(folder, 'worse'), { world: { users: 800, items: 600 }, training: { epsilon: 50, window: '30s', max_batch: 800 } });
  // The same visitors and items, but what was liked is what nobody looked at.
  const changed = join(folder, 'changed');
  cpSync(pair.world, changed, { recursive: true });
  const file = join(changed, 'interactions.csv');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/,i(\d+),/g, (_, item) => `,i${((Number(item) + 299) % 600) + 1},`));
  await pair.start();
  const token = pair.token('operator');
  const versions = async () => (await getJson(`${pair.leader.url}/v1/admin/models`, bearer(token))).body?.models;
  const visit = (world, tasks) => crowd({ ...pair, world }, ['--visitors', '800', '--arrivals', '800', '--think-time', '0.1', '--tasks', String(tasks),
    '--prompt', '--window-rho', '1000', '--lifetime-rho', '1000']).done();
  await visit(pair.world, 2); // counts and the first round
  await until('both to be published', async () => (await versions()).at(-1)?.releases === 2);
  await until('the second round', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks[0]?.model_sequence === 3);
  const paused = await getJson(`${pair.leader.url}/v1/admin/training/pause`, { method: 'POST', headers: { ...bearer(token).headers, 'content-length': '0' } });
  assert.deepEqual(paused.body, { paused: true }); // after this one
  await visit(changed, 1);
  const checkTakenBack = async () => {
    // A batch that lacks one report waits for the end of its window.
    const models = await until('the model to be taken back', async () => {
      const all = await versions();
      return all?.at(-1).why === 'rollback' && all;
    }, 90_000);
    assert.deepEqual(models.map(({ why, releases }) => [why, releases]), [['bootstrap', 0], ['release', 1], ['release', 2], ['rollback', 1]]);
    assert.ok(models[3].parent_metrics.ndcg_100 < 0.8 * models[2].parent_metrics.ndcg_100, JSON.stringify(models.map((one) => one.parent_metrics)));
    assert.ok(models[3].rho > models[2].rho, 'the release that said so has its price');
  };
  await checkTakenBack();
  // Killed when the release was stored, and nothing else yet.
  await pair.leader.kill();
  for (const space of ['publication', 'course'])
    run(fixture('edit_store'), [pair.leader.store, 'delete', space, run(fixture('edit_store'), [pair.leader.store, 'keys', space]).trim().split('\n').at(-1)]);
  await pair.leader.start();
  await checkTakenBack();
  await sleep(1500);
  await checkTakenBack(); // once
  await pair.stop();
});

/** Without fetch, which decodes by itself: the answer as it came. */
function plainGet(url, headers) {
  return new Promise((done, fail) => {
    request(url, { headers }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) }));
    }).on('error', fail).end();
  });
}

serverTest('float32 models and catalogues are sent compressed to whoever accepts it; the bytes are the same', async () => {
  const pair = await makePair(join(folder, 'compressed'), { world: { items: 300 }, training: { window: '60s' } });
  await pair.start();
  const url = (path) => pair.leader.url + path;
  await until('a model', async () => (await fetch(url('/v1/manifest'))).ok);
  const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
  for (const path of ['/v1/models/latest?format=float32', '/v1/models/1?format=float32', '/v1/catalogue']) {
    const plain = await plainGet(url(path), {});
    assert.equal(plain.headers['content-encoding'], undefined, path);
    assert.equal(plain.headers.vary.includes('accept-encoding'), true, path);
    const hash = sha256(plain.body);
    assert.equal(plain.headers.etag, `"${hash}"`);
    for (const [coding, decode] of [['gzip', gunzipSync], ['br', brotliDecompressSync]]) {
      const form = await plainGet(url(path), { 'accept-encoding': coding });
      assert.equal(form.headers['content-encoding'], coding, path);
      assert.equal(form.headers.etag, `"${hash}-${coding}"`);
      assert.ok(form.body.length <= 0.9 * plain.body.length, `${path} ${coding}: ${form.body.length} of ${plain.body.length}`);
      assert.ok(decode(form.body).equals(plain.body), `${path} ${coding}`);
      assert.equal((await plainGet(url(path), { 'accept-encoding': coding, 'if-none-match': form.headers.etag })).status, 304);
      const part = await plainGet(url(path), { 'accept-encoding': coding, range: 'bytes=5-14' });
      assert.equal(part.status, 206);
      assert.equal(part.headers['content-encoding'], undefined);
      assert.ok(part.body.equals(plain.body.subarray(5, 15)));
    }
    const byHash = await plainGet(url(`/v1/files/${hash}`), { 'accept-encoding': 'gzip, br' });
    assert.ok(['gzip', 'br'].includes(byHash.headers['content-encoding']));
    assert.equal((await plainGet(url(path), { 'accept-encoding': 'identity, gzip;q=0' })).headers['content-encoding'], undefined);
  }
  const int8 = await plainGet(url('/v1/models/latest'), { 'accept-encoding': 'gzip, br' });
  assert.equal(int8.headers['content-encoding'], undefined);
  // They are stored: there after a restart, too.
  await pair.leader.stop();
  await pair.leader.start();
  assert.equal((await plainGet(url('/v1/catalogue'), { 'accept-encoding': 'br' })).headers['content-encoding'], 'br');
  await pair.stop();
});

serverTest('killed at random instants, nothing acknowledged is lost or counted twice', async () => {
  const kills = long ? 50 : 10;
  const pair = await makePair(join(folder, 'killed'), { training: { window: '20s' } });
  recordNoise(pair);
  await pair.start();
  const token = pair.token('viewer');
  const expect = pair.file('expect.json');
  const visitors = 400;
  const tasks = long ? 6 : 2;
  const running = crowd(pair, ['--visitors', String(visitors), '--arrivals', String(visitors / 8), '--think-time', '0.5', '--tasks', String(tasks),
    '--window-rho', '1000', '--lifetime-rho', '1000', '--dropout', '0.1', '--duplicates', '0.1', '--expect', expect,
    '--token', token]);
  let finished = false;
  const outcome = running.done().finally(() => (finished = true));
  let killed = 0;
  while (killed < kills && !finished) {
    await sleep(200 + Math.random() * 1500);
    const server = Math.random() < 0.5 ? pair.leader : pair.helper;
    await server.kill();
    if (Math.random() < 0.3) await sleep(Math.random() * 1000);
    await server.start();
    ++killed;
  }
  await outcome;
  await until('every release', async () => run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim().split('\n').length >= tasks, 90_000);
  const releases = checkReleases(pair, expect);
  assert.ok(releases.length >= tasks);
  const reports = releases.reduce((sum, release) => sum + release.reports, 0);
  assert.ok(reports > visitors * tasks * 0.7, `${reports} reports`);
  assert.equal(killed, kills);
  assert.match(run(devBinary, ['audit', 'verify', '--store', pair.leader.store]), /follows/);
  await pair.stop();
});

serverTest('while the helper is away the leader takes reports, and catches up', async () => {
  const pair = await makePair(join(folder, 'away'), { training: { window: '15s' } });
  recordNoise(pair);
  await pair.start();
  const token = pair.token('viewer');
  await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks.length > 0);
  await pair.helper.stop();
  const expect = pair.file('expect.json');
  const running = crowd(pair, ['--visitors', '150', '--arrivals', '100', '--think-time', '0.1', '--tasks', '1', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000', '--expect', expect]);
  await until('reports to wait', async () => {
    const { body } = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
    return body?.tasks?.some((task) => task.pending > 100);
  });
  await pair.helper.start();
  await running.done();
  await until('the release', async () => run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim() !== '', 60_000);
  assert.equal(checkReleases(pair, expect).length >= 1, true);
  await pair.stop();
});

serverTest('late reports, wrong clocks and malicious visitors are told why, and all are accounted for', async () => {
  const pair = await makePair(join(folder, 'hostile'), { training: { vdaf: 'pine32' } });
  await pair.start();
  const token = pair.token('viewer');
  const outcome = await crowd(pair, ['--visitors', '200', '--arrivals', '100', '--think-time', '0.2', '--tasks', '2', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000', '--late', '0.1', '--skew', '1', '--dropout', '0.1', '--duplicates', '0.1',
    '--malicious', '0.2:norm', '--token', token]).done();
  const status = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
  const rejected = status.body.tasks.reduce((sum, task) => sum + (task.rejected.REJECTED ?? 0), 0);
  assert.ok(rejected > 20, `norms above the bound are rejected: ${JSON.stringify(status.body.tasks)}`);
  assert.ok(outcome);
  await pair.stop();
});

serverTest('a store that was edited, or lost a job, is found out before anything is collected', async () => {
  const pair = await makePair(join(folder, 'edited'), { training: { window: '6s' } });
  await pair.start();
  const token = pair.token('viewer');
  const running = crowd(pair, ['--visitors', '100', '--arrivals', '200', '--think-time', '0.1', '--tasks', '1', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000']);
  let space;
  await until('jobs at the helper', async () => {
    space = run(fixture('edit_store'), [pair.helper.store, 'spaces']).split('\n').find((name) => name.startsWith('task/'));
    return space && run(fixture('edit_store'), [pair.helper.store, 'keys', space, 'batch']).trim() !== '';
  });
  await pair.helper.kill();
  run(fixture('edit_store'), [pair.helper.store, 'delete', space, 'batch']);
  // It refuses to start on records that cannot have been written together, or the two disagree.
  const helperStarts = await pair.helper.start().then(() => true, () => false);
  if (helperStarts) {
    await until('the task to be abandoned', async () => {
      const { body } = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
      return body?.tasks?.some((task) => `task/${task.id}` === space && task.phase === 'abandoned');
    });
  }
  assert.equal(run(fixture('edit_store'), [pair.leader.store, 'keys', 'release']).trim(), '');
  running.child.kill('SIGTERM');
  await pair.leader.stop();
  if (helperStarts) await pair.helper.stop();
});

serverTest('one store has one server; a store put back from a backup abandons what was open', async () => {
  const pair = await makePair(join(folder, 'stores'), { training: { window: '60s' } });
  await pair.start();
  const token = pair.token('viewer');
  await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks.length > 0);
  const second = spawnSync(devBinary, ['serve', '--role', 'leader', '--config', pair.leader.config], {
    encoding: 'utf8',
    env: { ...process.env, SOTTO_SERVER_PORT: '0' },
    timeout: 20_000,
  });
  assert.notEqual(second.status, 0);
  assert.match(second.stderr, /another server|already/i);

  run(devBinary, ['backup', '--store', pair.leader.store, '--to', pair.file('backup.db')]);
  await pair.leader.stop();
  const refused = spawnSync(devBinary, ['restore', '--from', pair.file('backup.db'), '--store', pair.leader.store], { encoding: 'utf8' });
  assert.notEqual(refused.status, 0);
  run(devBinary, ['restore', '--from', pair.file('backup.db'), '--store', pair.leader.store, '--overwrite']);
  await pair.leader.start();
  const { body } = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
  assert.ok(body.tasks.some((task) => task.phase === 'abandoned' && /backup/.test(task.reason)), JSON.stringify(body.tasks));
  assert.equal(body.published_sequence >= 1, true);
  await pair.stop();
});

serverTest('administrators: no token, a wrong one, a role too low; all of it stands in the log', async () => {
  const pair = await makePair(join(folder, 'admin'), { training: { window: '60s' } });
  await pair.start();
  const tokens = Object.fromEntries(['viewer', 'operator', 'admin'].map((role) => [role, pair.token(role)]));
  const post = (path, token) =>
    getJson(pair.leader.url + path, { method: 'POST', headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-length': '0' } });
  await until('the tokens', async () => (await getJson(`${pair.leader.url}/v1/admin/status`, bearer(tokens.admin))).status === 200);

  assert.equal((await getJson(`${pair.leader.url}/v1/admin/status`)).status, 401);
  assert.equal((await getJson(`${pair.leader.url}/v1/admin/status`, bearer('sotto_' + '0'.repeat(64)))).status, 401);
  assert.equal((await post('/v1/admin/training/pause', tokens.viewer)).status, 403);
  assert.deepEqual((await post('/v1/admin/training/pause', tokens.operator)).body, { paused: true });
  assert.deepEqual((await post('/v1/admin/training/resume', tokens.admin)).body, { paused: false });
  assert.equal((await post('/v1/admin/keys/rotate', tokens.operator)).status, 403);
  const before = await (await fetch(`${pair.leader.url}/v1/keys/current`)).arrayBuffer();
  assert.equal((await post('/v1/admin/keys/rotate', tokens.admin)).status, 200);
  const now = await (await fetch(`${pair.leader.url}/v1/keys/current`)).arrayBuffer();
  assert.notDeepEqual(Buffer.from(now), Buffer.from(before));

  // Going back is a new sequence with the old model.
  const first = await fetch(`${pair.leader.url}/v1/models/1`);
  const rolled = await post('/v1/admin/models/1/publish', tokens.operator);
  assert.equal(rolled.status, 200, JSON.stringify(rolled.body));
  const latest = await fetch(`${pair.leader.url}/v1/models/latest`);
  assert.equal(latest.headers.get('etag'), first.headers.get('etag'));
  assert.equal((await post('/v1/admin/models/99/publish', tokens.operator)).status, 404);
  const models = await getJson(`${pair.leader.url}/v1/admin/models`, bearer(tokens.viewer));
  assert.equal(models.body.models.at(-1).why, 'rollback');
  assert.equal(models.body.models.at(-1).source, 1);
  const described = JSON.parse(run(devBinary, ['model', 'list', '--store', pair.leader.store, '--json', '-']));
  assert.deepEqual(described.models, models.body.models);

  await sleep(1500); // a second until the server has taken an operator's notes
  const log = await getJson(`${pair.leader.url}/v1/admin/audit`, bearer(tokens.viewer));
  const actions = log.body.entries.map((entry) => `${entry.actor}: ${entry.action}`);
  for (const entry of ['nobody: refused', 'token test viewer: refused', 'token test operator: pause training', 'token test admin: rotate HPKE key',
    'token test operator: roll back', 'operator: add token'])
    assert.ok(actions.includes(entry), `${entry} in\n${actions.join('\n')}`);

  const listed = run(devBinary, ['token', 'list', '--store', pair.leader.store]);
  const id = listed.split('\n').find((line) => line.includes('test viewer')).split(' ')[0];
  run(devBinary, ['token', 'revoke', id, '--store', pair.leader.store]);
  await until('the token to be forgotten', async () => (await getJson(`${pair.leader.url}/v1/admin/status`, bearer(tokens.viewer))).status === 401);
  for (const server of [pair.leader, pair.helper])
    for (const token of Object.values(tokens)) assert.ok(!readFileSync(server.logFile, 'utf8').includes(token), 'tokens are not logged');
  await pair.stop();
});

/** A WebSocket client of its own: Node 18 has none. Resolves to what `count` text frames say. */
function announcements(port, path, count) {
  return new Promise((done, fail) => {
    const socket = connect(port, '127.0.0.1');
    const got = [];
    let buffer = Buffer.alloc(0);
    let open = false;
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    socket.on('error', fail);
    socket.on('close', () => fail(new Error(`closed after ${JSON.stringify(got)}`)));
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      if (!open) {
        const end = buffer.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!buffer.toString('latin1').startsWith('HTTP/1.1 101')) return fail(new Error(buffer.toString()));
        open = true;
        buffer = buffer.subarray(end + 4);
      }
      while (buffer.length >= 2) {
        const short = buffer[1] & 127;
        const head = short === 126 ? 4 : 2;
        const length = short === 126 ? buffer.readUInt16BE(2) : short;
        if (buffer.length < head + length) return;
        if ((buffer[0] & 15) === 1) got.push(JSON.parse(buffer.subarray(head, head + length)));
        buffer = buffer.subarray(head + length);
        if (got.length === count) {
          socket.removeAllListeners('close');
          socket.destroy();
          return done(got);
        }
      }
    });
  });
}

serverTest('the WebSocket announces models and tasks, and resumes', async () => {
  const pair = await makePair(join(folder, 'events'), { training: { window: '2s', min_batch: 2 } });
  await pair.start();
  const all = await announcements(pair.leader.port, '/v1/events?after=0', 3);
  assert.deepEqual(all.map((event) => event.id), [1, 2, 3]);
  assert.ok(all.some((event) => event.type === 'model' && event.sequence === 1), JSON.stringify(all));
  assert.ok(all.some((event) => event.type === 'task'), JSON.stringify(all));
  const later = await announcements(pair.leader.port, '/v1/events?after=2', 1);
  assert.equal(later[0].id, 3);
  await pair.stop();
});

serverTest('docs/openapi.json: every path answers as it says, on both roles', async () => {
  const pair = await makePair(join(folder, 'openapi'), { training: { window: '60s' } });
  await pair.start();
  const document = JSON.parse(readFileSync(join(root, 'docs/openapi.json'), 'utf8'));
  await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks.length > 0);
  const task = (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks[0];
  const values = { task: task.id, report: '0'.repeat(32), job: '0'.repeat(32), key: task.helper_key, sequence: '1', hash: '0'.repeat(64) };
  const queries = { '/v1/models/{sequence}/delta': '?from=1' };
  let asked = 0;
  for (const server of [pair.leader, pair.helper]) {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const served = operation['x-role'] === 'both' || operation['x-role'] === server.role;
        const target = path.replace(/\{([a-z]+)\}/g, (_, name) => values[name]) + (queries[path] ?? '');
        const body = ['put', 'post'].includes(method) ? { body: '' } : {};
        const response = await fetch(server.url + target, { method: method.toUpperCase(), ...body });
        ++asked;
        const where = `${server.role} ${method} ${target}: ${response.status}`;
        if (!served) {
          assert.ok([404, 405].includes(response.status), where);
          continue;
        }
        assert.ok(operation.responses[response.status], `${where} is not documented`);
        if (response.status >= 400) {
          assert.equal(response.headers.get('content-type'), 'application/problem+json', where);
          const problem = await response.json();
          assert.equal(problem.status, response.status, where);
          assert.match(problem.code, /^[A-Z_]+$/);
        }
      }
    }
  }
  assert.ok(asked > 40);

  const cors = await fetch(`${pair.leader.url}/v1/manifest`, { headers: { origin: 'http://page.example' } });
  assert.equal(cors.headers.get('access-control-allow-origin'), 'http://page.example');
  const bare = await fetch(`${pair.leader.url}/v1/manifest`);
  assert.match(bare.headers.get('vary'), /origin/, 'a cache must not give pages what came without an origin');
  const other = await fetch(`${pair.leader.url}/v1/manifest`, { headers: { origin: 'http://other.example' } });
  assert.equal(other.headers.get('access-control-allow-origin'), null);
  const preflight = await fetch(`${pair.leader.url}/v1/tasks/${task.id}/reports/${values.report}`, {
    method: 'OPTIONS',
    headers: { origin: 'http://page.example', 'access-control-request-method': 'PUT' },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-methods'), /PUT/);
  await pair.stop();
});

serverTest('a new catalogue has a place for new items at the next start, without training', async () => {
  const pair = await makePair(join(folder, 'catalogue'), { training: { window: '60s' } });
  await pair.start();
  const manifestOf = async () => {
    const answer = await fetch(`${pair.leader.url}/v1/manifest`);
    return answer.ok ? Buffer.from(await answer.arrayBuffer()) : null;
  };
  const first = await until('a model', manifestOf);
  const before = await (await fetch(`${pair.leader.url}/v1/models/latest`)).arrayBuffer();
  await pair.leader.stop();
  const items = readFileSync(join(pair.world, 'items.jsonl'), 'utf8');
  const copy = JSON.parse(items.split('\n')[0]);
  writeFileSync(join(pair.world, 'items.jsonl'), `${items}${JSON.stringify({ ...copy, id: 'brand-new' })}\n`);
  await pair.leader.start();
  await until('the new catalogue', async () => (await manifestOf())?.equals(first) === false);
  const after = await fetch(`${pair.leader.url}/v1/models/latest`);
  const bytes = Buffer.from(await after.arrayBuffer());
  writeFileSync(pair.file('after.safetensors'), bytes);
  assert.equal(JSON.parse(run(devBinary, ['model', 'inspect', pair.file('after.safetensors')])).items, 61);
  assert.ok(bytes.includes('brand-new'));
  assert.match(run(devBinary, ['model', 'list', '--store', pair.leader.store]), /catalogue/);
  const delta = await fetch(`${pair.leader.url}/v1/models/2/delta?from=1`);
  assert.equal(delta.status, 200);
  const size = (await delta.arrayBuffer()).byteLength;
  assert.ok(size < bytes.length && size > 80, `${size} of ${before.byteLength} to ${bytes.length}`);
  await pair.stop();
});

serverTest('on a full disk uploads are refused with 503, and go on when there is room', async () => {
  const pair = await makePair(join(folder, 'full'), { training: { window: '60s' } });
  recordNoise(pair);
  await pair.helper.start();
  // As if the disk had room for so much and no more: writes beyond fail.
  pair.leader.limit = 1024;
  await pair.leader.start();
  const token = pair.token('viewer');
  const running = crowd(pair, ['--visitors', '400', '--arrivals', '400', '--think-time', '0', '--duration', '12', '--prompt',
    '--window-rho', '1000', '--lifetime-rho', '1000']);
  const outcome = await running.done();
  assert.ok(outcome.uploads.unavailable > 0, JSON.stringify(outcome.uploads));
  const ready = await fetch(`${pair.leader.url}/v1/health`);
  assert.equal(ready.status, 200);
  const acknowledged = outcome.reports.acknowledged;
  await pair.leader.kill();
  pair.leader.limit = null;
  await pair.leader.start();
  const { body } = await until('the token', async () => {
    const answer = await getJson(`${pair.leader.url}/v1/admin/status`, bearer(token));
    return answer.status === 200 && answer;
  });
  const stored = body.tasks.reduce((sum, task) => sum + task.accepted, 0);
  assert.ok(stored >= acknowledged, `${stored} stored, ${acknowledged} acknowledged`);
  await pair.stop();
});

/** Sends bytes on a connection of its own and gives what comes back until it is closed. */
function raw(port, bytes, ms = 8000) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    let got = Buffer.alloc(0);
    const end = () => {
      socket.destroy();
      done(got.toString('latin1'));
    };
    setTimeout(end, ms).unref();
    socket.on('data', (chunk) => (got = Buffer.concat([got, chunk])));
    socket.on('close', end);
    socket.on('error', end);
    socket.write(bytes);
  });
}

serverTest('hostile clients get their code, and honest ones are served meanwhile', async () => {
  const pair = await makePair(join(folder, 'abuse'), {
    training: { window: '60s' },
    leader: { limits: { head_timeout: '1s', idle_timeout: '2s', body_memory: '4MB' } },
  });
  await pair.start();
  const { port } = pair.leader;
  await until('a task', async () => (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks.length > 0);
  const task = (await getJson(`${pair.leader.url}/v1/tasks`)).body.tasks[0].id;
  const upload = `/v1/tasks/${task}/reports/${'0'.repeat(32)}`;
  const size = 4 * 61 + 154; // sum: a number for each of 61 coordinates, and what docs/protocol.md says
  const statusOf = (answer) => Number(answer.match(/^HTTP\/1\.1 (\d+)/)?.[1] ?? 0);

  const slow = Array.from({ length: 100 }, () => raw(port, 'GET /v1/manifest HTTP/1.1\r\nHost: a\r\nX-Slow: '));
  const garbage = Array.from({ length: 50 }, () => raw(port, randomBytes(2000)));
  const wrong = [
    [raw(port, `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n`), [414, 431]],
    [raw(port, `PUT ${upload} HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n`), [413]],
    [raw(port, `PUT ${upload} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc`), [400]],
    [raw(port, `PUT ${upload} HTTP/1.1\r\nHost: a\r\n\r\n`), [411]],
    [raw(port, `PUT ${upload} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), [411, 501]],
    [raw(port, `PUT ${upload} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n${'a'.repeat(size)}`), [400]],
    [raw(port, `POST /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`), [404, 405, 426]],
    [raw(port, 'GET / HTTP/3.0\r\n\r\n'), [400, 505]],
  ];
  for (let i = 0; i < 50; ++i) assert.equal((await fetch(`${pair.leader.url}/v1/manifest`)).status, 200);
  for (const [answer, codes] of wrong) {
    const text = await answer;
    assert.ok(codes.includes(statusOf(text)), `${codes}: ${text.slice(0, 200)}`);
  }
  for (const answer of await Promise.all(slow)) assert.ok([0, 408].includes(statusOf(answer)), answer.slice(0, 100));
  for (const answer of await Promise.all(garbage)) assert.ok([0, 400, 431, 505].includes(statusOf(answer)), answer.slice(0, 100));
  // What only the leader may ask of the helper.
  for (const path of [`/v1/tasks/${task}/jobs/${'0'.repeat(32)}`, `/v1/tasks/${task}/collection`, '/v1/tasks']) {
    const method = path.includes('/jobs/') ? 'PUT' : 'POST';
    const response = await fetch(pair.helper.url + path, { method, body: randomBytes(300) });
    assert.equal(response.status, 401, path);
    assert.equal((await response.json()).code, 'AUTHENTICATION');
    // Nor is a stranger's body waited for, or an answer signed that could be held against the leader.
    const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 60000000\r\nSotto-Date: ${Date.now()}\r\n` +
      `Sotto-Digest: ${randomBytes(32).toString('base64')}\r\nSotto-Signature: ${randomBytes(64).toString('base64')}\r\n\r\n`;
    const answer = await raw(pair.helper.port, head);
    assert.equal(statusOf(answer), 401, path);
    assert.doesNotMatch(answer, /sotto-signature/i);
  }
  const { VmRSS } = Object.fromEntries(
    readFileSync(`/proc/${pair.leader.process.pid}/status`, 'utf8').split('\n').map((line) => line.split(/:\s+/)),
  );
  assert.ok(Number.parseInt(VmRSS, 10) < 600_000, `under sanitizers: ${VmRSS}`);
  await pair.stop();
});

const promtool = spawnSync('promtool', ['--version']).status === 0;
serverTest('/metrics is what Prometheus reads', async () => {
  const pair = await makePair(join(folder, 'metrics'), { training: { window: '60s' } });
  await pair.start();
  for (const server of [pair.leader, pair.helper]) {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(text, /sotto_http_requests/);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  }
  await pair.stop();
}, { timeout: 60_000, skip: promtool ? false : 'promtool is not installed' });

serverTest('docs/operation.md: its commands take a new operator to a collected task', async () => {
  const place = join(folder, 'manual');
  mkdirSync(place);
  const [leaderPort, helperPort] = [await freePort(), await freePort()];
  const page = readFileSync(join(root, 'docs/operation.md'), 'utf8');
  const commands = page
    .match(/```sh\n([\s\S]*?)```/)[1]
    .replaceAll('8787', String(leaderPort))
    .replaceAll('8788', String(helperPort))
    .replace('folder = "keys/helper"', `folder = "keys/helper"\n[server]\nport = ${helperPort}`)
    .replace('folder = "keys/leader"', `folder = "keys/leader"\n[server]\nport = ${leaderPort}`)
    .replace('window = "1m"', 'window = "15s"')
    .replace('time_precision = "10s"', 'time_precision = "1s"');
  const script = `set -e\ntrap 'kill $(jobs -p); wait' EXIT\n${commands}`;
  const done = spawnSync('bash', ['-c', script], { cwd: place, encoding: 'utf8', timeout: 120_000,
    env: { ...process.env, PATH: `${dirname(releaseBinary)}:${process.env.PATH}` } });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  assert.match(done.stdout, /in the batch|acknowledged/);
});

serverTest('a configuration is checked without running, and what is wrong is named', async () => {
  const pair = await makePair(join(folder, 'config'));
  const checked = spawnSync(devBinary, ['serve', '--role', 'leader', '--config', pair.leader.config, '--check-config'], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr);
  assert.match(checked.stdout, /^\[site\]/);
  const wrong = (pattern, environment, role = 'leader') => {
    const result = spawnSync(devBinary, ['serve', '--role', role, '--config', pair[role].config, '--check-config'], {
      encoding: 'utf8',
      env: { ...process.env, ...environment },
    });
    assert.notEqual(result.status, 0);
    assert.match(result.stderr, pattern);
  };
  wrong(/SOTTO_SERVER_PORT/, { SOTTO_SERVER_PORT: '99999' });
  wrong(/items/, { SOTTO_TRAINING_ITEMS: '/nowhere/items.jsonl' });
  wrong(/identity.key/, { SOTTO_KEYS_FOLDER: pair.file('keys/helper') });
  wrong(/site.name/, { SOTTO_SITE_NAME: 'other.example' });
});
