// A leader and a helper as an operator would run them: real processes, keys, configuration files and
// stores in a folder of their own, on loopback.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** Under sanitizers, and with noise that a test can know. */
export const devBinary = process.env.SOTTO_SERVER_BINARY ?? join(root, 'build/dev/sotto');
export const releaseBinary = join(root, 'build/release/sotto');

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Asks until it is true; fails after `ms`. */
export async function until(what, condition, ms = 30_000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`${what}: not within ${ms} ms`);
    await sleep(50);
  }
}

/** A port that is free now. */
export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

export function run(binary, args, options = {}) {
  const result = spawnSync(binary, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  assert.equal(result.status, 0, `sotto ${args.join(' ')}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

const toml = (sections) =>
  Object.entries(sections)
    .map(
      ([name, keys]) =>
        `[${name}]\n` +
        Object.entries(keys)
          .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
          .join('\n'),
    )
    .join('\n') + '\n';

/** Everything that was started here and still runs. */
const running = new Set();
function started(child) {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** After a test that failed half-way: what it started would keep this process alive, and the ports. */
export function endProcesses() {
  for (const child of running) child.kill('SIGKILL');
}

/** One server process, which can be killed and started again with the same store and port. */
export class ServerProcess {
  constructor(role, folder, port, binary) {
    Object.assign(this, { role, folder, port, binary });
    this.url = `http://127.0.0.1:${port}`;
    this.store = join(folder, `${role}.db`);
    this.config = join(folder, `${role}.toml`);
    this.logFile = join(folder, `${role}.log`);
    this.environment = {};
  }

  async start() {
    const log = createWriteStream(this.logFile, { flags: 'a' });
    await new Promise((done) => log.once('open', done));
    const command = [this.binary, 'serve', '--role', this.role, '--config', this.config];
    // limit: no file may be larger than so many KiB.
    if (this.limit) command.unshift('bash', '-c', `trap '' XFSZ; ulimit -f ${this.limit}; exec "$@"`, 'limited');
    this.process = started(spawn(command[0], command.slice(1), {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...this.environment },
    }));
    this.exited = new Promise((done) => this.process.once('exit', (code, signal) => done({ code, signal })));
    let gone = null;
    this.exited.then((how) => (gone = how));
    await until(`${this.role} to listen`, async () => {
      assert.equal(gone, null, `${this.role} has stopped: ${JSON.stringify(gone)}\n${this.log()}`);
      return await fetch(`${this.url}/v1/health`).then((r) => r.ok, () => false);
    });
  }

  /** As a power cut would. */
  async kill() {
    this.process.kill('SIGKILL');
    await this.exited;
  }

  async stop() {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGTERM');
    const { code } = await this.exited;
    assert.equal(code, 0, `${this.role} did not stop cleanly\n${this.log()}`);
  }

  log() {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').slice(-8000) : '';
  }
}

/** Makes a world, keys and configurations; starts nothing. */
export async function makePair(folder, { binary = devBinary, world = {}, training = {}, leader = {}, helper = {} } = {}) {
  mkdirSync(folder, { recursive: true });
  const file = (name) => join(folder, name);
  run(releaseBinary, ['world', '--preset', 'demo', '--users', String(world.users ?? 400), '--items',
    String(world.items ?? 60), '--out', file('world'), '--seed', '7']);
  run(binary, ['keygen', '--site', 'rec.example.org', '--out', file('keys')]);
  const pair = {
    folder,
    file,
    world: file('world'),
    identities: file('keys/identities.json'),
    leader: new ServerProcess('leader', folder, await freePort(), binary),
    helper: new ServerProcess('helper', folder, await freePort(), binary),
  };
  const site = { name: 'rec.example.org', label: 'demo', identities: pair.identities };
  const common = (server) => ({
    site,
    store: { path: server.store },
    keys: { folder: file(`keys/${server.role}`) },
    log: { level: 'info', format: 'json' },
  });
  const merge = (base, extra) => {
    for (const [section, keys] of Object.entries(extra)) base[section] = { ...base[section], ...keys };
    return base;
  };
  writeFileSync(pair.helper.config, toml(merge({ ...common(pair.helper), server: { port: pair.helper.port } }, helper)));
  writeFileSync(
    pair.leader.config,
    toml(
      merge(
        {
          ...common(pair.leader),
          server: { port: pair.leader.port, public_url: pair.leader.url, origins: ['http://page.example'] },
          peer: { url: pair.helper.url },
          jobs: { linger: '200ms', reports: 16 },
          training: {
            items: file('world/items.jsonl'),
            epsilon: 8,
            rounds: 2,
            dim: 8,
            window: '8s',
            time_precision: '1s',
            min_batch: 20,
            max_batch: 5000,
            cycle: '1s',
            vdaf: 'sum',
            ...training,
          },
        },
        leader,
      ),
    ),
  );
  pair.start = async () => {
    await pair.helper.start();
    await pair.leader.start();
  };
  pair.stop = async () => {
    await pair.leader.stop();
    await pair.helper.stop();
  };
  pair.token = (role, server = pair.leader) =>
    run(binary, ['token', 'add', '--store', server.store, '--name', `test ${role}`, '--role', role]).trim();
  return pair;
}

/** A running `sotto crowd`, by another way to the leader if need be; done() gives its JSON. */
export function crowd(pair, args, leader = pair.leader.url) {
  const out = pair.file(`crowd-${Math.random().toString(16).slice(2)}.json`);
  const child = started(spawn(
    releaseBinary,
    ['crowd', '--leader', leader, '--identities', pair.identities, '--data', `world:${pair.world}`,
      '--json', out, '--quiet', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  ));
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  child.stderr.on('data', (chunk) => (text += chunk));
  const exited = new Promise((done) => child.once('exit', (code) => done(code)));
  return {
    child,
    async done() {
      const code = await exited;
      assert.equal(code, 0, `sotto crowd ${args.join(' ')}: ${code}\n${text}\nleader: ${pair.leader.log()}\nhelper: ${pair.helper.log()}`);
      return JSON.parse(readFileSync(out, 'utf8'));
    },
  };
}

export async function getJson(url, options) {
  const response = await fetch(url, options);
  return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
}

export const bearer = (token) => ({ headers: { authorization: `Bearer ${token}` } });

export const remove = (folder) => rmSync(folder, { recursive: true, force: true });
