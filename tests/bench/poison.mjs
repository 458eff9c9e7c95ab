// What malicious devices do to the model, without and with proofs: the tables of docs/poisoning.md.
// usage: node tests/bench/poison.mjs [path of sotto]
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const sotto = process.argv[2] ?? join(root, 'build/release/sotto');
const folder = mkdtempSync(join(tmpdir(), 'sotto-poison-'));
const world = join(folder, 'world');

function json(...args) {
  const out = execFileSync(sotto, [...args, '--json', '-'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
  return JSON.parse(out);
}
const attacked = (setting, vdaf, fraction, kind) => json('simulate', '--data', `world:${world}`, ...setting,
  '--no-central', '--eval-every', '100', '--secure', 'full', '--vdaf', vdaf, '--poison', `${fraction}:${kind}`);

const ndcg = (measurement) => measurement['ndcg@100'].toFixed(3);
const percent = (share) => `${(100 * share).toFixed(0)}%`;
const row = (cells) => console.log(`| ${cells.join(' | ')} |`);

// NDCG@100 after the attack; in brackets how many of the attackers' reports were rejected, or whose
// top 20 the boosted item has reached.
function cell(run) {
  const rejected = Object.values(run.rejected).reduce((sum, reports) => sum + reports, 0);
  const note = run.poison.kind === 'boost'
    ? `item in ${percent(run.poison.after.top_20)} of lists`
    : `${percent(rejected / run.malicious)} rejected`;
  const kept = run.rounds.filter((round) => round.model_kept !== null).length;
  return `${ndcg(run.federated)} (${note}${kept ? `; model kept in ${kept} of ${run.rounds.length} rounds` : ''})`;
}

function table(title, setting, kinds) {
  let honest;
  const lines = [];
  for (const kind of kinds) {
    const cells = [kind];
    for (const vdaf of ['sum', 'pine'])
      for (const fraction of [0.01, 0.1]) {
        const run = attacked(setting, vdaf, fraction, kind);
        cells.push(cell(run));
        honest ??= run;
        if (kind === 'boost' && cells.length === 2) cells[0] += ` (without: ${percent(run.poison.before.top_20)} of lists)`;
      }
    lines.push(cells);
  }
  console.log(`\n${title}: NDCG@100 ${ndcg(honest.honest)} without malicious devices, ${ndcg(honest.popularity)} by popularity\n`);
  row(['attack', 'sum, 1%', 'sum, 10%', 'pine, 1%', 'pine, 10%']);
  console.log('|---|---|---|---|---|');
  lines.forEach(row);
}

try {
  json('world', '--preset', 'demo', '--users', '1000', '--items', '300', '--out', world);
  table('Federated, 4 rounds, k = 8, histories up to 512 items', ['--dim', '8', '--rounds', '4'],
    ['norm', 'malformed', 'flip', 'boost']);
  table('The same, histories scaled down from 64 items on', ['--dim', '8', '--rounds', '4', '--max-weight', '64'], ['flip', 'boost']);
  table('Private, epsilon 8', ['--epsilon', '8'], ['norm', 'malformed', 'flip', 'boost']);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
