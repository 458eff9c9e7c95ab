// The public types of `sotto`: what a page says and hears. Times are milliseconds since 1970.

/** What a visitor did. The numbers behind these names are shared/events/event.hpp. */
export type EventType =
  | 'impression' | 'click' | 'view' | 'dwell' | 'scroll' | 'like' | 'dislike' | 'save' | 'share'
  | 'purchase' | 'hide' | 'rating';

export interface SottoEvent {
  readonly type: EventType;
  /** The item's id in the site's catalogue, 1 .. 256 bytes of UTF-8. */
  readonly item: string;
  /** dwell: visible time in ms, 0 .. 86,400,000; scroll: deepest part reached, 0 .. 1; rating: 0 ..
   * 5, and required; other types have none. */
  readonly value?: number;
  /** Default: now. More than a minute in the future is dropped. */
  readonly timestamp?: number;
  /** At most 64 bytes. Default: sessions by half an hour of inactivity. */
  readonly session?: string;
}

/** Where a list came from: what the visitor did; what is like the context item; what is popular. */
export type ListSource = 'personal' | 'content' | 'popular';

export interface Recommendation {
  readonly item: string;
  /** Comparable within one list only. */
  readonly score: number;
  readonly source: ListSource;
}

export interface ListOptions {
  /** 1 .. 1000, default 20. Fewer come back when there are no more. */
  readonly count?: number;
  /** 0 (by score alone, the default) .. 1 (as different from each other as may be). */
  readonly diversity?: number;
  readonly context?: {
    /** A name of the place that shows the list. Lists of one page for different surfaces do not
     * repeat each other's items, first come first served, until the page asks anew. */
    readonly surface?: string;
    /** What is looked at now: a visitor without a history gets what is like it. */
    readonly item?: string;
  };
  /** Whether items with clicks, views and the like may come again. Default: false. */
  readonly includeSeen?: boolean;
  /** How strongly dislikes push what is like them down: 0 .. 1, default 0.5. */
  readonly dislikeStrength?: number;
  /** Items to leave out, or the only ones to choose from: at most one of the two. */
  readonly exclude?: Iterable<string>;
  readonly only?: Iterable<string>;
  readonly signal?: AbortSignal;
}

export interface Explanation {
  /** The sum of all terms, which `recommend` ranks by. */
  readonly score: number;
  /** "Because you read ...": strongest first. */
  readonly reasons: readonly {
    readonly item: string;
    /** This item's part of the score. */
    readonly term: number;
    /** By how much the score falls when the visitor had never met this item. */
    readonly drop: number;
  }[];
}

export interface Interest {
  /** A tag of the catalogue. */
  readonly name: string;
  /** Its part of the visitor's interest; all shares add up to 1. */
  readonly share: number;
  /** What it comes from, strongest first. */
  readonly items: readonly { readonly item: string; readonly share: number }[];
}

/** What this device knows about its visitor. It never leaves the device. */
export interface Profile {
  readonly interests: readonly Interest[];
  /** The latest events, newest first, at most 100. */
  readonly recent: readonly Required<SottoEvent>[];
  /** Events by hour of the day, 24 counts in the device's time zone. */
  readonly hours: readonly number[];
  readonly events: number;
}

export interface Consent {
  /** Record what the visitor does, on this device, and rank by it. */
  readonly personalise: boolean;
  /** Send differentially private reports. Needs `personalise`. */
  readonly contribute: boolean;
}

/** Why nothing is contributed, the first that applies; null: it is, when there is a task. */
export type Blocked =
  | 'consent' /** not given */
  | 'gpc' /** the browser sends Global Privacy Control */
  | 'automation' /** the browser says that a program drives it */
  | 'paused'
  | 'storage' /** nothing outlives the page here, so no budget could be kept */
  | 'locks' /** the browser has no Web Locks, so two tabs could contribute twice */
  | 'ledger' /** the record of what was spent is damaged */
  | 'budget'; /** spent */

