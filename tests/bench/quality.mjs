// The quality figures of the README: medians of three seeds of training and noise, measured on the
// fixed test split. Reads data from $SOTTO_DATA or ../shared/data; says what it skips.
// usage: node tests/bench/quality.mjs [path of sotto] [--world]
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const sotto = process.argv.slice(2).find((a) => !a.startsWith('--')) ?? join(root, 'build/release/sotto');
const data = process.env.SOTTO_DATA ?? resolve(root, '../shared/data');
const seeds = [1, 2, 3];

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

// Runs a command once a seed, returns the parsed reports.
function runs(command, ...args) {
  return seeds.map((seed) => {
    const out = execFileSync(sotto, [command, ...args, '--seed', String(seed), '--json', '-'],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 28 });
    return JSON.parse(out);
  });
}

const show = (value) => value.toFixed(4);
function row(name, ...cells) {
  console.log(`| ${[name, ...cells].join(' | ')} |`);
}
function header(...cells) {
  console.log(`\n| ${cells.join(' | ')} |\n|${cells.map(() => '---').join('|')}|`);
}

function films() {
  const ml1m = join(data, 'ml-1m');
  if (!existsSync(ml1m)) return console.log(`skipped: no data (${ml1m})`);
  const base = ['--data', `movielens:${ml1m}`, '--protocol', 'strong-generalization'];

  header('ML-1M, strong generalisation, fixed split', 'NDCG@100', 'Recall@20', 'Recall@50', 'of centralised NDCG@100');
  const full = runs('simulate', ...base, '--dim', '64', '--rounds', '8');
  const metric = (select, key) => median(full.map((r) => select(r)[key]));
  const line = (name, select) => row(name, show(metric(select, 'ndcg@100')), show(metric(select, 'recall@20')),
    show(metric(select, 'recall@50')), show(median(full.map((r) => select(r)['ndcg@100'] / r.central['ndcg@100']))));
  line('popularity', (r) => r.popularity);
  line('centralised iALS, k = 64, 16 sweeps', (r) => r.central);
  line('federated, 4 rounds', (r) => r.rounds[3]);
  line('federated, 8 rounds', (r) => r.federated);
  const part = runs('simulate', ...base, '--dim', '64', '--rounds', '20', '--participation', '0.1', '--no-central');
  const ofFull = median(part.map((r, s) => r.federated['ndcg@100'] / full[s].federated['ndcg@100']));
  row('federated, 10% of the devices a round, 20 rounds', show(median(part.map((r) => r.federated['ndcg@100']))),
    show(median(part.map((r) => r.federated['recall@20']))), show(median(part.map((r) => r.federated['recall@50']))),
    `${show(ofFull)} of full participation`);
  console.log(`8 rounds took ${median(full.map((r) => r.seconds)).toFixed(1)} s (median)`);

  const privateRows = (title, extra) => {
    header(title, 'NDCG@100', 'Recall@20', 'Recall@50', 'popularity, same epsilon', 'content only, same epsilon', 'z');
    for (const epsilon of [1, 2, 4, 8]) {
      const reports = runs('simulate', ...base, '--epsilon', String(epsilon), ...extra, '--no-central');
      const get = (select, key) => show(median(reports.map((r) => select(r)[key])));
      row(`epsilon ${epsilon}`, get((r) => r.federated, 'ndcg@100'), get((r) => r.federated, 'recall@20'),
        get((r) => r.federated, 'recall@50'), get((r) => r.popularity_private, 'ndcg@100'),
        get((r) => r.content_private, 'ndcg@100'), reports[0].z.toFixed(3));
    }
  };
  privateRows('private, *literature*: delta 1e-5, Gaussian curve, one noise',
    ['--delta', '1e-5', '--accounting', 'gaussian', '--noise', 'one']);
  privateRows('private, *deployed*: delta 1e-6, certified by zCDP, both servers\' noise',
    ['--delta', '1e-6', '--accounting', 'zcdp', '--noise', 'servers']);
}

function recency() {
  const ml100k = join(data, 'ml-100k');
  if (!existsSync(ml100k)) return console.log(`skipped: no data (${ml100k})`);
  header('ML-100K, temporal, one V, centralised iALS, k = 64', 'NDCG@100', 'Recall@20', 'Recall@50', 'gain over plain');
  const reports = runs('evaluate', '--data', `movielens:${ml100k}`, '--protocol', 'temporal', '--dim', '64', '--fine-tune');
  const get = (model, key) => median(reports.map((r) => r.models[model][key]));
  const fold = 'centralised iALS';
  const plain = get(fold, 'ndcg@100');
  const models = [
    ['popularity', 'popularity'],
    ['item-kNN', 'item-kNN'],
    ['plain fold-in', fold],
    ['recency', `${fold} + recency`],
    ['fine-tuned, everybody', `${fold} + tuned`],
    ['fine-tuned, gated', `${fold} + tuned, gated`],
    ['both, everybody', `${fold} + recency + tuned`],
    ['both, gated', `${fold} + recency + tuned, gated`],
  ];
  for (const [name, model] of models)
    row(name, show(get(model, 'ndcg@100')), show(get(model, 'recall@20')), show(get(model, 'recall@50')),
      `${(100 * (get(model, 'ndcg@100') / plain - 1)).toFixed(1)}%`);
}

function sparse() {
  header('world:sparse, 40,000 users x 20,000 items, 15 each', 'NDCG@100', 'Recall@20', 'of centralised', 'worst fall below the best round so far');
  const reports = runs('simulate', '--data', 'world:sparse', '--dim', '64', '--rounds', '16', '--max-eval-users', '4000');
  for (const rounds of [8, 16]) {
    const fall = (r) => {
      let best = 0, worst = 0;
      for (const round of r.rounds) {
        best = Math.max(best, round['ndcg@100']);
        worst = Math.max(worst, 1 - round['ndcg@100'] / best);
      }
      return worst;
    };
    row(`federated, ${rounds} rounds`, show(median(reports.map((r) => r.rounds[rounds - 1]['ndcg@100']))),
      show(median(reports.map((r) => r.rounds[rounds - 1]['recall@20']))),
      show(median(reports.map((r) => r.rounds[rounds - 1]['ndcg@100'] / r.central['ndcg@100']))),
      `${(100 * median(reports.map(fall))).toFixed(2)}%`);
  }
}

films();
recency();
sparse();
