// The lab from outside: the real binary, real files, real exit codes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const binary = join(root, 'build/release/sotto');
const data = process.env.SOTTO_DATA ?? resolve(root, '../shared/data');
const folder = mkdtempSync(join(tmpdir(), 'sotto-lab-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name) => join(folder, name);

function sotto(...args) {
  return spawnSync(binary, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
}
function succeed(...args) {
  const run = sotto(...args);
  assert.equal(run.status, 0, `sotto ${args.join(' ')}\n${run.stdout}${run.stderr}`);
  return run.stdout;
}
const report = (...args) => JSON.parse(succeed(...args, '--json', '-'));
function refuse(pattern, ...args) {
  const run = sotto(...args);
  assert.notEqual(run.status, 0, `sotto ${args.join(' ')} should have failed`);
  assert.match(run.stderr + run.stdout, pattern);
}
const withoutTimes = (key, value) => (key.startsWith('seconds') ? undefined : value);
const comparable = (value) => JSON.stringify(value, withoutTimes);

test('every command has help; nonsense is refused', () => {
  for (const command of ['import', 'world', 'train', 'simulate', 'evaluate', 'privacy'])
    assert.match(succeed(command, '--help'), /--json/);
  assert.match(succeed('--version'), /^\d+\.\d+\.\d+/);
  refuse(/subcommand/i, '--frobnicate');
  refuse(/--data/, 'simulate');
  refuse(/--dim/, 'simulate', '--data', 'world:tiny', '--dim', '0');
  refuse(/tiny/, 'simulate', '--data', 'world:nowhere');
  refuse(/--set/, 'simulate', '--data', 'world:tiny', '--epsilon', '1', '--set', 'colour=3');
});

test('a privacy budget is converted there and back', () => {
  const spent = report('privacy', '--epsilon', '8', '--delta', '1e-6');
  assert.equal(spent.epsilon.toFixed(6), '8.000000');
  assert.ok(spent.epsilon_gaussian < 8 && Math.abs(spent.z - 1 / Math.sqrt(2 * spent.rho)) < 1e-9);
  assert.ok(Math.abs(spent.budget_rho * 0.7 - spent.rho) < 1e-9, 'learning has 70% of a budget');
  assert.equal(report('privacy', '--rho', String(spent.rho)).epsilon.toFixed(6), '8.000000');
  // The exact curve: noise of 4.224678889327 sensitivities is (1, 1e-6).
  const gaussian = report('privacy', '--rho', String(1 / (2 * 4.224678889327 ** 2)));
  assert.equal(gaussian.epsilon_gaussian.toFixed(6), '1.000000');
  refuse(/epsilon/, 'privacy');
  refuse(/epsilon/, 'privacy', '--epsilon', '1', '--rho', '1');
  refuse(/--delta/, 'privacy', '--rho', '1', '--delta', '2');
});

test('a world goes to disk, is imported, trained on, and its model is measured', () => {
  const world = file('world');
  const made = report('world', '--preset', 'tiny', '--users', '500', '--out', world);
  assert.equal(made.users, 500);
  const copy = file('copy');
  const imported = report('import', '--from', `csv:${join(world, 'interactions.csv')}`, '--out', copy);
  assert.equal(imported.interactions, made.interactions);

  const model = file('model.safetensors');
  const trained = report('train', '--data', `world:${world}`, '--dim', '16', '--out', model);
  assert.ok(trained.central['ndcg@100'] > trained.popularity['ndcg@100']);
  const measured = report('evaluate', '--data', `world:${copy}`, '--methods', 'popularity', '--model', model);
  assert.ok(Math.abs(measured.models.model['ndcg@100'] - trained.central['ndcg@100']) < 1e-6);
  for (const metric of Object.values(measured.models.model)) assert.ok(metric >= 0 && metric <= 1);

  const tuned = file('tuned.safetensors');
  const train = ['train', '--data', `world:${world}`, '--dim', '16', '--out', tuned];
  report(...train, '--tuning-prior', '0.02,0.001,0.05');
  assert.ok(readFileSync(tuned).includes('tuning_prior') && !readFileSync(model).includes('tuning_prior'));
  refuse(/tuning_prior/, ...train, '--tuning-prior', '0.02,-1,0.05');
  refuse(/tuning-prior/, ...train, '--tuning-prior', '0.02');
});

test('bad input is refused with file, line and column', () => {
  writeFileSync(file('bad.csv'), 'user,item,rating\nu1,i1,5\nu2,i2,five\n');
  refuse(/bad\.csv:3:3: .*five/, 'simulate', '--data', `csv:${file('bad.csv')}`);
  refuse(/missing\.csv/, 'simulate', '--data', `csv:${file('missing.csv')}`);
  writeFileSync(file('not-a-model'), 'hello');
  refuse(/not-a-model/, 'evaluate', '--data', 'world:tiny', '--model', file('not-a-model'));
});

test('same seed, same result, whatever the number of threads; another seed, another result', () => {
  const run = (threads, seed) =>
    report('simulate', '--data', 'world:tiny', '--dim', '8', '--rounds', '4', '--participation', '0.5',
      '--dropout', '0.2', '--threads', String(threads), '--seed', String(seed));
  const one = run(1, 7);
  assert.equal(comparable(one), comparable(run(4, 7)));
  assert.notEqual(comparable(one), comparable(run(1, 8)));
  assert.equal(one.rounds.length, 4);
  assert.equal(one.epsilon, null);
  for (const key of ['dataset', 'protocol', 'users', 'items', 'popularity', 'central', 'federated',
    'upload_bytes_per_report', 'seconds']) assert.ok(key in one, key);
});

// Runs to the end, then again: killed at its first checkpoint and resumed. Both models must be equal.
async function killAndResume(name, ...run) {
  const args = (part, ...more) => [...run, '--no-central', '--out', file(`${name}-${part}.safetensors`),
    '--checkpoint', file(`${name}-${part}.ckpt`), ...more];
  succeed(...args('whole'));
  const child = spawn(binary, args('cut'), { stdio: 'ignore' });
  await new Promise((done) => {
    const poll = setInterval(() => {
      if (existsSync(file(`${name}-cut.ckpt`))) child.kill('SIGKILL');
    }, 5);
    child.on('exit', () => { clearInterval(poll); done(); });
  });
  assert.ok(!existsSync(file(`${name}-cut.safetensors`)), 'the run was to be killed before its end');
  succeed(...args('cut', '--resume'));
  assert.ok(readFileSync(file(`${name}-cut.safetensors`)).equals(readFileSync(file(`${name}-whole.safetensors`))));
  refuse(/other data, options or seed/, ...args('cut', '--resume', '--seed', '99'));
  const otherPath = run.filter((arg) => !['--secure', 'full'].includes(arg));
  if (otherPath.length < run.length)
    refuse(/other data, options or seed/, ...otherPath, '--no-central', '--checkpoint', file(`${name}-cut.ckpt`), '--resume');
}

test('a run that is killed continues from its checkpoint and ends with the same model', () =>
  killAndResume('clear', 'simulate', '--data', 'world:demo', '--dim', '32', '--rounds', '40'));

test('so does one of the whole cryptographic path', () =>
  killAndResume('full', 'simulate', '--data', 'world:tiny', '--dim', '8', '--rounds', '20', '--secure', 'full'));

test('and a private one, whose devices remember what they have paid', () =>
  killAndResume('private', 'simulate', '--data', 'world:demo', '--epsilon', '3', '--secure', 'full'));

test('the whole cryptographic path ends with the model of the sums in the clear, byte for byte', () => {
  const base = ['simulate', '--data', 'world:tiny', '--no-central', '--max-batch', '30', '--dropout', '0.2'];
  const runs = {
    federated: ['--dim', '8', '--rounds', '3', '--participation', '0.7'],
    noisy: ['--dim', '8', '--rounds', '2', '--round-sigma', '0.1', '--noise', 'servers+device'],
    one: ['--epsilon', '4', '--noise', 'one'],
    servers: ['--epsilon', '4'],
    device: ['--epsilon', '4', '--noise', 'servers+device'],
  };
  for (const [name, args] of Object.entries(runs)) {
    const run = (secure) => report(...base, ...args, '--secure', secure, '--out', file(`${name}-${secure}`));
    const clear = run('clear');
    const full = run('full');
    assert.ok(readFileSync(file(`${name}-clear`)).equals(readFileSync(file(`${name}-full`))), name);
    assert.ok(full.rounds.every((round) => round.cohorts >= 3), 'several cohorts');
    for (const key of ['reports', 'upload_bytes_per_report', 'upload_bytes_per_device', 'epsilon'])
      assert.equal(full[key], clear[key], key);  // with full the bytes are measured, with clear computed
    assert.deepEqual([full.secure, full.vdaf, full.rejected], ['full', 'sum', {}]);
    for (const part of ['devices', 'leader', 'helper', 'collector']) assert.ok(full[`seconds_${part}`] > 0);
    // Beyond counts, a device with no item of the slice has nothing to say.
    for (const round of full.rounds)
      assert.ok(round.layout === 'whitened' || round.zero_reports === 0, 'all could pay');
  }
  assert.match(succeed(...base, '--rounds', '1', '--secure', 'full'), /no floors[^]*protects nobody/);
  assert.match(succeed(...base, '--rounds', '1', '--noise', 'servers'), /nothing is added/);
  refuse(/--secure/, ...base, '--secure', 'half');
  refuse(/--vdaf/, ...base, '--vdaf', 'prio3');
  refuse(/--round-sigma/, ...base, '--epsilon', '1', '--round-sigma', '1');
  refuse(/max_batch.*at most 65520/, 'simulate', '--data', 'world:tiny', '--secure', 'full', '--max-batch', '70000');
});

test('malicious devices: PINE rejects what is too long, and the others have their model', () => {
  const base = ['simulate', '--data', 'world:tiny', '--dim', '8', '--rounds', '3', '--no-central', '--secure', 'full'];
  const pine = report(...base, '--vdaf', 'pine', '--poison', '0.1:norm');
  assert.equal(pine.poison.malicious_devices, 18);
  assert.equal(pine.malicious, 3 * 18);
  assert.deepEqual(pine.rejected, { REJECTED: pine.malicious });
  for (const round of pine.rounds) {
    assert.equal(round.malicious, 18);
    assert.deepEqual(round.rejected, { REJECTED: 18 });
    assert.equal(round.participants, 180 - 18);
    assert.equal(round.model_kept, null);
  }
  assert.ok(pine.federated['ndcg@100'] > 0.9 * pine.honest['ndcg@100']);

  const sum = report(...base, '--vdaf', 'sum', '--poison', '0.1:norm');
  assert.deepEqual(sum.rejected, {});
  assert.equal(sum.honest['ndcg@100'], pine.honest['ndcg@100']);
  assert.ok(sum.federated['ndcg@100'] < 0.9 * pine.honest['ndcg@100'], 'nothing is checked');

  // Within the bound: accepted, and seen in what it does.
  const boost = report(...base, '--vdaf', 'pine', '--poison', '0.1:boost');
  assert.deepEqual(boost.rejected, {});
  assert.ok(boost.poison.after.top_20 > boost.poison.before.top_20 + 0.5);
  assert.ok(boost.poison.after.median_rank < boost.poison.before.median_rank);

  // Everybody is malicious: there is no sum to learn from, and the program says so.
  const all = report(...base, '--vdaf', 'pine', '--poison', '1:norm');
  for (const round of all.rounds) {
    assert.match(round.model_kept, /fewer reports/);
    assert.deepEqual(round.rejected, { REJECTED: 180 });
  }
  assert.match(succeed(...base, '--vdaf', 'pine', '--poison', '1:malformed'), /stays as it was[^]*180 of 180 devices malicious/);
  assert.match(succeed(...base, '--vdaf', 'sum', '--poison', '1:malformed'), /180 of 180 devices malicious/);

  refuse(/--poison: needs --secure full/, 'simulate', '--data', 'world:tiny', '--poison', '0.1');
  refuse(/norm, flip, boost or malformed/, ...base, '--poison', '0.1:worse');
  refuse(/fraction/, ...base, '--poison', '2');
});

test('PINE: the model is that of the sums in the clear, byte for byte', () => {
  const base = ['simulate', '--data', 'world:tiny', '--dim', '8', '--rounds', '2', '--no-central', '--max-batch', '30', '--dropout', '0.2'];
  const full = ['--secure', 'full', '--vdaf'];
  succeed(...base, '--out', file('pine-clear'));
  for (const vdaf of ['pine', 'pine40', 'pine64']) {
    const run = report(...base, ...full, vdaf, '--out', file(vdaf));
    assert.ok(readFileSync(file('pine-clear')).equals(readFileSync(file(vdaf))), vdaf);
    assert.deepEqual([run.vdaf, run.rejected], [vdaf, {}]);
  }
  succeed(...base, '--epsilon', '4', '--out', file('pine-private-clear'));
  succeed(...base, '--epsilon', '4', ...full, 'pine', '--out', file('pine-private'));
  assert.ok(readFileSync(file('pine-private-clear')).equals(readFileSync(file('pine-private'))));
  refuse(/--vdaf pine: needs --secure full/, ...base, '--vdaf', 'pine');
  refuse(/devices add no noise under PINE/, ...base, ...full, 'pine', '--epsilon', '4', '--noise', 'servers+device');
});

test('a private run spends what was asked, and continues from its checkpoint', () => {
  const args = ['simulate', '--data', 'world:demo', '--epsilon', '3', '--no-central', '--threads', '2'];
  const whole = report(...args, '--checkpoint', file('private.ckpt'));
  assert.ok(whole.epsilon <= 3 && whole.epsilon > 2.99, `epsilon ${whole.epsilon}`);
  assert.equal(whole.label, 'deployed');
  assert.ok(whole.epsilon_gaussian < whole.epsilon_zcdp);
  assert.deepEqual(whole.rounds.map((r) => r.layout), ['counts', 'whitened', 'whitened']);
  for (let r = 1; r < 3; ++r) assert.ok(whole.rounds[r].epsilon > whole.rounds[r - 1].epsilon);
  const again = report(...args, '--checkpoint', file('private.ckpt'), '--resume');
  assert.equal(again.federated['ndcg@100'], whole.federated['ndcg@100']);
  assert.equal(again.epsilon, whole.epsilon);
});

test('a ready-made split ranks among its candidates and among all items', () => {
  const train = ['user,item,rating'], held = [], candidates = [];
  for (let u = 0; u < 60; ++u) {
    for (let j = 0; j < 10; ++j) train.push(`u${u},i${(u % 3) * 20 + ((u + 7 * j) % 20)},3`);
    held.push(`u${u},i${(u % 3) * 20 + ((u + 5) % 20)},1`);
    candidates.push([`u${u}`, ...Array.from({ length: 12 }, (_, j) => `i${(((u + 1) % 3) * 20 + j)}`)].join(','));
  }
  writeFileSync(file('train.csv'), train.join('\n'));
  writeFileSync(file('test.csv'), held.join('\n'));
  writeFileSync(file('candidates.csv'), candidates.join('\n'));
  const result = report('simulate', '--train', file('train.csv'), '--test', file('test.csv'),
    '--candidates', file('candidates.csv'), '--dim', '8', '--rounds', '8');
  assert.equal(result.measured_users > 0, true);
  assert.ok(result.federated.sampled['hr@10'] > 0.9, 'each user knows one of three groups of items');
  assert.ok(result.federated['ndcg@100'] > result.popularity['ndcg@100']);
});

const ml1m = join(data, 'ml-1m');
test('MovieLens 1M: the reference numbers', { skip: existsSync(ml1m) ? false : `no data (${ml1m})` }, () => {
  const base = ['simulate', '--data', `movielens:${ml1m}`, '--protocol', 'strong-generalization'];
  const clear = report(...base, '--dim', '64', '--rounds', '8', '--seed', '1');
  assert.equal(clear.users, 5431);
  assert.equal(clear.items, 3521);
  assert.equal(clear.popularity['ndcg@100'].toFixed(4), '0.2079');
  assert.equal(clear.popularity['recall@20'].toFixed(4), '0.1781');
  assert.ok(clear.central['ndcg@100'] > 0.41);
  assert.ok(clear.rounds[3]['ndcg@100'] > 0.975 * clear.central['ndcg@100']);
  assert.ok(clear.federated['ndcg@100'] > 0.985 * clear.central['ndcg@100']);
  const secret = report(...base, '--epsilon', '4', '--delta', '1e-5', '--accounting', 'gaussian',
    '--noise', 'one', '--no-central');
  assert.equal(secret.label, 'literature');
  assert.ok(secret.federated['ndcg@100'] > 0.36);
  assert.ok(secret.federated['ndcg@100'] > secret.popularity_private['ndcg@100']);
});