export interface Contribution {
  /** Its task's id, hexadecimal. */
  readonly task: string;
  /** zero_report: it looks like every other to the servers, and says and costs nothing. */
  readonly kind: 'report' | 'zero_report';
  readonly created: number;
  /** The random moment of the task's window that it is sent at. */
  readonly sendAt: number;
  /** When a server acknowledged it; null: not yet, or never. */
  readonly sent: number | null;
  readonly state: 'waiting' | 'sent' | 'expired' | 'refused' | 'withdrawn';
  /** Of a refused one: the server's code. */
  readonly code?: string;
  /** What it costs, in zero-concentrated differential privacy and as epsilon by itself. */
  readonly rho: number;
  readonly epsilon: number;
  /** Bytes on the wire. */
  readonly bytes: number;
}

export interface Allowance {
  readonly spentEpsilon: number;
  readonly limitEpsilon: number;
  readonly spentRho: number;
  readonly leftRho: number;
}

export interface PrivacyState {
  readonly consent: Consent;
  readonly blocked: Blocked | null;
  readonly paused: boolean;
  /** 'none': no consent, so nothing is stored; 'memory': storage is blocked, so the profile ends
   * with the page. */
  readonly storage: 'none' | 'persistent' | 'memory';
  /** The delta that every epsilon here goes with. */
  readonly delta: number;
  /** Of the rolling window, and for ever. */
  readonly window: Allowance & { readonly ms: number };
  readonly lifetime: Allowance;
  /** Oldest first. The newest 200. */
  readonly contributions: readonly Contribution[];
}

export interface ModelState {
  readonly sequence: number;
  readonly created: number;
  readonly expires: number;
  /** The site's own signed word that it is a demonstration with lower floors. */
  readonly demo: boolean;
  readonly items: number;
  readonly dim: number;
}

export interface Status {
  readonly model: ModelState | null;
  /** Why the latest attempt to reach the site's server failed; null: it did not. */
  readonly trouble: { readonly code: ErrorCode; readonly message: string } | null;
  /** Whether this tab keeps the profile, or asks another one of the same origin. */
  readonly seat: 'writer' | 'follower';
}

/** What a report of the open task would hold, computed afresh for the visitor's eyes. It is never
 * sent and costs nothing. All of it is as private as the history. */
export interface ContributionPreview {
  readonly task: string;
  readonly epsilon: number;
  /** Integers: after the clip, and with this device's noise where the task asks for any. */
  readonly computed: Int32Array;
  readonly noised: Int32Array;
  /** Whether the clip made it shorter. */
  readonly clipped: boolean;
  /** Who adds noise to the sum, each with this standard deviation, in the integers' unit. */
  readonly noiseBy: 'leader' | 'servers' | 'servers+device';
  readonly minBatch: number;
  /** What each server would decrypt, as bytes. */
  readonly leaderShare: Uint8Array;
  readonly helperShare: Uint8Array;
}

/** Everything that is on the device, in words; recorded events and all. */
export interface ExportedData {
  readonly format: 'sotto export 1';
  readonly site: string;
  readonly exported: string;
  readonly consent: Consent;
  readonly events: readonly Required<SottoEvent>[];
  /** Older events, one entry an item. */
  readonly summaries: readonly {
    readonly item: string;
    readonly first: number;
    readonly last: number;
    readonly opinion: EventType | null;
    readonly totals: readonly { readonly type: EventType; readonly count: number; readonly sum: number }[];
  }[];
  readonly forgotten: number;
  readonly interests: readonly Interest[];
  readonly privacy: PrivacyState;
  readonly model: ModelState | null;
}

/** Ed25519 public keys, 32 bytes or 64 hexadecimal digits: the file that `sotto keygen` writes. */
export interface Identities {
  readonly publisher: string | Uint8Array;
  readonly leader: string | Uint8Array;
  readonly helper: string | Uint8Array;
  /** The site's name, when it is pinned as well; else what site.json says. */
  readonly site?: string;
}

export interface RecommenderOptions {
  /** The leader's /v1/site.json, absolute or relative to the page. */
  readonly site: string | URL;
  /** Pinned in the page: whatever a server sends is checked against them. */
  readonly identities: Identities;
  /** Floors of a demonstration; counts only where the site's signed manifest says that it is one. */
  readonly demo?: boolean;
  /** Let browsers that are driven by a program contribute: for tests and demonstrations. */
  readonly allowAutomation?: boolean;
  /** Keep a copy of the site's model on the device for the next visit. Default: true. */
  readonly cacheModel?: boolean;
  /** Privacy budgets as rho; defaults: 0.5 in ninety days, 2 in a lifetime. */
  readonly budget?: { readonly windowRho?: number; readonly lifetimeRho?: number; readonly windowMs?: number };
  /** Chance of taking part in a task, 0 .. 1; default 1. */
  readonly participation?: number;
  /** Where the files of this package are, when the bundler does not say; default: beside it. */
  readonly workerUrl?: string | URL;
  readonly wasmUrl?: string | URL;
  readonly proofsWasmUrl?: string | URL;
  readonly signal?: AbortSignal;
}

