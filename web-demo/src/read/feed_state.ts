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

/** How many of the shown places stay as they are: what is being looked at does not move by itself. */
type Keep = () => number;
const nothing: Keep = () => 0;

/** Asks for the feed anew. `apply` is given what to do when it is there, and may animate it. Of several
 * refreshes at a time the last one counts. */
export async function refreshFeed(keep: Keep = nothing, apply: (change: () => void) => void = (change) => change()): Promise<void> {
  const recommender = sotto.value;
  if (!recommender) return;
  const mine = ++asked;
  try {
    const next = await feedOrder(recommender, items.value, wanted, tuning.value);
    if (mine !== asked) return;
    const kept = (feed.value ?? []).slice(0, keep());
    const ids = new Set(kept.map(({ item }) => item));
    const list = [...kept, ...next.filter(({ item }) => !ids.has(item))].slice(0, wanted);
    feedFailure.value = '';
    if (!same(list, feed.value)) {
      apply(() => {
        feed.value = list;
      });
    }
    await explain(list, mine);
  } catch (error) {
    if (mine === asked) feedFailure.value = messageOf(error);
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
