// The feed as it is shown. It outlives the page that shows it, so that what changed while the visitor
// was reading can be seen to move.
import { signal } from '@preact/signals';

import { items, messageOf, sotto } from '../site';
import { feedOrder, type FeedEntry, type Tuning } from './feed_order';

/** One that leads, and full rows of two or three. */
const pageSize = 25;

/** null: not asked yet. */
export const feed = signal<readonly FeedEntry[] | null>(null);
export const tuning = signal<Tuning>({ diversity: 0, surprise: 0 });
export const feedFailure = signal('');
/** "Because you read": the strongest reason of each personal entry that is shown. */
export const reasons = signal<ReadonlyMap<string, string>>(new Map());

let wanted = pageSize;
let asked = 0;
/** How the refresh that is under way will be shown. */
let showing: Showing | null = null;

interface Showing {
  /** How many of the shown places stay as they are: what is being looked at does not move by itself. */
  readonly keep: () => number;
  /** Is given what to do when the list is there, and may animate it. */
  readonly apply: (change: () => void) => void;
}
const nothing = () => 0;

/** Asks for the feed anew. Of several refreshes at a time the last one's list counts; what the visitor's
 * own act may move, a later one by itself does not keep in its place. */
export async function refreshFeed(keep: Showing['keep'] = nothing, apply: Showing['apply'] = (change) => change()): Promise<void> {
  const recommender = sotto.value;
  if (!recommender) return;
  const mine = ++asked;
  const shown = showing?.keep === nothing ? showing : { keep, apply };
  showing = shown;
  try {
    const next = await feedOrder(recommender, items.value, wanted, tuning.value);
    if (mine !== asked) return;
    showing = null;
    const kept = (feed.value ?? []).slice(0, shown.keep());
    const ids = new Set(kept.map(({ item }) => item));
    const list = [...kept, ...next.filter(({ item }) => !ids.has(item))].slice(0, wanted);
    feedFailure.value = '';
    if (!same(list, feed.value)) {
      shown.apply(() => {
        feed.value = list;
      });
    }
    await explain(list, mine);
  } catch (error) {
    if (mine !== asked) return;
    showing = null;
    feedFailure.value = messageOf(error);
  }
}

export function showMore(): Promise<void> {
  wanted += pageSize;
  return refreshFeed(() => feed.value?.length ?? 0);
}

export const mayShowMore = (): boolean => (feed.value?.length ?? 0) >= wanted && wanted < items.value.size;

/** After everything was forgotten. */
export function resetFeed(): void {
  feed.value = null;
  reasons.value = new Map();
  wanted = pageSize;
}

async function explain(list: readonly FeedEntry[], mine: number): Promise<void> {
  const recommender = sotto.value;
  if (!recommender) return;
  const told = await Promise.all(list.filter(({ source }) => source === 'personal').map(async ({ item }) => {
    const { reasons: strongest } = await recommender.explain(item, { reasons: 4 });
    return [item, strongest.find((reason) => reason.item !== item && reason.term > 0 && items.value.has(reason.item))?.item] as const;
  }));
  if (mine !== asked) return;
  reasons.value = new Map(told.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

function same(a: readonly FeedEntry[], b: readonly FeedEntry[] | null): boolean {
  return b?.length === a.length && a.every((entry, i) => entry.item === b[i]?.item &&
    entry.source === b[i]?.source && entry.detour === b[i]?.detour);
}