/** Codes of SottoError: stable. The first are of the page's side, the others the core's
 * (shared/base/result.hpp) and the servers' (docs/http-api.md). */
export type ErrorCode =
  | 'UNREACHABLE' /** the site's server does not answer, and nothing is cached */
  | 'CLOSED' /** close() was called, or the report came too late */
  | 'CORE_CRASHED' /** the module trapped; it is replaced, ask again */
  | 'STORAGE' /** the browser's storage refused */
  | 'TIMEOUT' /** another tab that keeps the profile does not answer */
  | 'INVALID_ARGUMENT' | 'MALFORMED' | 'UNSUPPORTED' | 'AUTHENTICATION' | 'REPLAY' | 'NOT_FOUND'
  | 'DISAGREEMENT' | 'EXPIRED' | 'BELOW_FLOOR' | 'BUDGET_EXHAUSTED' | 'CANCELLED' | 'NUMERICAL'
  | 'OUT_OF_MEMORY' | 'IO' | 'INTERNAL' | 'RATE_LIMITED' | 'OVERLOADED' | 'TOO_LARGE' | 'FULL'
  | (string & {});

/** 'change': lists may differ from before. 'privacy', 'status': that property changed. */
export interface RecommenderEventMap {
  change: CustomEvent<{ readonly reason: 'event' | 'model' | 'consent' | 'forget' | 'tuned' }>;
  privacy: CustomEvent<PrivacyState>;
  status: CustomEvent<Status>;
}

export interface ObserveOptions {
  /** The part of an item that must be visible for an impression, and for how long. Defaults: half
   * of it, one second. */
  readonly visiblePart?: number;
  readonly visibleMs?: number;
}

/** Every call may be made at any time, from any tab; AbortSignals reject with their reason. Misuse
 * (a wrong type, a value out of range) is a TypeError or RangeError that names the argument; all
 * else that fails is a SottoError. */
export interface Recommender extends EventTarget {
  /** Records what the visitor does with the elements in `root` that carry data-sotto-item="ID":
   * impressions and clicks; of those that also carry data-sotto-page, which are the item's own page:
   * views, dwell time and depth of scrolling. Elements may come and go. Returns what ends it. */
  observe(root: Element, options?: ObserveOptions): () => void;
  /** Resolves when it is recorded: true; false when it was not (no consent, paused, or not a sound
   * event: a duplicate, say). Never rejects for what is in an event but misuse. */
  track(event: SottoEvent): Promise<boolean>;

  recommend(options?: ListOptions): Promise<readonly Recommendation[]>;
  similar(item: string, options?: ListOptions): Promise<readonly Recommendation[]>;
  explain(item: string, options?: { readonly reasons?: number; readonly signal?: AbortSignal }): Promise<Explanation>;
  profile(options?: { readonly signal?: AbortSignal }): Promise<Profile>;

  readonly privacy: PrivacyState;
  readonly status: Status;
  setConsent(consent: Consent): Promise<void>;
  /** Stops recording and contributing, also in later visits, until resume(). */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** NOT_FOUND while no task is open. */
  previewContribution(options?: { readonly signal?: AbortSignal }): Promise<ContributionPreview>;
  exportData(options?: { readonly signal?: AbortSignal }): Promise<ExportedData>;
  /** Everything on this device goes: profile, ledger, consent, cached model. As when the browser's
   * own "clear site data" is used, the budget begins anew for whoever agrees again. */
  forget(): Promise<void>;

  close(): void;
  [Symbol.dispose](): void;

  addEventListener<K extends keyof RecommenderEventMap>(
    type: K, listener: (event: RecommenderEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof RecommenderEventMap>(
    type: K, listener: (event: RecommenderEventMap[K]) => void,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions): void;
}
