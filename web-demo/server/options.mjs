// The options of `./run demo`, and its defaults.
//
// How the magazine's were chosen. NDCG@100 on held-out visitors (a ninth as many) of the generated world of
// 300 items, epsilon 8 at delta 1e-6 by both servers' noise, k = 16. Popularity 0.36 to 0.37, centralised 0.50.
//
//   visitors  rounds   after the counts and each round
//       1000       2   0.313  0.371  0.412                  a real pair (`--once`)
//       3000       3   0.303  0.405  0.439  0.451           a real pair, half of the reports in time
//       4000       3   0.307  0.433  0.457  0.470           a real pair: the defaults, `--once`
//       3000       5   0.303  -      -      0.412  0.450  0.461  a real pair: the gate refused two
//       3000       4   0.305  0.403  0.432  0.453  0.461    sotto simulate
//       4500       3   0.325  0.437  0.473  0.486           sotto simulate
//
// Each round's budget is 3.26 times that of the round before, so that with many rounds the first ones are
// mostly noise: from four on the gate refuses some (rows 64 times as long as those before). A window of
// 20 s keeps two cores a third busy with 4,000 reports (3 ms of CPU each, all processes; 85 s in all), so
// that there is room for a browser. The model is above popularity after the second window.
//
// Films, two rounds: ml-100k (845 visitors) 0.220 0.338 0.349, popularity 0.254, centralised 0.435. ml-1m
// (2,000 of 5,431 visitors, three rounds) 0.177 0.293 0.316 0.337, popularity 0.208 and centralised 0.381 of all.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const delta = 1e-6;

const defaults = {
  magazine: { visitors: 4000, rounds: 3, window: 20, epsilon: 8, dim: 16, items: 300 },
  films: { visitors: 2000, rounds: 2, window: 30, epsilon: 8, dim: 16 },
};

export const usage = `usage: ./run demo [options]

A leader, a helper, a site and a crowd of simulated visitors on this machine. Prints one URL.

  --data movielens:DIR  films of a MovieLens data set instead of the built-in magazine
  --visitors N          simulated visitors [${defaults.magazine.visitors}; films: ${defaults.films.visitors}, or all there are]
  --rounds N            releases after the first, which counts [${defaults.magazine.rounds}; films: ${defaults.films.rounds}]
  --window SECONDS      how long a round takes reports [${defaults.magazine.window}; films: ${defaults.films.window}]
  --epsilon E           what all rounds together cost a visitor at most, at delta ${delta} [8]
  --port PORT           of the site; 0: any free one [8080, or the next one that is free]
  --state DIR           keep keys, stores and models in DIR, and go on from there [a temporary folder]
  --once                no site: runs all rounds, prints the table, says by its exit code whether the
                        model beats popularity and every report is accounted for
  --no-open             do not open a browser
  --help                this text
`;

export class OptionError extends Error {}

function number(name, text, { least, most, whole = true }) {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < least || value > most)
    throw new OptionError(`--${name}: ${whole ? 'a whole number' : 'a number'}, ${least} to ${most}, not '${text}'`);
  return value;
}

const flags = { once: { type: 'boolean' }, 'no-open': { type: 'boolean' }, help: { type: 'boolean', short: 'h' } };
const values = Object.fromEntries(['data', 'visitors', 'rounds', 'window', 'epsilon', 'port', 'state'].map((name) => [name, { type: 'string' }]));

/** What was asked for, with defaults. `given`: names of the options that were. Throws OptionError naming the option. */
export function readOptions(args) {
  let parsed;
  try {
    parsed = parseArgs({ args, options: { ...flags, ...values }, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new OptionError(error.message);
  }
  const films = parsed.data !== undefined;
  if (films && !/^movielens:.+/.test(parsed.data)) throw new OptionError(`--data: movielens:DIR, not '${parsed.data}'`);
  const preset = films ? defaults.films : defaults.magazine;
  const read = (name, range) => (parsed[name] === undefined ? preset[name] : number(name, parsed[name], range));
  if (parsed.once && parsed.state !== undefined) throw new OptionError('--once: runs in a folder of its own, not with --state');
  if (parsed.once && parsed.port !== undefined) throw new OptionError('--once: shows no site, so it has no --port');
  return {
    world: films ? 'films' : 'magazine',
    films: films ? resolve(parsed.data.slice('movielens:'.length)) : null,
    visitors: read('visitors', { least: 50, most: 100_000 }),
    rounds: read('rounds', { least: 1, most: 16 }),
    window: read('window', { least: 2, most: 3600 }),
    epsilon: read('epsilon', { least: 0.1, most: 100, whole: false }),
    dim: preset.dim,
    items: preset.items,
    port: parsed.port === undefined ? null : number('port', parsed.port, { least: 0, most: 65_535 }),
    state: parsed.state === undefined ? null : resolve(parsed.state),
    once: parsed.once === true,
    open: parsed['no-open'] !== true,
    help: parsed.help === true,
    given: new Set(Object.keys(parsed)),
  };
}
