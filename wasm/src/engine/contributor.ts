// Contributions: decided once a task when a page is idle, stored with their price before anything is
// sent, sent at the moment that the core drew, again until a server has them or the window is over.
import { SottoError } from '../../core/error.mjs';
import type { SottoCore } from '../../core/loader.mjs';
import type { Environment } from './environment.js';
import { Backoff } from './backoff.js';
import type { Device } from './device.js';
import type { Contribution, ContributionPreview } from '../types.js';
import { HttpError, type ListedTask, type SiteClient, hex } from './site_client.js';
import { withContribution } from './settings.js';

const firstWaitMs = 5_000;
const mostWaitMs = 10 * 60_000;
// Between the last attempts before a window is over.
const leastWaitMs = 1_000;

export interface ContributorEvents {
  /** What pages show of privacy has changed. */
  changed(): void;
  /** A task is for a model that is not loaded. */
  outdated(): Promise<void>;
}

interface TaskFiles {
  readonly task: Uint8Array;
  readonly leaderKey: Uint8Array;
  readonly helperKey: Uint8Array;
}

export class Contributor {
  readonly #environment: Environment;
  readonly #device: Device;
  readonly #client: () => SiteClient | null;
  readonly #allowed: () => boolean;
  readonly #events: ContributorEvents;
  readonly #backoff = new Backoff(firstWaitMs, mostWaitMs);
  /** Tasks that this device cannot or need not take part in, by id. */
  readonly #passed = new Set<string>();
  #deciding: Promise<void> | null = null;
  #sending: Promise<void> | null = null;
  #uploading = new AbortController();
  #cancelTimer: () => void = () => {};
  #closed = false;

  /** allowed: whether anything may be contributed; asked again before everything that leaves. */
  constructor(environment: Environment, device: Device, client: () => SiteClient | null,
    allowed: () => boolean, events: ContributorEvents) {
    this.#environment = environment;
    this.#device = device;
    this.#client = client;
    this.#allowed = allowed;
    this.#events = events;
  }

