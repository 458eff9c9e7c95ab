// What a malicious tenth of the crowd does: a pair with PINE and one with plain sums, fresh ones both, the
// same crowd with the same seed for each. The kind is what PINE stops, a vector far above the bound
// (docs/poisoning.md; lies within the bound pass both). PINE rejects those reports and learns from the
// rest. In a plain sum they wrap around; the leader's gate notices that no honest reports can have summed
// up to this, publishes nothing and can remove nobody: its model stays the untrained one.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { Course } from './course.mjs';
import { Crowd } from './crowd.mjs';
import { Pair } from './pair.mjs';

const share = 0.1;
const kind = 'norm';
const publishMs = 20_000; // for what the last window has brought to be learnt

const nothing = (vdaf) => ({ vdaf, rounds: [], batch: null, accepted: 0, rejected: {}, refused: [] });

export class Attack {
  #phase = null;
  #detail = '';
  #courses = [];
  #parts = [];
  #stopping = null;

  /** plan: of the honest pair, whose course these repeat. */
  constructor({ folder, sotto, processes, quality, plan, items, data, seed, origins }) {
    Object.assign(this, { folder, sotto, quality, plan, items, data, seed, origins });
    this.processes = processes.within((child) => this.#fail(new Error(child.describe())));
  }

  /** null: it has begun; otherwise why not. */
  start() {
    if (this.#phase === 'starting' || this.#phase === 'running') return 'the attack is under way';
    this.#phase = 'starting';
    this.#detail = 'two pairs are being made';
    this.#courses = [];
    this.#run().catch((error) => this.#fail(error));
    return null;
  }

  async #run() {
    await this.#end();
    this.#stopping = null;
    rmSync(this.folder, { recursive: true, force: true });
    const pairs = ['pine', 'sum'].map((vdaf) => new Pair({ folder: join(this.folder, vdaf), sotto: this.sotto, processes: this.processes,
      name: `the attacked pair on ${vdaf}`, plan: { ...this.plan, vdaf, site: `${vdaf}.${this.plan.site}` }, items: this.items, origins: this.origins }));
    this.#parts.push(...pairs);
    await Promise.all(pairs.map((pair) => pair.start()));
    const courses = pairs.map((pair) => new Course({ pair, quality: this.quality }));
    this.#parts.unshift(...courses);
    this.#courses = courses;
    for (const course of courses) await course.start();
    // The course on PINE has an end; the other one, whose sums are refused, may not come to it.
    const [withProofs, withoutProofs] = pairs.map((pair, i) => new Crowd({ pair, processes: this.processes, sotto: this.sotto,
      data: this.data, seed: this.seed, tasks: i === 0 ? this.plan.rounds + 1 : null, malicious: `${share}:${kind}`, nice: 5 }));
    this.#parts.unshift(withProofs, withoutProofs);
    for (const crowd of [withProofs, withoutProofs]) crowd.start();
    this.#phase = 'running';
    this.#detail = `${share * this.plan.visitors} of ${this.plan.visitors} visitors send their honest vector at 10,000 times the bound`;
    await withProofs.done();
    await withoutProofs.stop();
    await this.#allLearnt(courses[0]);
    for (const course of courses) await course.measured();
    if (this.#phase !== 'running') return;
    this.#detail = this.#outcome();
    this.#phase = 'done';
    await this.#end();
  }

  #outcome() {
    const [pine, sum] = this.#courses.map((course) => course.view());
    const rejected = Object.values(pine.rejected).reduce((all, count) => all + count, 0);
    return `PINE rejected ${rejected} reports and added up ${pine.accepted}; plain sums added up ${sum.accepted}, and ` +
      (sum.refused.length ? `the leader refused what came out (${sum.refused.at(-1).reason})` : 'the leader took what came out');
  }

  // The course on PINE ends; the one whose releases are refused would go on asking.
  async #allLearnt(course) {
    for (const end = Date.now() + publishMs; !course.finished && Date.now() < end;) await new Promise((done) => setTimeout(done, 200));
  }

  #fail(error) {
    if (!['starting', 'running'].includes(this.#phase)) return;
    this.#phase = 'failed';
    this.#detail = error.message;
    void this.#end();
  }

  #end() {
    this.#stopping ??= (async () => {
      for (const part of this.#parts.splice(0)) await part.stop();
    })();
    return this.#stopping;
  }

  /** contract.ts: Crowd['attack']. */
  view() {
    if (this.#phase === null) return null;
    const [withProofs, withoutProofs] = ['pine', 'sum'].map((vdaf, i) => this.#courses[i]?.view() ?? nothing(vdaf));
    return { phase: this.#phase, detail: this.#detail, share, withProofs, withoutProofs };
  }

  stop() {
    if (this.#phase === 'starting' || this.#phase === 'running') this.#phase = 'failed';
    return this.#end();
  }
}
