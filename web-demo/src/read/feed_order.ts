// Which items the feed shows, in which order.
import type { Interest, ListSource, Recommender } from 'sotto';

import type { DemoItem } from '../contract';

export interface FeedEntry {
  readonly item: string;
  /** 'newest': there is no recommender. */
  readonly source: ListSource | 'newest';
  /** Put here by the surprise slider. */
  readonly detour: boolean;
}

export interface Tuning {
  /** 0 .. 1, ListOptions.diversity. */
  readonly diversity: number;
  /** 0 .. 1: how many places go to topics outside the visitor's strongest; see detourEvery. */
  readonly surprise: number;
}

/** Every how manieth place is a detour; 0: none. */
export const detourEvery = (surprise: number): number => (surprise === 0 ? 0 : Math.round(6 - 4 * surprise));

/** The visitor's strongest topics: as many as make up half of what they read, four at most. */
export function strongestTopics(interests: readonly Interest[], topics: ReadonlySet<string>): string[] {
  const ofTopics = interests.filter(({ name, share }) => topics.has(name) && share > 0)
    .sort((a, b) => b.share - a.share);
  const whole = ofTopics.reduce((sum, { share }) => sum + share, 0);
  const strongest: string[] = [];
  let sum = 0;
  for (const { name, share } of ofTopics) {
    if (strongest.length === 4 || sum >= whole / 2) break;
    strongest.push(name);
    sum += share;
  }
  return strongest;
}

export async function feedOrder(sotto: Recommender, items: ReadonlyMap<string, DemoItem>, count: number,
  { diversity, surprise }: Tuning): Promise<readonly FeedEntry[]> {
  const known = (list: readonly { item: string; source: ListSource }[], detour: boolean) =>
    list.filter(({ item }) => items.has(item)).map(({ item, source }) => ({ item, source, detour }));
  const main = known(await sotto.recommend({ count, diversity }), false);
  const every = detourEvery(surprise);
  if (every === 0 || !main.some(({ source }) => source === 'personal')) return main;

  const topics = new Set([...items.values()].map(({ topic }) => topic));
  const strongest = new Set(strongestTopics((await sotto.profile()).interests, topics));
  const familiar = [...items.values()]
    .filter(({ topic, tags }) => strongest.has(topic) || tags.some((tag) => strongest.has(tag)));
  const detours = known(await sotto.recommend({
    count: Math.ceil(count / every), diversity: Math.max(diversity, surprise / 2), exclude: familiar.map(({ id }) => id),
  }), true);
  return mixed(main, detours, every).slice(0, count);
}

/** `detours` at every `every`th place of `main`; no item twice. */
export function mixed(main: readonly FeedEntry[], detours: readonly FeedEntry[], every: number): FeedEntry[] {
  const taken = new Set(detours.map(({ item }) => item));
  const rest = main.filter(({ item }) => !taken.has(item));
  const list: FeedEntry[] = [];
  const left = [...detours];
  for (const entry of rest) {
    if ((list.length + 1) % every === 0 && left.length > 0) list.push(left.shift()!);
    list.push(entry);
  }
  return [...list, ...left];
}
