// The demo's folder: keys, stores, the world, logs, and what was chosen when it was made, so that a
// folder that is used again means the same.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes, randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { OptionError } from './options.mjs';

const chosen = ['visitors', 'rounds', 'window', 'epsilon'];

/** Whole or not at all. */
export function writeJson(path, value) {
  writeFileSync(`${path}.new`, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function runs(pid) {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self') || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.mjs');
  } catch {
    return false;
  }
}

export class StateFolder {
  /** options: as readOptions gives them; those that a folder was made with take the place of defaults.
   * Throws OptionError when others were given. */
  static open(options) {
    const temporary = options.state === null;
    const path = temporary ? mkdtempSync(join(tmpdir(), 'sotto-demo-')) : options.state;
    mkdirSync(path, { recursive: true });
    return new StateFolder(path, temporary, options);
  }

  constructor(path, temporary, options) {
    Object.assign(this, { path, temporary });
    this.lock = join(path, 'demo.pid');
    if (existsSync(this.lock)) {
      const pid = Number(readFileSync(this.lock, 'utf8'));
      if (pid !== process.pid && runs(pid)) throw new OptionError(`--state: ${path} is in use by the demo with process id ${pid}`);
    }
    const file = join(path, 'demo.json');
    if (existsSync(file)) {
      this.settings = readJson(file);
      const data = { given: options.given.has('data'), now: options.films, then: this.settings.films };
      if (data.given && data.now !== data.then) throw new OptionError(`--data: ${path} was made with ${data.then ? `movielens:${data.then}` : 'the magazine'}`);
      for (const name of chosen)
        if (options.given.has(name) && options[name] !== this.settings[name])
          throw new OptionError(`--${name}: ${path} was made with ${this.settings[name]}; another folder can have another`);
    } else {
      const { world, films, visitors, rounds, window, epsilon, dim, items } = options;
      // A site of its own: what browsers keep for one demo is never taken for another's.
      this.settings = { world, films, visitors, rounds, window, epsilon, dim, items,
        site: `demo-${randomBytes(4).toString('hex')}.sotto.example`, seed: randomInt(2 ** 31) };
    }
    writeFileSync(this.lock, String(process.pid));
  }

  /** The settings have been found to work: from now on they are this folder's. */
  keep() {
    writeJson(this.file('demo.json'), this.settings);
  }

  file(...names) {
    return join(this.path, ...names);
  }

  close() {
    rmSync(this.temporary ? this.path : this.lock, { recursive: true, force: true });
  }
}
