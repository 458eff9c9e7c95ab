// What a page asks of its worker, and a worker that does not keep the profile of the one that does.
import type { PlainError } from '../errors.js';
import type {
  Consent, ContributionPreview, Explanation, ExportedData, ListOptions, PrivacyState, Profile,
  Recommendation, RecommenderOptions, SottoEvent, Status,
} from '../types.js';

/** RecommenderOptions as a worker needs them: absolute URLs, plain data. */
export interface EngineOptions
  extends Pick<RecommenderOptions, 'demo' | 'allowAutomation' | 'cacheModel' | 'budget' | 'participation'> {
  readonly siteUrl: string;
  readonly identities: {
    readonly publisher: Uint8Array;
    readonly leader: Uint8Array;
    readonly helper: Uint8Array;
    readonly site: string | null;
  };
  readonly wasmUrl: string | null;
  readonly proofsWasmUrl: string | null;
  readonly signals: Signals;
}

/** What only a page can see of its browser. */
export interface Signals {
  /** Global Privacy Control. */
  readonly gpc: boolean;
  /** navigator.webdriver. */
  readonly automation: boolean;
}

/** A ListOptions that can be cloned. */
export interface ListRequest extends Omit<ListOptions, 'signal' | 'context' | 'exclude' | 'only'> {
  readonly contextItem?: string;
  readonly exclude?: readonly string[];
  readonly only?: readonly string[];
}

export interface Calls {
  track(event: SottoEvent & { readonly timestamp: number }): boolean;
  recommend(request: ListRequest): readonly Recommendation[];
  similar(item: string, request: ListRequest): readonly Recommendation[];
  explain(item: string, reasons: number): Explanation;
  profile(): Profile;
  setConsent(consent: Consent): void;
  setPaused(paused: boolean): void;
  previewContribution(): ContributionPreview;
  exportData(): ExportedData;
  forget(): void;
  /** A page is idle, on mains and unmetered as far as it can tell: a good moment to contribute. */
  idle(): void;
  state(): State;
}
export type Method = keyof Calls;

/** What pages hold a copy of, as the writer knows it. */
export interface State {
  readonly privacy: PrivacyState;
  readonly status: Omit<Status, 'seat'>;
}
/** The same with what each page's worker knows itself. */
export interface PageState extends State {
  readonly status: Status;
}

export type ChangeReason = 'event' | 'model' | 'consent' | 'forget' | 'tuned';

export type Notice =
  | { readonly kind: 'change'; readonly reason: ChangeReason }
  | { readonly kind: 'privacy'; readonly privacy: PrivacyState }
  | { readonly kind: 'status'; readonly status: Status }
  /** There is a task: pages say when they are idle. */
  | { readonly kind: 'wanted' };

export type Answer = { readonly value: unknown } | { readonly error: PlainError };

/** What a page asks of its own worker: first open(), last close(). */
export interface PageCalls extends Calls {
  open(options: EngineOptions): PageState;
  /** Answered when everything is stored and the seat is given up. */
  close(): void;
}

/** From a page to its worker. Plain messages: with Comlink each exchange takes 0.1 ms longer, and an event
 * with the list that it changes, two exchanges, is to take less than 1 ms. */
export interface Question<M extends keyof PageCalls = keyof PageCalls> {
  readonly id: number;
  readonly method: M;
  readonly args: Parameters<PageCalls[M]>;
}

/** From a worker to its page, in order. */
export type Told = { readonly id: number; readonly answer: Answer } | { readonly notice: Notice };
