// The writer of a site's profile: the one worker that holds the core, answers every tab's calls, keeps
// the model up to date and contributes. Phases: open() -> calls in any order -> close().
import { SottoError } from '../../core/error.mjs';
import type { ListOptions as CoreListOptions, SottoCore } from '../../core/loader.mjs';
import type {
  Blocked, Consent, ContributionPreview, Explanation, ExportedData, PrivacyState, Profile,
  Recommendation, SottoEvent, Status,
} from '../types.js';
import { given, takesPart } from '../plain.js';
import { Announcements } from './announcements.js';
import { Contributor } from './contributor.js';
import { Device } from './device.js';
import type { Environment } from './environment.js';
import type { Calls, ChangeReason, EngineOptions, ListRequest, Notice, Signals, State } from './rpc.js';
import { Updates } from './updates.js';

/** Of every epsilon that is shown. */
const delta = 1e-6;
/** How long a list waits for the model of a first visit before it is one of popular items. */
const patienceMs = 1_500;
const tuningPauseMs = 30;
/** Whoever has a model asks for a newer one so long after opening: the page's first lists go first. */
const firstListsMs = 150;
/** How long a page may take to ask for the list that an event has changed, before the event is stored.
 * Not longer: the visitor may be about to leave. */
const listFirstMs = 2;
/** What is told when somebody leaves: nobody waits for a list then. */
const partings: readonly SottoEvent['type'][] = ['dwell', 'scroll'];
const recentEvents = 100;

export interface KeeperEvents {
  notice(notice: Notice | { readonly kind: 'status'; readonly status: Omit<Status, 'seat'> }): void;
  /** Another writer has taken over; close() this one. */
  fenced(): void;
}

type Handlers = { [M in keyof Calls]: (...args: Parameters<Calls[M]>) =>
  ReturnType<Calls[M]> | Promise<ReturnType<Calls[M]>> };

export class Keeper implements Handlers {
  readonly #environment: Environment;
  readonly #options: EngineOptions;
  readonly #events: KeeperEvents;
  readonly #device: Device;
  readonly #updates: Updates;
  readonly #contributor: Contributor;
  #announcements: Announcements | null = null;
  #signals: Signals;
  #trouble: Status['trouble'] = null;
  #cancelTuning: () => void = () => {};
  #cancelBeginning: () => void = () => {};
  #closed = false;

  static async open(environment: Environment, options: EngineOptions, events: KeeperEvents): Promise<Keeper> {
    const device = new Device(environment, options, events.fenced);
    await device.open();
    return new Keeper(environment, options, events, device);
  }

