import { items } from '../site';
import { capitalised, noun } from '../words';
import type { FeedEntry } from './feed_order';
import { reasons } from './feed_state';

/** Why an entry is where it is. */
export function Why({ entry }: { entry: FeedEntry }) {
  return <p class="why" data-why={entry.source}>{wordsFor(entry)}</p>;
}

function wordsFor({ item, source, detour }: FeedEntry) {
  if (detour) return <>A detour, <em>away from what you usually read</em></>;
  if (source === 'content') return 'Like what you look at';
  if (source === 'newest') return 'Newest first';
  if (source === 'popular') return 'Popular with everybody';
  const reason = items.value.get(reasons.value.get(item) ?? '');
  return reason ? <>Because you {noun().met} <em>{reason.title}</em></> : `${capitalised(noun().one)} for you`;
}
