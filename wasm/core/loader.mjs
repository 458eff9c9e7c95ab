// The minimal loader of sotto.wasm: one device in one instance, in a page, a worker or Node >= 18.
// No dependencies; under a CSP it needs 'wasm-unsafe-eval' and nothing else. Calls are synchronous.
// Times are milliseconds since 1970. `changes` are to be committed in one transaction before
// anything they stand for is shown to the world; `bytes: null` deletes.
// @ts-check
import {
  Reader, Writer, dropReasons, eventTypes, ledgerStates, listSources, noiseBy, outboxStates,
  participations, repairs, taskKinds, whole,
} from './encoding.mjs';
import { SottoError } from './error.mjs';
import { Instance, hostCrypto } from './instance.mjs';

export { SottoError };

/** @typedef {{key: string, bytes: Uint8Array | null}} Change */
/** @typedef {{item: string, score: number, source: (typeof listSources)[number]}} Recommendation */
/**
 * Everything that is absent has the default of shared/device/device.hpp.
 * @typedef {object} OpenOptions
 * @property {string} site
 * @property {Uint8Array} publisher  Ed25519 identities, 32 bytes each.
 * @property {Uint8Array} leader
 * @property {Uint8Array} helper
 * @property {boolean} [demo]  Floors of a demonstration, where the manifest says that it is one.
 * @property {number} [windowRho]
 * @property {number} [lifetimeRho]
 * @property {number} [windowMs]
 * @property {number} [participation]
 * @property {number} [leastHistory]
 * @property {number} [maxEvents]
 * @property {number} [maxSummaries]
 * @property {number} [memoryBudget]
 * @property {boolean} [fineTuning]  False: tune() does nothing.
 */
/** @typedef {{task: Uint8Array, leaderKey: Uint8Array, helperKey: Uint8Array}} TaskFiles */
/**
 * @typedef {object} ListOptions
 * @property {number} [count]
 * @property {number} [diversity]
 * @property {number} [dislikeStrength]
 * @property {boolean} [includeSeen]
 * @property {string} [contextItem]
 * @property {Iterable<string>} [exclude]  At most one of these three.
 * @property {Iterable<string>} [only]
 * @property {(item: string) => boolean} [filter]
 */

const filterKinds = { none: 0, allBut: 1, only: 2, rows: 3 };

export class SottoCore {
  #instance;
  #handle;
  /** @type {{live: boolean, item: string}[] | null} */ #items = null;

