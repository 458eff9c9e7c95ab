// The page's side: typed calls to the worker, copies of its state, and what only a page can see.
import { whenIdle, signals } from './conditions.js';
import type { Answer, EngineOptions, ListRequest, Notice, PageCalls, Question, Told } from './engine/rpc.js';
import { SottoError, revivedError } from './errors.js';
import { observe } from './observe.js';
import { given, takesPart } from './plain.js';
import type {
  Consent, ContributionPreview, Explanation, ExportedData, Identities, ListOptions, ObserveOptions,
  PrivacyState, Profile, Recommendation, Recommender, RecommenderOptions, SottoEvent, Status,
} from './types.js';

const regularIdleMs = 5 * 60_000;

function key(identities: Identities, role: 'publisher' | 'leader' | 'helper'): Uint8Array {
  const identity = identities?.[role];
  if (identity instanceof Uint8Array && identity.length === 32) return identity;
  if (typeof identity === 'string' && /^[0-9a-fA-F]{64}$/.test(identity))
    return Uint8Array.from(identity.match(/../g)!, (pair) => parseInt(pair, 16));
  throw new TypeError(`identities.${role}: must be 32 bytes or 64 hexadecimal digits`);
}

function engineOptions(options: RecommenderOptions): EngineOptions {
  const { site, identities, demo, allowAutomation, cacheModel, budget, participation } = options;
  if (!(site instanceof URL) && (typeof site !== 'string' || site === ''))
    throw new TypeError('site: must be the URL of site.json');
  if (participation !== undefined && !(participation > 0 && participation <= 1))
    throw new RangeError('participation: must be in (0, 1]');
  const absolute = (url: string | URL | undefined) =>
    url === undefined ? null : new URL(url, document.baseURI).href;
  return {
    ...given({ demo, allowAutomation, cacheModel, budget, participation }),
    siteUrl: absolute(site)!,
    identities: {
      publisher: key(identities, 'publisher'),
      leader: key(identities, 'leader'),
      helper: key(identities, 'helper'),
      site: identities.site ?? null,
    },
    wasmUrl: absolute(options.wasmUrl),
    proofsWasmUrl: absolute(options.proofsWasmUrl),
    signals: signals(),
  };
}

// Resolves with `work`, unless the signal comes first.
function unlessAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  if (signal === undefined) return work();
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work().then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

interface Waiting {
  readonly answer: (answer: Answer) => void;
  readonly fail: (error: SottoError) => void;
}

class PageRecommender extends EventTarget implements Recommender {
  readonly #worker: Worker;
  /** Questions without an answer yet. */
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  readonly #surfaces = new Map<string, readonly string[]>();
  readonly #endings: (() => void)[] = [];
  #privacy: PrivacyState | undefined;
  #status: Status | undefined;
  #broken: SottoError | null = null;