  private constructor(environment: Environment, options: EngineOptions, events: KeeperEvents, device: Device) {
    this.#environment = environment;
    this.#options = options;
    this.#events = events;
    this.#device = device;
    this.#signals = options.signals;
    this.#updates = new Updates(environment, options, device, {
      taken: () => this.#taken(),
      trouble: (error) => this.#troubled(error),
    });
    this.#contributor = new Contributor(environment, device, () => this.#updates.client,
      () => takesPart(this.#blocked()),
      { changed: () => this.#privacyChanged(), outdated: () => this.#updates.refresh() });
    if (device.storageTrouble !== null) this.#troubled(new SottoError('STORAGE', device.storageTrouble));
    const begin = () => void this.#updates.refresh().then(() => this.#begin());
    if (device.model === null) begin();
    else this.#cancelBeginning = environment.after(firstListsMs, begin);
    this.#contributor.schedule();
  }

  // What a tab of another browser setting says counts for all: they are one browser.
  signal({ gpc, automation }: Signals): void {
    this.#signals = { gpc: this.#signals.gpc || gpc, automation: this.#signals.automation || automation };
    if (this.#signals.gpc) void this.#withdraw();
  }

  #begin(): void {
    this.#contributor.schedule();
    this.#listen();
    this.#want();
  }

  // Pages say when they are idle: there may be a task.
  #want(): void {
    if (takesPart(this.#blocked())) this.#tell({ kind: 'wanted' });
  }

  // Announcements are for visitors who agreed to something: nobody else is connected to anybody.
  #listen(): void {
    const client = this.#updates.client;
    if (this.#closed || client === null || this.#announcements !== null) return;
    if (!this.#device.settings.consent.personalise) return;
    this.#announcements = new Announcements(this.#environment, client, {
      model: () => void this.#updates.refresh(),
      task: () => this.#want(),
    });
  }
  #stopListening(): void {
    this.#announcements?.close();
    this.#announcements = null;
  }

  #taken(): void {
    this.#changed('model');
    this.#tuneLater();
    this.#statusChanged();
    this.#privacyChanged();
    this.#want();
  }

  #troubled(error: SottoError | null): void {
    const before = this.#trouble?.code;
    this.#trouble = error === null ? null : { code: error.code, message: error.message };
    if (before !== this.#trouble?.code) this.#statusChanged();
  }

  // Not what comes of a request that was under way when this was closed.
  #tell(notice: Parameters<KeeperEvents['notice']>[0]): void {
    if (!this.#closed) this.#events.notice(notice);
  }
  #changed(reason: ChangeReason): void {
    this.#tell({ kind: 'change', reason });
  }
  #privacyChanged(): void {
    this.#tell({ kind: 'privacy', privacy: this.#privacy() });
  }
  #statusChanged(): void {
    this.#tell({ kind: 'status', status: this.#status() });
  }

  // Fine-tuning in slices of a millisecond or so, between calls.
  #tuneLater(): void {
    this.#cancelTuning();
    this.#cancelTuning = this.#environment.after(tuningPauseMs, () => this.#tune(false));
  }
  #tune(began: boolean): void {
    if (this.#closed || this.#device.model === null) return;
    let more = false;
    try {
      more = this.#device.use((core) => core.tune(1, this.#environment.now()));
    } catch {
      return;
    }
    if (more) this.#cancelTuning = this.#environment.after(0, () => this.#tune(true));
    else if (began) this.#changed('tuned');
  }

  // --- Lists ------------------------------------------------------------------------------------

  async recommend(request: ListRequest): Promise<readonly Recommendation[]> {
    await this.#device.ready();
    if (this.#device.model === null) {
      const refreshed = this.#updates.refresh();
      await Promise.race([refreshed, new Promise<void>((done) => this.#environment.after(patienceMs, done))]);
      // A site without a count of anything has no popular items, but its model knows what there is.
      const popular = this.#device.model === null ? await this.#popular(request) : [];
      if (popular.length > 0) return popular;
      await this.#modelled();
    }
    return this.#device.use((core) => core.recommend(coreRequest(request), this.#environment.now()));
  }

  // For whoever cannot compute a list: the same for everybody.
  async #popular({ count = 20, exclude, only }: ListRequest): Promise<readonly Recommendation[]> {
    const client = this.#updates.client;
    if (client === null)
      throw new SottoError('UNREACHABLE', this.#trouble?.message ?? 'the site has not been reached yet');
    const wanted = exclude === undefined && only === undefined ? count : 1000;
    const items = await client.popular(Math.min(Math.max(wanted, 1), 1000));
    const [left, right] = [new Set(exclude ?? []), only === undefined ? null : new Set(only)];
    return items
      .filter(({ item }) => !left.has(item) && (right === null || right.has(item)))
      .slice(0, count)
      .map(({ item, popularity }) => ({ item, score: popularity, source: 'popular' }));
  }

  async similar(item: string, request: ListRequest): Promise<readonly Recommendation[]> {
    await this.#modelled();
    return this.#device.use((core) => core.similar(item, coreRequest(request), this.#environment.now()));
  }

  async explain(item: string, reasons: number): Promise<Explanation> {
    await this.#modelled();
    return this.#device.use((core) => core.explain(item, reasons, this.#environment.now()));
  }

  async profile(): Promise<Profile> {
    await this.#modelled();
    const { events } = this.#device.use((core) => core.listEvents());
    const hours = new Array<number>(24).fill(0);
    for (const { timestamp } of events) hours[new Date(timestamp).getHours()]! += 1;
    return {
      interests: this.#interests(),
      recent: events.slice(-recentEvents).reverse().map(plainEvent),
      hours,
      events: events.length,
    };
  }

  #interests(): Profile['interests'] {
    return this.#device.use((core) => core.interests(this.#environment.now()))
      .map(({ name, share, items }) => ({ name, share, items }));
  }

  async #modelled(): Promise<void> {
    await this.#device.ready();
    if (this.#device.model === null) await this.#updates.refresh();
    if (this.#device.model === null)
      throw new SottoError('UNREACHABLE', this.#trouble?.message ?? 'there is no model yet');
  }

  // --- Recording --------------------------------------------------------------------------------

  async track(event: SottoEvent & { readonly timestamp: number }): Promise<boolean> {
    const { consent, paused } = this.#device.settings;
    if (!consent.personalise || paused) return false;
    await this.#device.ready();
    if (!this.#device.opened) await this.#updates.refresh();
    const { kept, changes } = this.#device.use((core) => core.record(event, this.#environment.now()));
    const parting = partings.includes(event.type);
    const stored = this.#device.commit({ records: changes }, parting ? 0 : listFirstMs);
    if (kept !== null) {
      this.#cancelTuning();
      this.#changed('event');
      if (!parting) this.#prepare();
    }
    await stored;
    if (kept !== null) this.#tuneLater(); // a timer costs those who wait for a list
    return kept !== null;
  }

  // While pages hear of an event and ask for their lists, this worker has nothing else to do.
  #prepare(): void {
    if (this.#device.model === null) return;
    try {
      this.#device.use((core) => core.prepare(this.#environment.now()));
    } catch {
      // Whoever asks for a list is told what is wrong.
    }
  }

  // --- Consent ----------------------------------------------------------------------------------

  async setConsent(consent: Consent): Promise<void> {
    await this.#device.ready();
    const before = this.#device.settings.consent;
    const after = { personalise: consent.personalise, contribute: consent.personalise && consent.contribute };
    await this.#device.commit({ settings: { ...this.#device.settings, consent: after } });
    if (!after.contribute) await this.#withdraw();
    if (after.personalise) await this.#device.beginStoring();
    // What another tab had stored meanwhile does not outvote this choice.
    await this.#device.commit({ settings: { ...this.#device.settings, consent: after } });
    if (before.personalise && !after.personalise && this.#device.opened)
      await this.#device.commit({ records: this.#device.use((core) => core.forget()) });
    if (after.contribute && this.#device.opened && !this.#signals.gpc)
      await this.#device.commit({ records: this.#device.use((core) => core.setOptedOut(false)) });
    if (this.#device.model === null || !this.#device.cached) void this.#updates.refresh();
    if (!after.personalise) this.#stopListening();
    this.#changed('consent');
    this.#tuneLater();
    this.#privacyChanged();
    this.#begin();
  }

  async #withdraw(): Promise<void> {
    await this.#contributor.withdraw();
    this.#privacyChanged();
  }

  async setPaused(paused: boolean): Promise<void> {
    await this.#device.commit({ settings: { ...this.#device.settings, paused } });
    this.#privacyChanged();
    if (!paused) this.#begin();
  }

  async forget(): Promise<void> {
    await this.#device.ready();
    this.#stopListening();
    await this.#contributor.withdraw();
    await this.#device.destroy();
    if (this.#device.model === null) void this.#updates.refresh();
    this.#changed('forget');
    this.#tuneLater();
    this.#privacyChanged();
    this.#statusChanged();
  }

  async exportData(): Promise<ExportedData> {
    await this.#device.ready();
    const log = this.#device.opened
      ? this.#device.use((core) => core.listEvents())
      : { events: [], summaries: [], forgotten: 0 };
    return {
      format: 'sotto export 1',
      site: this.#device.settings.site?.site ?? this.#options.siteUrl,
      exported: new Date(this.#environment.now()).toISOString(),
      consent: this.#device.settings.consent,
      events: log.events.map(plainEvent),
      summaries: log.summaries,
      forgotten: log.forgotten,
      interests: this.#device.model === null ? [] : this.#interests(),
      privacy: this.#privacy(),
      model: this.#device.model,
    };
  }

  // --- Contributing -----------------------------------------------------------------------------

  async idle(): Promise<void> {
    await this.#device.ready();
    await this.#contributor.decide();
  }

  async previewContribution(): Promise<ContributionPreview> {
    await this.#modelled();
    return this.#contributor.preview();
  }

  #overview(): ReturnType<SottoCore['overviewPrivacy']> | null {
    return this.#device.opened ? this.#device.use((core) => core.overviewPrivacy(delta)) : null;
  }

  // The ledger is asked last, and only when nothing else decides.
  #blocked(overview = () => this.#overview()): Blocked | null {
    const { consent, paused } = this.#device.settings;
    if (!consent.contribute) return 'consent';
    if (this.#signals.gpc) return 'gpc';
    if (this.#signals.automation && this.#options.allowAutomation !== true) return 'automation';
    if (paused) return 'paused';
    if (!this.#device.persistent) return 'storage';
    if (!this.#environment.exclusive) return 'locks';
    if (this.#device.ledgerDamaged) return 'ledger';
    return (overview()?.leftRho.learning ?? Infinity) <= 0 ? 'budget' : null;
  }

  #privacy(): PrivacyState {
    const { consent, paused, contributions } = this.#device.settings;
    const none = { spentEpsilon: 0, limitEpsilon: 0, spentRho: 0, leftRho: 0 };
    const overview = this.#overview();
    return {
      consent,
      blocked: this.#blocked(() => overview),
      paused,
      storage: this.#device.persistent ? 'persistent' : consent.personalise ? 'memory' : 'none',
      delta,
      window: { ...(overview?.window ?? none), ms: overview?.windowMs ?? 0 },
      lifetime: overview?.lifetime ?? none,
      contributions,
    };
  }

  #status(): Omit<Status, 'seat'> {
    return { model: this.#device.model, trouble: this.#trouble };
  }

  state(): State {
    return { privacy: this.#privacy(), status: this.#status() };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTuning();
    this.#cancelBeginning();
    this.#stopListening();
    this.#updates.close();
    this.#contributor.close();
    await this.#device.close();
  }
}

function coreRequest({ count, diversity, contextItem, includeSeen, dislikeStrength, exclude, only }: ListRequest):
CoreListOptions {
  return given({ count, diversity, contextItem, includeSeen, dislikeStrength, exclude, only });
}

function plainEvent({ type, item, timestamp, value, session }: Required<SottoEvent>): Required<SottoEvent> {
  return { type, item, timestamp, value, session };
}