  /** @param {Instance} instance */
  constructor(instance) {
    this.#instance = instance;
    this.#handle = instance.number('sotto_device_create');
    if (this.#handle === 0) throw new SottoError('OUT_OF_MEMORY', 'no memory for a device');
  }

  /** @param {import('./instance.mjs').Source | Promise<import('./instance.mjs').Source>} source */
  static async load(source) {
    return new SottoCore(await Instance.load(source));
  }

  #call(/** @type {string} */ name,
        /** @type {(number | Uint8Array | {fixed: Uint8Array})[]} */ ...args) {
    return new Reader(this.#instance.call(name, this.#handle, ...args));
  }

  get version() { return this.#instance.constant('sotto_core_version'); }
  get memoryUsed() { return this.#instance.number('sotto_memory_used') >>> 0; }
  /** Whether the core has trapped: every call throws CORE_CRASHED, and a new one must be loaded. */
  get crashed() { return this.#instance.crashed; }

  close() {
    if (this.#handle !== 0 && !this.crashed)
      this.#instance.number('sotto_device_close', this.#handle);
    this.#handle = 0;
  }

  /** @param {OpenOptions} options @param {Iterable<Change>} records what is stored */
  open(options, records = [], now = Date.now()) {
    const request = new Writer().text(options.site, 'site');
    for (const role of /** @type {const} */ (['publisher', 'leader', 'helper'])) {
      if (options[role]?.length !== 32) throw new TypeError(`${role}: must be 32 bytes`);
      request.raw(options[role]);
    }
    request.u8(options.demo ?? false, 'demo').f64(options.windowRho ?? 0, 'windowRho')
      .f64(options.lifetimeRho ?? 0, 'lifetimeRho').time(options.windowMs ?? 0, 'windowMs')
      .f64(options.participation ?? 0, 'participation').u32(options.leastHistory ?? 0, 'leastHistory')
      .u32(options.maxEvents ?? 0, 'maxEvents').u32(options.maxSummaries ?? 0, 'maxSummaries')
      .u64(options.memoryBudget ?? 0, 'memoryBudget').u8(!(options.fineTuning ?? true), 'fineTuning');
    const stored = new Writer().changes(records);
    const result = this.#call('sotto_device_open', request.bytes(), stored.bytes(), now);
    this.#items = null;
    const log = { unreadable: result.u32(), stale: result.u32(), missing: result.u64(),
      headLost: result.u8() === 1 };
    const damage = { log, cleaner: result.u8() === 1, prequential: result.u8() === 1,
      model: result.u8() === 1, ledger: result.u8() === 1, outbox: result.u32() };
    return { damage, changes: result.changes() };
  }

  /** The whole state, to open again. */
  save() { return this.#call('sotto_device_save').changes(); }
  forget() { return this.#call('sotto_device_forget').changes(); }

  /** Which files a signed manifest names, once it is checked. Nothing changes.
   * @param {Uint8Array} manifest */
  readManifest(manifest, now = Date.now()) {
    const result = this.#call('sotto_manifest_read', manifest, now);
    const file = () => ({ hash: result.raw(32), size: result.u64() });
    return { sequence: result.u64(), created: result.i64(), expires: result.i64(),
      demo: result.u8() === 1, snapshot: file(), catalogue: file() };
  }
  /** What loadModel() would compute itself, and several times as long: SHA-256 of both files. Empty where
   * the host has no WebCrypto, as in a page without TLS.
   * @param {{snapshot: Uint8Array, catalogue?: Uint8Array}} files */
  static async hashesOf({ snapshot, catalogue = new Uint8Array() }) {
    const { subtle } = await hostCrypto();
    if (subtle === undefined) return new Uint8Array();
    const hashes = new Writer();
    for (const hash of await Promise.all([snapshot, catalogue].map(
      (bytes) => subtle.digest('SHA-256', /** @type {BufferSource} */ (bytes)))))
      hashes.raw(new Uint8Array(hash));
    return hashes.bytes();
  }
  /** The files of a publication. hashes: hashesOf() of these very files; without, they are computed here.
   * @param {{manifest: Uint8Array, snapshot: Uint8Array, catalogue?: Uint8Array, hashes?: Uint8Array}} files */
  loadModel({ manifest, snapshot, catalogue = new Uint8Array(), hashes = new Uint8Array() }, now = Date.now()) {
    const result = this.#call('sotto_model_load', manifest, snapshot, catalogue, hashes, now);
    this.#items = null;
    return result.changes();
  }
  describeModel() {
    const result = this.#call('sotto_model_describe');
    return { sequence: result.u64(), created: result.i64(), expires: result.i64(),
      demo: result.u8() === 1, rows: result.u32(), live: result.u32(), dim: result.u32(),
      catalogueVersion: result.u64(), tags: result.u32(), hash: result.raw(32) };
  }
  /** Every row of the model, in order. */
  listItems() {
    const result = this.#call('sotto_items_list');
    return result.list(() => ({ live: result.u8() === 1, item: result.text() }));
  }

  /** An event, with all that it brings along.
   * @param {{type: string, item: string, timestamp: number, value?: number, session?: string}} event */
  track(event, now = Date.now()) {
    const recorded = this.record(event, now);
    return { ...recorded, changes: [...recorded.changes, ...this.settle()] };
  }
  /** track() for whoever is waited for: what the next list needs is left to prepare(), and what
   * nobody waits for to settle(). Both may come whenever nothing else is asked.
   * @param {{type: string, item: string, timestamp: number, value?: number, session?: string}} event */
  record({ type, item, timestamp, value, session = '' }, now = Date.now()) {
    const number = eventTypes.indexOf(/** @type {any} */ (type)) + 1;
    if (number === 0) throw new TypeError(`type: '${type}' is none`);
    if (type === 'rating' && value === undefined) throw new TypeError('value: a rating must have one');
    const measured = value ?? (type === 'dwell' || type === 'scroll' ? undefined : 1);
    const request = new Writer().u8(number).u8(measured !== undefined).time(timestamp)
      .f64(measured ?? 0, 'value').text(item, 'item').text(session, 'session');
    const result = this.#call('sotto_event_track', request.bytes(), now);
    const dropped = result.u8();
    const stored = { imputed: result.u8() === 1, timestamp: result.i64(), value: result.f64() };
    return { kept: dropped === 0 ? stored : null,
      dropped: dropped === 0 ? null : dropReasons[dropped - 1], changes: result.changes() };
  }
  settle() { return this.#call('sotto_event_settle').changes(); }
  /** Throws NOT_FOUND without a model. */
  prepare(now = Date.now()) { this.#call('sotto_profile_prepare', now); }
  /** What is recorded, oldest arrival first; older events are summed up by item. */
  listEvents() {
    const result = this.#call('sotto_events_list');
    const type = () => result.named(eventTypes);
    const opinion = () => result.named([null, ...eventTypes], 0);
    return {
      events: result.list(() => ({ type: type(), imputed: result.u8() === 1,
        timestamp: result.i64(), value: result.f64(), item: result.text(),
        session: result.text() })),
      summaries: result.list(() => ({ item: result.text(), first: result.i64(),
        last: result.i64(), opinion: opinion(),
        totals: result.list(() => ({ type: type(), count: result.u32(), sum: result.f64() }),
          result.u8()) })),
      forgotten: result.u64(),
    };
  }
  countCleaning() {
    const result = this.#call('sotto_cleaning_count');
    const named = (/** @type {readonly string[]} */ names) =>
      Object.fromEntries(result.list(() => result.u64(), result.u8()).map((n, i) => [names[i], n]));
    return { received: result.u64(), kept: result.u64(), dropped: named(dropReasons),
      repaired: named(repairs) };
  }

  /** @param {ListOptions} options @returns {Recommendation[]} */
  recommend(options = {}, now = Date.now()) {
    const request = this.#list(new Writer(), options);
    return this.#recommendations('sotto_items_recommend', request, now);
  }
  /** Up to `steps` pieces of fine-tuning, a millisecond or so each, for idle time; what recommend()
   * returns is fine-tuned when there is no more to do. @returns {boolean} whether there is more */
  tune(steps = 1, now = Date.now()) {
    return this.#call('sotto_device_tune', whole(steps, 'steps', 0xffffffff), now).u8() === 1;
  }
  /** @param {string} item @param {ListOptions} options @returns {Recommendation[]} */
  similar(item, options = {}, now = Date.now()) {
    const request = this.#list(new Writer().text(item, 'item'), options);
    return this.#recommendations('sotto_items_similar', request, now);
  }
  #recommendations(/** @type {string} */ name, /** @type {Writer} */ request,
                   /** @type {number} */ now) {
    const result = this.#call(name, request.bytes(), now);
    return result.list(() => ({ item: result.text(), score: result.f32(),
      source: result.named(listSources) }));
  }
  #list(/** @type {Writer} */ request, /** @type {ListOptions} */ options) {
    request.u32(options.count ?? 20, 'count').f32(options.diversity ?? 0, 'diversity')
      .f32(options.dislikeStrength ?? 0.5, 'dislikeStrength')
      .u8(options.includeSeen ?? false, 'includeSeen')
      .text(options.contextItem ?? '', 'contextItem');
    const { exclude, only, filter } = options;
    if ([exclude, only, filter].filter((given) => given !== undefined).length > 1)
      throw new TypeError('exclude, only, filter: at most one of them');
    if (exclude !== undefined) return request.u8(filterKinds.allBut).ids(exclude, 'exclude');
    if (only !== undefined) return request.u8(filterKinds.only).ids(only, 'only');
    if (filter !== undefined) return this.#rows(request.u8(filterKinds.rows), filter);
    return request.u8(filterKinds.none);
  }
  // The module cannot call back, so the filter is asked for every live item beforehand.
  #rows(/** @type {Writer} */ request, /** @type {(item: string) => boolean} */ filter) {
    this.#items ??= this.listItems();
    const bits = new Uint8Array(Math.ceil(this.#items.length / 8));
    this.#items.forEach(({ live, item }, row) => {
      if (live && filter(item)) bits[row >> 3] = (bits[row >> 3] ?? 0) | 1 << (row & 7);
    });
    return request.u32(this.#items.length).raw(bits);
  }

  /** @param {string} item */
  explain(item, reasons = 3, now = Date.now()) {
    const request = new Writer().text(item, 'item').u32(reasons, 'reasons');
    const result = this.#call('sotto_item_explain', request.bytes(), now);
    return { score: result.f32(), reasons: result.list(() =>
      ({ item: result.text(), term: result.f32(), drop: result.f32() })) };
  }
  interests(now = Date.now()) {
    const result = this.#call('sotto_interests_list', now);
    return result.list(() => ({ tag: result.u32(), name: result.text(), share: result.f64(),
      items: result.list(() => ({ item: result.text(), share: result.f64() })) }));
  }
  summarizePrequential(since = 0) {
    const result = this.#call('sotto_prequential_summarize', since);
    return { n: result.u32(), 'hr@10': result.f64(), 'ndcg@100': result.f64(), mrr: result.f64() };
  }

  /** What a task file says, unchecked: whose keys to fetch. @param {Uint8Array} task */
  readTask(task) {
    const result = this.#call('sotto_task_read', task);
    return { id: result.raw(32), kind: result.named(taskKinds), modelSequence: result.u64(),
      windowStart: result.i64(), windowEnd: result.i64(), dimension: result.u32(),
      rho: result.f64(), noiseMultiplier: result.f64(),
      minBatch: result.u64(), maxBatch: result.u64(), noiseBy: result.named(noiseBy),
      leaderKey: result.raw(16), helperKey: result.raw(16) };
  }
  /** What a report of this task would hold: not sent, not charged.
   * @param {TaskFiles} files */
  previewContribution({ task, leaderKey, helperKey }, now = Date.now()) {
    const result = this.#call('sotto_task_preview', task, leaderKey, helperKey, now);
    const clipped = result.u8() === 1;
    const size = 4 * result.u32();
    const integers = () => new Int32Array(result.raw(size).buffer);
    return { clipped, computed: integers(), noised: integers(), leaderShare: result.raw(result.u32()),
      helperShare: result.raw(result.u32()) };
  }
  /** @param {TaskFiles} files */
  contribute({ task, leaderKey, helperKey }, now = Date.now()) {
    const result = this.#call('sotto_task_contribute', task, leaderKey, helperKey, now);
    return { participation: result.named(participations), task: result.raw(32),
      rho: result.f64(), sendAt: result.i64(), changes: result.changes() };
  }
  listOutbox(now = Date.now()) {
    const result = this.#call('sotto_outbox_list', now);
    const next = result.i64();
    return { next: next < 0 ? null : next, due: result.list(() => result.raw(32)),
      entries: result.list(() => ({ task: result.raw(32), state: result.named(outboxStates),
        sendAt: result.i64(), expires: result.i64(), size: result.u32() })) };
  }
  expireOutbox(now = Date.now()) { return this.#call('sotto_outbox_expire', now).changes(); }
  /** What to send, and under which id. @param {Uint8Array} task its id */
  readReport(task) {
    const bytes = this.#instance.call('sotto_report_read', this.#handle, taskId(task));
    return { id: bytes.subarray(0, 16), body: bytes.subarray(16) };
  }
  /** @param {Uint8Array} task */
  acknowledgeReport(task) { return this.#call('sotto_report_acknowledge', taskId(task)).changes(); }

  overviewPrivacy(delta = 1e-6) {
    const result = this.#call('sotto_privacy_overview', delta);
    const allowance = () => ({ spentRho: result.f64(), leftRho: result.f64(),
      spentEpsilon: result.f64(), limitEpsilon: result.f64() });
    return { state: result.named(ledgerStates, 0), optedOut: result.u8() === 1, clock: result.i64(),
      windowMs: result.i64(), window: allowance(), lifetime: allowance(),
      leftRho: { learning: result.f64(), evaluation: result.f64(), experiment: result.f64() } };
  }
  /** The epsilon of a price by itself. @param {number} rho */
  epsilon(rho, delta = 1e-6) {
    return this.#call('sotto_privacy_epsilon', rho, delta).f64();
  }
  /** @param {boolean} optedOut */
  setOptedOut(optedOut) {
    return this.#call('sotto_privacy_set_opted_out', optedOut ? 1 : 0).changes();
  }
}

/** @param {Uint8Array} task */
function taskId(task) {
  if (task.length !== 32) throw new TypeError('task: must be an id of 32 bytes');
  return { fixed: task };
}
