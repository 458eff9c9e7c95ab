// What the demo's own server (server/main.mjs) tells its pages. Everything about the visitor comes from the
// package `sotto` in the page; what is here is the same for everybody.

/** GET /demo/config.json */
export interface DemoConfig {
  /** The leader's site.json, and the identities that a page pins. */
  readonly siteUrl: string;
  readonly identities: { readonly site: string; readonly publisher: string; readonly leader: string; readonly helper: string };
  /** Privacy budget of a visitor of the demo, for `createRecommender({ budget })`. */
  readonly budget: { readonly windowRho: number; readonly lifetimeRho: number };
  readonly world: 'magazine' | 'films';
  /** The demo's clock: windows of seconds where production has days. */
  readonly windowMs: number;
  readonly visitors: number;
  readonly minBatch: number;
  readonly epsilon: number;
  readonly delta: number;
  readonly rounds: number;
}

/** GET /demo/items.json: what cards need, all items. */
export interface DemoItem {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  readonly topic: string;
  readonly kind: string;
  readonly tags: readonly string[];
  /** YYYY-MM-DD */
  readonly date: string;
  /** 0: not known (films) */
  readonly minutes: number;
}

/** GET /demo/items/{id}.json */
export interface DemoArticle extends DemoItem {
  readonly body: readonly string[];
}

export interface Quality {
  /** NDCG@100 */
  readonly ndcg: number;
  /** Recall@20 */
  readonly recall: number;
}

export interface Round {
  /** Of the published model. */
  readonly sequence: number;
  readonly at: number;
  /** Reports in the batch that it comes from; 0 for the first model. */
  readonly reports: number;
  /** What all releases up to this one cost a device, certified, at DemoConfig.delta. */
  readonly epsilon: number;
  /** On held-out simulated visitors; null: being measured. */
  readonly quality: Quality | null;
}

export interface Course {
  readonly vdaf: 'pine' | 'sum';
  readonly rounds: readonly Round[];
  /** The open task, or the one being collected. */
  readonly batch: { readonly task: string; readonly reports: number; readonly maxBatch: number;
    readonly windowStart: number; readonly windowEnd: number } | null;
  /** Reports in the sums of all tasks. */
  readonly accepted: number;
  /** By reason: REJECTED is a proof that does not hold. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Sums that the leader's gate let become no model, and why. */
  readonly refused: readonly { readonly at: number; readonly reason: string }[];
}

/** GET /demo/crowd.json */
export interface Crowd {
  /** false: every round is over, and with them the visitors' budget. */
  readonly running: boolean;
  readonly course: Course;
  /** On the same held-out visitors; null: being measured. */
  readonly popularity: Quality | null;
  readonly centralised: Quality | null;
  /** POST /demo/attack starts it: a second pair with plain sums beside one with PINE, the same crowd
   * and seed for both, a tenth of it malicious. */
  readonly attack: null | {
    readonly phase: 'starting' | 'running' | 'done' | 'failed';
    readonly detail: string;
    readonly share: number;
    readonly withProofs: Course;
    readonly withoutProofs: Course;
  };
}
