// One leader and one helper: keys, configuration files, two `sotto serve`.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { readJson, writeJson } from './state.mjs';

const run = promisify(execFile);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const startMs = 30_000;

async function freePort() {
  const server = createServer();
  await new Promise((done, failed) => server.once('error', failed).listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const toml = (sections) => Object.entries(sections).map(([name, keys]) =>
  `[${name}]\n${Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`).join('');

/** The bounds of a batch. A quarter of the crowd is enough, so that a busy machine, or rejected reports,
 * cost quality and no round; there is room for visitors with a browser. */
export const batchOf = (visitors) => ({ least: Math.max(2, Math.floor(visitors / 4)), most: Math.ceil(visitors * 1.2) + 100 });

/** plan: { vdaf, visitors, rounds, window, epsilon, delta, dim, site }. items: items.jsonl. origins: of the pages. */
export class Pair {
  constructor({ folder, sotto, processes, name, plan, items, origins }) {
    Object.assign(this, { folder, sotto, processes, name, plan, items, origins });
    this.identitiesFile = join(folder, 'keys/identities.json');
  }

  /** Makes what is missing; goes on with what there is. */
  async start() {
    mkdirSync(this.folder, { recursive: true });
    if (!existsSync(this.identitiesFile)) await run(this.sotto, ['keygen', '--site', this.plan.site, '--out', join(this.folder, 'keys')]);
    // The URL of site.json is how browsers tell sites apart: it stays.
    const ports = join(this.folder, 'ports.json');
    if (!existsSync(ports)) writeJson(ports, { leader: await freePort(), helper: await freePort() });
    const { leader, helper } = readJson(ports);
    this.leaderUrl = `http://127.0.0.1:${leader}`;
    this.helperUrl = `http://127.0.0.1:${helper}`;
    this.#configure('helper', { server: { port: helper } });
    this.#configure('leader', {
      server: { port: leader, public_url: this.leaderUrl, origins: this.origins },
      peer: { url: this.helperUrl },
      jobs: { linger: '200ms' },
      training: this.#training(),
    });
    this.helper = await this.#serve('helper', this.helperUrl);
    this.leader = await this.#serve('leader', this.leaderUrl);
    this.token = await this.#viewer();
    await this.#until('the leader to know its viewer', async () => (await this.get('/v1/admin/status')).ok);
  }

  /** A token that may look, kept where the secret keys are. */
  async #viewer() {
    const file = join(this.folder, 'keys/viewer.token');
    if (!existsSync(file)) {
      const { stdout } = await run(this.sotto, ['token', 'add', '--store', join(this.folder, 'leader.db'), '--name', 'demo', '--role', 'viewer']);
      writeFileSync(file, stdout.trim(), { mode: 0o600 });
    }
    return readFileSync(file, 'utf8');
  }

  #training() {
    const { vdaf, visitors, rounds, window, epsilon, delta, dim } = this.plan;
    const batch = batchOf(visitors);
    return { items: this.items, epsilon, delta, rounds, dim, window: `${window}s`, time_precision: '1s',
      min_batch: batch.least, max_batch: batch.most, vdaf: vdaf === 'pine' ? 'pine32' : 'sum' };
  }

  #configure(role, sections) {
    writeFileSync(join(this.folder, `${role}.toml`), toml({
      // A demo may have small batches and short windows, and its manifest says so to every visitor.
      site: { name: this.plan.site, label: 'demo', identities: this.identitiesFile },
      store: { path: join(this.folder, `${role}.db`) },
      keys: { folder: join(this.folder, 'keys', role) },
      ...sections,
    }));
  }

  async #serve(role, url) {
    const server = this.processes.start(`${this.name} ${role}`, this.sotto,
      ['serve', '--role', role, '--config', join(this.folder, `${role}.toml`)], { log: join(this.folder, `${role}.log`) });
    await this.#until(`${server.name} to listen`, async () => {
      if (server.exit) throw new Error(server.describe());
      return await fetch(`${url}/v1/health`).then((answer) => answer.ok, () => false);
    });
    return server;
  }

  async #until(what, condition) {
    for (const end = Date.now() + startMs; !(await condition()); await sleep(50))
      if (Date.now() > end) throw new Error(`${what}: not within ${startMs / 1000} s; the logs are in ${this.folder}`);
  }

  /** GET of the leader, as its viewer. */
  async get(path) {
    const ask = () => fetch(`${this.leaderUrl}${path}`, { headers: { authorization: `Bearer ${this.token}` } });
    // Once more: a connection that was kept may be closed by the other side at this very moment.
    return await ask().catch(ask);
  }

  identities() {
    const { site, publisher, leader, helper } = readJson(this.identitiesFile);
    return { site, publisher, leader, helper };
  }

  /** GET of the leader's administration. */
  async ask(path) {
    const answer = await this.get(path);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
    return await answer.json();
  }

  /** The leader first: it talks to the helper until its end. */
  async stop() {
    await this.leader?.stop();
    await this.helper?.stop();
  }
}
