// The processes that the demo starts: they log into files, a crash is told with the last lines of the
// log, and none outlives the demo, also when that is killed.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

// Reads lines of process ids; at the end of its input ends what the last line names, and removes the
// folder that it was given.
const watch = `
while read -r line; do pids=$line; done
if [ -n "$pids" ]; then
  kill -TERM $pids 2>/dev/null
  tries=0
  while kill -0 $pids 2>/dev/null && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL $pids 2>/dev/null
fi
[ -z "$1" ] || rm -rf "$1"
`;

/** All processes of one demo. */
export class Processes {
  #children = new Set();
  #watchdog;
  #stopping = false;

  /** temporary: a folder to remove when the demo dies; or null. onCrash(child): one has ended by itself. */
  constructor({ temporary = null, onCrash }) {
    this.onCrash = onCrash;
    // A group of its own: Ctrl-C in a terminal reaches the demo alone, which stops in order.
    this.#watchdog = spawn('/bin/sh', ['-c', watch, 'sotto-demo-watchdog', temporary ?? ''],
      { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#watchdog.stdin.on('error', () => {});
    this.#watchdog.unref();
  }

  /** Starts one. mayEnd: whether it may end by itself, with code 0. nice: 0 to 19. onCrash: in the place of everybody's. */
  start(name, command, args, { log, mayEnd = false, nice = 0, env = {}, onCrash = this.onCrash }) {
    if (this.#stopping) throw new Error('stopping');
    const child = new Child(name, command, args, { log, nice, env });
    this.#children.add(child);
    this.#tellWatchdog();
    void child.exited.then(({ code }) => {
      this.#children.delete(child);
      this.#tellWatchdog();
      if (!child.stopping && !this.#stopping && !(mayEnd && code === 0)) onCrash(child);
    });
    return child;
  }

  /** The same processes for a part of the demo whose crash is not the end of all. */
  within(onCrash) {
    return { start: (name, command, args, options) => this.start(name, command, args, { ...options, onCrash }) };
  }

  /** Ends what still runs. */
  async close() {
    this.#stopping = true;
    await Promise.all([...this.#children].map((child) => child.stop()));
    const gone = new Promise((done) => this.#watchdog.once('exit', done));
    this.#watchdog.ref();
    this.#watchdog.stdin.end();
    await gone;
  }

  #tellWatchdog() {
    if (!this.#watchdog.stdin.writableEnded)
      this.#watchdog.stdin.write(`${[...this.#children].map((child) => child.pid).filter(Boolean).join(' ')}\n`);
  }
}

const graceMs = 25_000;

class Child {
  stopping = false;
  exit = null;

  constructor(name, command, args, { log, nice, env }) {
    Object.assign(this, { name, log });
    const file = openSync(log, 'a');
    this.process = spawn(command, args, { detached: true, stdio: ['ignore', file, file], env: { ...process.env, ...env } });
    closeSync(file);
    this.pid = this.process.pid;
    if (nice > 0 && this.pid) setPriority(this.pid, nice);
    this.exited = new Promise((done) => {
      this.process.once('error', (error) => done({ code: null, signal: null, error }));
      this.process.once('exit', (code, signal) => done({ code, signal }));
    }).then((exit) => (this.exit = exit));
  }

  /** SIGTERM, and SIGKILL for what does not obey. */
  async stop() {
    this.stopping = true;
    if (this.exit) return this.exit;
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  lastLines(count = 12) {
    const text = existsSync(this.log) ? readFileSync(this.log, 'utf8').slice(-8000) : '';
    return text.trimEnd().split('\n').slice(-count).join('\n');
  }

  describe() {
    const { code, signal, error } = this.exit ?? {};
    const how = error ? `could not be started: ${error.message}` : `has stopped (${signal ?? `exit code ${code}`})`;
    return `${this.name} ${how}. Its last lines (${this.log}):\n${this.lastLines()}`;
  }
}
