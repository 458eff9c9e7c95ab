// How good models are for visitors that the crowd never plays. `sotto crowd` and `sotto evaluate` divide
// the same data by the same protocol and seed: strong generalisation, so that the crowd has the training
// users, and these figures come from test users, whose lists are made from a part of their history by
// folding it into the model, as a device does.
import { execFile } from 'node:child_process';
import { setPriority } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

const qualityOf = (measured) => ({ ndcg: measured['ndcg@100'], recall: measured['recall@20'] });

/** One measurement at a time, beside whatever else the machine has to do. */
export class Quality {
  #queue = Promise.resolve();
  #abort = new AbortController();

  constructor({ sotto, data, dim }) {
    Object.assign(this, { sotto, data, dim });
  }

  #evaluate(...args) {
    const next = this.#queue.then(async () => {
      const running = run(this.sotto, ['evaluate', '--data', this.data, '--dim', String(this.dim), '--threads', '1', '--json', '-', ...args],
        { maxBuffer: 1 << 26, signal: this.#abort.signal });
      if (running.child.pid) setPriority(running.child.pid, 5);
      return JSON.parse((await running).stdout);
    });
    this.#queue = next.catch(() => {});
    return next;
  }

  /** { users: whom the crowd can play, measured: who is held out, popularity } */
  async popularity() {
    const report = await this.#evaluate('--methods', 'popularity');
    return { users: report.users, measured: report.measured_users, popularity: qualityOf(report.models.popularity) };
  }

  /** Of a model that is trained on everybody's history in one place, with as many dimensions. */
  async centralised() {
    const report = await this.#evaluate('--methods', 'central');
    return qualityOf(report.models['centralised iALS']);
  }

  /** Of a published file, as devices get it. */
  async model(file) {
    const report = await this.#evaluate('--methods', 'popularity', '--model', file);
    return qualityOf(report.models.model);
  }

  stop() {
    this.#abort.abort();
  }
}
