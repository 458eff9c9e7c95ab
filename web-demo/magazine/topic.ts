/** The magazine's vocabulary of types: what a topic is made of. */

export const topicIds = [
  'gardening', 'astronomy', 'sailing', 'cooking', 'cycling', 'history', 'jazz', 'mountains',
  'robots', 'mystery', 'painting', 'chess', 'birds', 'trains', 'theatre', 'ocean',
] as const;

/** The tags of the world `demo` (`sotto world --preset demo`), word for word. */
export type TopicId = (typeof topicIds)[number];

export type Theme = 'light' | 'dark';

/**
 * Colours as `#rrggbb`. Text in `ink` has at least 4.5:1 on `ground` and on `wash`; text in `accent`
 * has at least 4.5:1 on `ground`. `line` and `glow` are for drawing only.
 */
export interface Palette {
  readonly ground: string;
  readonly wash: string;
  readonly line: string;
  readonly accent: string;
  readonly glow: string;
  readonly ink: string;
}

/** One thing that articles are about. Every phrase is singular, so that verbs agree with it. */
export interface Subject {
  /** "an old hedge"; begins in lower case, reads well after a preposition. */
  readonly a: string;
  /** "the old hedge" */
  readonly the: string;
  /** How one goes on speaking of it; without it the noun alone: "the hedge". */
  readonly short?: string;
  /** What it is in one clause: "{a}, {gist}, ..." */
  readonly gist: string;
  /** Two evocative titles of its own, in other words than the gist. */
  readonly hooks: readonly [string, string];
  /** What one does with it: "How to {task}". */
  readonly task: string;
  /** A title that asks; ends with a question mark. */
  readonly question: string;
  /** Five true sentences which stand by themselves, in an order that reads well. */
  readonly facts: readonly [string, string, string, string, string];
  /** Three instructions, in order. */
  readonly steps: readonly [string, string, string];
}

/**
 * Sentences with slots: {a} and {the} (the article's subject), {place}, {site}, {moment}, {who} and
 * {other} (two people). A slot in upper case ({Who}) is capitalised. Each has at least one slot, so that no sentence of the corpus
 * comes back word for word more than a few times.
 */
export interface Prose {
  readonly sites: readonly string[];
  /** A bar ends what later mentions keep: "the woman| who keeps the seed list". */
  readonly people: readonly string[];
  readonly moments: readonly string[];
  readonly scenes: readonly string[];
  readonly textures: readonly string[];
  readonly counsel: readonly string[];
  readonly doubts: readonly string[];
  readonly quotes: readonly string[];
  readonly endings: readonly string[];
  /** What this topic has to say about the subject of another topic. */
  readonly bridges: readonly string[];
}

export interface Topic {
  readonly id: TopicId;
  readonly name: string;
  readonly line: string;
  /** Who signs: no person, a desk. */
  readonly desk: string;
  readonly subjects: readonly Subject[];
  readonly prose: Prose;
}
