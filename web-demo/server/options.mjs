// The options of `./run demo`, and its defaults.
//
// The magazine's defaults are being measured.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const delta = 1e-6;

const defaults = {
  magazine: { visitors: 3000, rounds: 5, window: 20, epsilon: 8, dim: 16, items: 300 },
  films: { visitors: 2000, rounds: 3, window: 30, epsilon: 8, dim: 16 },
};

export const usage = `usage: ./run demo [options]

A leader, a helper, a site and a crowd of simulated visitors on this machine. Prints one URL.

  --data movielens:DIR  films of a MovieLens data set instead of the built-in magazine
  --visitors N          simulated visitors [${defaults.magazine.visitors}; films: ${defaults.films.visitors}, or all there are]
  --rounds N            releases after the first, which counts [${defaults.magazine.rounds}; films: ${defaults.films.rounds}]
  --window SECONDS      how long a round takes reports [${defaults.magazine.window}; films: ${defaults.films.window}]
  --epsilon E           what all rounds together cost a visitor at most, at delta ${delta} [8]
  --port PORT           of the site [8080, or the next one that is free]
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
    port: parsed.port === undefined ? null : number('port', parsed.port, { least: 1, most: 65_535 }),
    state: parsed.state === undefined ? null : resolve(parsed.state),
    once: parsed.once === true,
    open: parsed['no-open'] !== true,
    help: parsed.help === true,
    given: new Set(Object.keys(parsed)),
  };
}
