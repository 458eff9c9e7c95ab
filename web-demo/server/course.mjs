// One leader's course as the pages see it: the open batch, the rounds, their quality, what was rejected.
// The WebSocket says when to look; the administration's API says what there is.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LeaderEvents } from './events.mjs';
import { epsilonOf } from './privacy.mjs';

const lookMs = 2000; // when nothing is announced
const leastMs = 400; // between two looks

export class Course {
  #rounds = new Map(); // sequence -> Round
  #times = new Map(); // sequence -> when it was published
  #refused = [];
  #audited = 0;
  #status = { tasks: [] };
  #latest = { releases: 0, at: 0 };
  #timer = null;
  #looking = null;
  #again = false;
  #stopped = false;
  #measuring = new Set();
  #failure = null; // of a measurement

  /** onRound(round): one was measured. */
  constructor({ pair, quality, onRound = () => {} }) {
    Object.assign(this, { pair, quality, onRound });
    this.events = new LeaderEvents(pair.leaderUrl, () => this.#soon());
  }

  async start() {
    await this.#look();
    this.events.start();
    this.#schedule(lookMs);
  }

  #soon() {
    this.#again = true;
    this.#schedule(leastMs);
  }

  #schedule(ms) {
    if (this.#stopped || (this.#timer && ms === lookMs)) return;
    if (this.#looking) return; // it schedules the next one
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#again = false;
      // A look that fails is taken again; a leader that has died is told by its process.
      this.#looking = this.#look().catch(() => {}).finally(() => {
        this.#looking = null;
        this.#schedule(this.#again ? leastMs : lookMs);
      });
    }, ms);
  }

  async #look() {
    this.#status = await this.pair.ask('/v1/admin/status');
    for (;;) {
      const { entries } = await this.pair.ask(`/v1/admin/audit?after=${this.#audited}`);
      for (const entry of entries) this.#audit(entry);
      if (entries.length === 0) break;
    }
    const known = Math.max(0, ...this.#rounds.keys());
    if (this.#status.published_sequence > known) {
      const { models } = await this.pair.ask('/v1/admin/models');
      for (const model of models) if (!this.#rounds.has(model.sequence)) this.#published(model);
    }
  }

  #audit({ sequence, time_ms, action, detail }) {
    this.#audited = Math.max(this.#audited, sequence);
    const published = /^sequence (\d+)/.exec(detail);
    if (published) this.#times.set(Number(published[1]), time_ms);
    if (action === 'refuse candidate') this.#refused.push({ at: time_ms, reason: detail });
  }

  #published(model) {
    const at = this.#times.get(model.sequence) ?? Date.now();
    this.#rounds.set(model.sequence, { sequence: model.sequence, at, reports: model.reports,
      epsilon: epsilonOf(this.pair.sotto, model.rho, this.pair.plan.delta), quality: null });
    if (model.releases >= this.#latest.releases) this.#latest = { releases: model.releases, at };
    const measuring = this.#measure(model.sequence).catch((error) => {
      if (!this.#stopped) this.#failure = error;
    }).finally(() => this.#measuring.delete(measuring));
    this.#measuring.add(measuring);
  }

  async #measure(sequence) {
    const answer = await this.pair.get(`/v1/models/${sequence}`);
    if (answer.status === 404) return; // the leader keeps the latest 16
    if (!answer.ok) throw new Error(`model ${sequence}: ${answer.status}`);
    const file = join(this.pair.folder, `model-${sequence}.safetensors`);
    writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    const quality = await this.quality.model(file);
    const round = { ...this.#rounds.get(sequence), quality };
    this.#rounds.set(sequence, round);
    this.onRound(round);
  }

  #openTask() {
    return this.#status.tasks.find((task) => task.phase === 'open') ?? null;
  }

  /** Releases that became a model, or that the gate refused. */
  get learnt() {
    return this.#latest.releases + this.#refused.filter(({ at }) => at > this.#latest.at).length;
  }

  /** The whole cycle is spent, and nothing is open. */
  get finished() {
    return this.learnt > this.pair.plan.rounds && this.#openTask() === null;
  }

  /** When what was published so far is measured. Throws what kept a model from it. */
  async measured() {
    while (this.#measuring.size > 0) await Promise.all(this.#measuring);
    if (this.#failure) throw this.#failure;
  }

  /** contract.ts: Course. */
  view() {
    const open = this.#openTask();
    const rejected = {};
    let accepted = 0;
    for (const task of this.#status.tasks) {
      accepted += task.reports;
      for (const [reason, count] of Object.entries(task.rejected)) rejected[reason] = (rejected[reason] ?? 0) + count;
    }
    return {
      vdaf: this.pair.plan.vdaf,
      rounds: [...this.#rounds.values()].sort((a, b) => a.sequence - b.sequence),
      batch: open && { task: open.id, reports: open.reports, maxBatch: open.max_batch,
        windowStart: open.window_start_ms, windowEnd: open.window_end_ms },
      accepted,
      rejected,
      refused: this.#refused,
    };
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.events.stop();
  }
}
