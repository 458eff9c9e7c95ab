// The simulated visitors of one pair: one `sotto crowd`, whose visitors are real devices over HTTP.
import { readFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { budgetFor } from './privacy.mjs';

// All are there well before the first window ends; then each decides again in every window.
const arrivalShare = 0.3;
const thinkShare = 0.04;

/** malicious: SHARE:KIND or null. tasks: ends by itself after so many; null: goes on. */
export class Crowd {
  constructor({ pair, processes, sotto, data, seed, tasks = null, malicious = null, nice = 0 }) {
    Object.assign(this, { pair, processes, sotto, data, seed, tasks, malicious, nice });
    this.outcomeFile = join(pair.folder, 'crowd.json');
  }

  start() {
    const { visitors, window, epsilon, delta } = this.pair.plan;
    const budget = budgetFor(this.sotto, epsilon, delta);
    rmSync(this.outcomeFile, { force: true });
    // The same seed after a restart: who has reported to a task already sends the same report id, which
    // the leader refuses, and is in no sum twice.
    const args = ['crowd', '--leader', this.pair.leaderUrl, '--identities', this.pair.identitiesFile, '--data', this.data,
      '--visitors', visitors, '--arrivals', visitors / (window * arrivalShare), '--think-time', window * thinkShare,
      '--window-rho', budget.windowRho, '--lifetime-rho', budget.lifetimeRho,
      '--seed', this.seed, '--poll', 0.5, '--json', this.outcomeFile, '--quiet',
      ...(this.tasks ? ['--tasks', this.tasks] : []), ...(this.malicious ? ['--malicious', this.malicious] : [])];
    // Not on the command line, which anybody on the machine can read. Accounts can be compared only
    // where nobody else contributes.
    const env = this.tasks ? { SOTTO_TOKEN: this.pair.token } : {};
    this.child = this.processes.start(`the crowd of ${this.pair.name}`, this.sotto, args.map(String),
      { log: join(this.pair.folder, 'crowd.log'), mayEnd: true, nice: this.nice, env });
  }

  /** Its outcome, when it has ended with accounts that add up. Throws with its last lines otherwise. */
  async done() {
    const { code } = await this.child.exited;
    if (code !== 0 || !existsSync(this.outcomeFile)) throw new Error(this.child.describe());
    return JSON.parse(readFileSync(this.outcomeFile, 'utf8'));
  }

  stop() {
    return this.child?.stop();
  }
}