  /** A good moment to compute. Never rejects. */
  decide(): Promise<void> {
    this.#deciding ??= this.#decide().catch(() => {}).finally(() => {
      this.#deciding = null;
    });
    return this.#deciding;
  }

  async #decide(): Promise<void> {
    const client = this.#client();
    if (client === null || !this.#allowed()) return;
    const now = this.#environment.now();
    const open = (await client.tasks()).filter(({ id, windowStart, windowEnd }) =>
      windowStart <= now && now < windowEnd && !this.#passed.has(id));
    const known = new Set(this.#device.use((core) => core.listOutbox(now)).entries.map(({ task }) => hex(task)));
    for (const task of open) {
      if (!known.has(task.id) && this.#allowed()) await this.#contribute(client, task);
    }
    this.schedule();
  }

  async #contribute(client: SiteClient, listed: ListedTask): Promise<void> {
    try {
      if (listed.modelSequence !== this.#device.model?.sequence) await this.#events.outdated();
      const files = await this.#files(client, listed.id);
      await this.#device.ready();
      if (!this.#allowed()) return;
      const now = this.#environment.now();
      const outcome = this.#device.use((core) => core.contribute(files, now));
      const { participation } = outcome;
      if (participation === 'decided') return;
      const id = hex(outcome.task);
      const made = participation === 'report' || participation === 'zero_report';
      const settings = made
        ? { ...this.#device.settings, contributions: withContribution(this.#device.settings.contributions,
          this.#entry(id, participation, outcome.rho, outcome.sendAt, now)) }
        : this.#device.settings;
      // Ledger, report and what the visitor is told of it: one transaction, before it may leave.
      await this.#device.commit({ records: outcome.changes, settings });
      this.#events.changed();
    } catch (error) {
      if (error instanceof HttpError ? !error.transient : this.#isFinal(error)) this.#passed.add(listed.id);
    }
  }

  // NOT_FOUND: for another model, which may come; a crash or a full memory say nothing of the task.
  #isFinal(error: unknown): boolean {
    return error instanceof SottoError &&
      !['NOT_FOUND', 'CORE_CRASHED', 'OUT_OF_MEMORY', 'UNREACHABLE'].includes(error.code);
  }

  #entry(task: string, kind: Contribution['kind'], rho: number, sendAt: number, now: number): Contribution {
    const { epsilon, entry } = this.#device.use((core) => ({
      epsilon: rho === 0 ? 0 : core.epsilon(rho),
      entry: core.listOutbox(now).entries.find((candidate) => hex(candidate.task) === task),
    }));
    return { task, kind, created: now, sendAt, sent: null, state: 'waiting', rho, epsilon,
      bytes: entry?.size ?? 0 };
  }

  async #files(client: SiteClient, id: string): Promise<TaskFiles> {
    const task = await client.task(id);
    const read = await this.#read(task);
    const [leaderKey, helperKey] = await Promise.all([client.key(read.leaderKey), client.key(read.helperKey)]);
    return { task, leaderKey: leaderKey!, helperKey: helperKey! };
  }

  // A task with proofs that this build of the core lacks gets the other build.
  async #read(task: Uint8Array): Promise<ReturnType<SottoCore['readTask']>> {
    try {
      return this.#device.use((core) => core.readTask(task));
    } catch (error) {
      if (!(error instanceof SottoError) || error.code !== 'UNSUPPORTED') throw error;
    }
    await this.#device.needProofs();
    if (this.#device.model === null) await this.#events.outdated();
    return this.#device.use((core) => core.readTask(task));
  }

  async preview(): Promise<ContributionPreview> {
    const client = this.#client();
    if (client === null) throw new SottoError('UNREACHABLE', 'the site has not been reached yet');
    const now = this.#environment.now();
    const open = (await client.tasks()).find(({ windowStart, windowEnd, modelSequence }) =>
      windowStart <= now && now < windowEnd && modelSequence === this.#device.model?.sequence);
    if (open === undefined) throw new SottoError('NOT_FOUND', 'no task is open');
    const files = await this.#files(client, open.id);
    await this.#device.ready();
    return this.#device.use((core) => {
      const { rho, noiseBy, minBatch } = core.readTask(files.task);
      const preview = core.previewContribution(files, this.#environment.now());
      return { task: open.id, epsilon: core.epsilon(rho), noiseBy,
        minBatch, ...preview };
    });
  }

  /** Drops what is over, sends what is due, and comes back for the rest. */
  schedule(): void {
    this.#cancelTimer();
    if (this.#closed || !this.#device.opened) return;
    const now = this.#environment.now();
    const { next } = this.#device.use((core) => core.listOutbox(now));
    if (next === null) return;
    this.#cancelTimer = this.#environment.after(Math.max(0, next - now), () => void this.send());
  }

  /** Never rejects. */
  send(): Promise<void> {
    this.#sending ??= this.#send().catch(() => {}).finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #send(): Promise<void> {
    await this.#expire();
    let wait = 0;
    for (;;) {
      // What was revoked a moment ago is not sent.
      const client = this.#client();
      if (client === null || this.#closed || !this.#allowed()) return;
      const now = this.#environment.now();
      const task = this.#device.use((core) => core.listOutbox(now)).due[0];
      if (task === undefined) break;
      await this.#device.durable(); // one that was just made may be due at once
      if (!this.#allowed()) return;
      wait = await this.#upload(client, task);
      if (wait > 0) break;
    }
    if (wait === 0) this.schedule();
    else {
      this.#cancelTimer();
      this.#cancelTimer = this.#environment.after(wait, () => void this.send());
    }
  }

  async #expire(): Promise<void> {
    const now = this.#environment.now();
    const before = this.#device.use((core) => core.listOutbox(now)).entries.filter(({ state }) => state === 'waiting');
    const records = this.#device.use((core) => core.expireOutbox(now));
    if (records.length === 0) return;
    const left = new Set(this.#device.use((core) => core.listOutbox(now)).entries.map(({ task }) => hex(task)));
    let { contributions } = this.#device.settings;
    for (const { task } of before) {
      if (!left.has(hex(task))) contributions = withContribution(contributions, { task: hex(task), state: 'expired' });
    }
    await this.#device.commit({ records, settings: { ...this.#device.settings, contributions } });
    this.#events.changed();
  }

  /** Returns how long to wait before the next request, 0 when this one went through. */
  async #upload(client: SiteClient, task: Uint8Array): Promise<number> {
    const { id, body } = this.#device.use((core) => core.readReport(task));
    let told: Partial<Contribution>;
    this.#uploading = new AbortController();
    try {
      await client.upload(task, id, body, this.#uploading.signal);
      told = { state: 'sent', sent: this.#environment.now() };
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      if (error.transient) return this.#backoff.failed(error.retryAfterMs, this.#patience(task));
      told = { state: 'refused', code: error.code };
    }
    this.#backoff.succeeded();
    await this.#device.ready();
    // Withdrawn or forgotten meanwhile, it is not in the outbox any more; that a server has it is told
    // all the same.
    const waits = this.#device.use((core) => core.listOutbox(this.#environment.now())).entries
      .some((entry) => hex(entry.task) === hex(task) && entry.state === 'waiting');
    if (!waits && told.state !== 'sent') return 0;
    // The outbox is done with it either way: no server will ever take other bytes for this task.
    const records = waits ? this.#device.use((core) => core.acknowledgeReport(task)) : [];
    const contributions = withContribution(this.#device.settings.contributions, { task: hex(task), ...told });
    await this.#device.commit({ records, settings: { ...this.#device.settings, contributions } });
    this.#events.changed();
    return 0;
  }

  // No wait is longer than half of what is left of the window: there is another attempt in it.
  #patience(task: Uint8Array): number {
    const now = this.#environment.now();
    const entry = this.#device.use((core) => core.listOutbox(now)).entries.find((one) => hex(one.task) === hex(task));
    return Math.max(leastWaitMs, ((entry?.expires ?? now) - now) / 2);
  }

  /** Nothing that waits is sent any more, nor what is on its way. */
  async withdraw(): Promise<void> {
    this.#cancelTimer();
    this.#uploading.abort();
    await this.#device.ready();
    const contributions = this.#device.settings.contributions.map((entry) =>
      entry.state === 'waiting' ? { ...entry, state: 'withdrawn' as const } : entry);
    await this.#device.commit({ settings: { ...this.#device.settings, contributions },
      records: this.#device.opened ? this.#device.use((core) => core.setOptedOut(true)) : [] });
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#uploading.abort();
  }
}