  constructor(worker: Worker) {
    super();
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Told>) => {
      if ('notice' in data) return this.#hear(data.notice);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      waiting?.answer(data.answer);
    };
    worker.onerror = ({ message }) =>
      this.#break(new SottoError('CORE_CRASHED', message || 'the worker could not be started'));
  }

  #break(error: SottoError): void {
    this.#broken ??= error;
    for (const { fail } of this.#waiting.values()) fail(this.#broken);
    this.#waiting.clear();
  }

  #call<M extends keyof PageCalls>(method: M, ...args: Parameters<PageCalls[M]>): Promise<ReturnType<PageCalls[M]>> {
    return this.#broken === null ? this.#ask(method, args) : Promise.reject(this.#broken);
  }

  #ask<M extends keyof PageCalls>(method: M, args: Parameters<PageCalls[M]>): Promise<ReturnType<PageCalls[M]>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#asked;
      this.#worker.postMessage({ id, method, args } satisfies Question<M>);
      this.#waiting.set(id, { fail: reject, answer: (answer) => {
        if ('error' in answer) reject(revivedError(answer.error));
        else resolve(answer.value as ReturnType<PageCalls[M]>);
      } });
    });
  }

  async open(options: EngineOptions): Promise<void> {
    const { privacy, status } = await this.#call('open', options);
    this.#privacy = privacy;
    this.#status = status;
    const timer = setInterval(() => this.#offer(), regularIdleMs);
    const shown = () => this.#offer();
    document.addEventListener('visibilitychange', shown);
    this.#endings.push(() => clearInterval(timer), () => document.removeEventListener('visibilitychange', shown));
    this.#offer();
  }

  #hear(notice: Notice): void {
    if (this.#broken !== null) return;
    if (notice.kind === 'wanted') return this.#offer();
    if (notice.kind === 'privacy') this.#privacy = notice.privacy;
    if (notice.kind === 'status') this.#status = notice.status;
    const { kind, ...rest } = notice;
    const detail = kind === 'change' ? rest : Object.values(rest)[0];
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  // Contributing costs some milliseconds of the worker: only in moments that suit.
  #offer(): void {
    if (this.#privacy === undefined || !takesPart(this.#privacy.blocked)) return;
    whenIdle(() => void this.#call('idle').catch(() => {}), () => this.#broken === null);
  }

  observe(root: Element, options: ObserveOptions = {}): () => void {
    const stop = observe((event) => this.track(event), root, options);
    this.#endings.push(stop);
    return stop;
  }

  async track(event: SottoEvent): Promise<boolean> {
    if (typeof event?.item !== 'string') throw new TypeError('item: must be a string');
    const { type, item, value, timestamp = Date.now(), session } = event;
    return this.#call('track', { type, item, timestamp, ...given({ value, session }) });
  }

  recommend(options: ListOptions = {}): Promise<readonly Recommendation[]> {
    return this.#list(options, (request) => this.#call('recommend', request));
  }
  similar(item: string, options: ListOptions = {}): Promise<readonly Recommendation[]> {
    return this.#list(options, (request) => this.#call('similar', item, request));
  }

  #list(options: ListOptions, ask: (request: ListRequest) => Promise<readonly Recommendation[]>):
  Promise<readonly Recommendation[]> {
    const { signal, context = {}, exclude, only, ...plain } = options;
    if (exclude !== undefined && only !== undefined)
      return Promise.reject(new TypeError('exclude, only: at most one of them'));
    const { surface, item } = context;
    const elsewhere = surface === undefined ? [] :
      [...this.#surfaces].flatMap(([name, items]) => (name === surface ? [] : items));
    const left = new Set([...(exclude ?? []), ...elsewhere]);
    const filter = only !== undefined ? { only: [...only].filter((id) => !left.has(id)) }
      : left.size > 0 ? { exclude: [...left] } : {};
    return unlessAborted(signal, async () => {
      const list = await ask({ ...plain, ...filter, ...given({ contextItem: item }) });
      if (surface !== undefined) this.#surfaces.set(surface, list.map((entry) => entry.item));
      return list;
    });
  }

  explain(item: string, { reasons = 3, signal }: { reasons?: number; signal?: AbortSignal } = {}): Promise<Explanation> {
    return unlessAborted(signal, () => this.#call('explain', item, reasons));
  }
  profile({ signal }: { signal?: AbortSignal } = {}): Promise<Profile> {
    return unlessAborted(signal, () => this.#call('profile'));
  }
  previewContribution({ signal }: { signal?: AbortSignal } = {}): Promise<ContributionPreview> {
    return unlessAborted(signal, () => this.#call('previewContribution'));
  }
  exportData({ signal }: { signal?: AbortSignal } = {}): Promise<ExportedData> {
    return unlessAborted(signal, () => this.#call('exportData'));
  }

  get privacy(): PrivacyState {
    return this.#privacy!; // nobody has this object before open()
  }
  get status(): Status {
    return this.#status!;
  }

  async setConsent({ personalise, contribute }: Consent): Promise<void> {
    if (typeof personalise !== 'boolean') throw new TypeError('personalise: must be true or false');
    if (typeof contribute !== 'boolean') throw new TypeError('contribute: must be true or false');
    await this.#call('setConsent', { personalise, contribute });
    this.#offer();
  }
  pause(): Promise<void> {
    return this.#call('setPaused', true);
  }
  resume(): Promise<void> {
    return this.#call('setPaused', false);
  }
  forget(): Promise<void> {
    return this.#call('forget');
  }

  close(): void {
    if (this.#broken !== null) return;
    for (const end of this.#endings) end();
    this.#break(new SottoError('CLOSED', 'close() was called'));
    // What was recorded last is stored before the worker goes.
    void this.#ask('close', []).catch(() => {}).finally(() => this.#worker.terminate());
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

export async function createRecommender(options: RecommenderOptions): Promise<Recommender> {
  if (typeof Worker === 'undefined' || typeof document === 'undefined')
    throw new SottoError('UNSUPPORTED', 'createRecommender: needs a page and its workers');
  const { signal, workerUrl } = options;
  const checked = engineOptions(options);
  signal?.throwIfAborted();
  // Static, so that every bundler finds the file.
  const worker = workerUrl === undefined
    ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'sotto' })
    : new Worker(workerUrl, { type: 'module', name: 'sotto' });
  const recommender = new PageRecommender(worker);
  try {
    await unlessAborted(signal, () => recommender.open(checked));
  } catch (error) {
    worker.terminate();
    throw error;
  }
  return recommender;
}
