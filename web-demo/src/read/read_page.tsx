import { useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { arrive } from '../router';
import { Trouble } from '../shell/trouble';
import { changed, items, phase, status } from '../site';
import { noun } from '../words';
import { Card, CardSkeleton } from './card';
import { ConsentForm } from './consent_form';
import { feed, feedFailure, mayShowMore, refreshFeed, resetFeed, showMore } from './feed_state';
import { useGlide } from './glide';
import { TuningBar } from './tuning_bar';
import { Why } from './why';

const settleMs = 350;
const pauseMs = 250;

/** The feed, and what is around it. Visitors' own acts move the cards; what happens by itself leaves
 * those alone that are being looked at. */
export function ReadPage() {
  const list = useRef<HTMLUListElement>(null);
  const glide = useGlide(list);
  const acted = () => void refreshFeed(undefined, glide);
  const inSight = () => [...(list.current?.children ?? [])]
    .filter((card) => card.getBoundingClientRect().top < innerHeight).length;

  useLayoutEffect(() => arrive({ page: 'read' }), []);
  // Coming back from an article, the old order is seen first, and then moves.
  useEffect(() => {
    const timer = setTimeout(acted, feed.value ? settleMs : 0);
    return () => clearTimeout(timer);
  }, [phase.value]);

  const timer = useRef<ReturnType<typeof setTimeout>>();
  const seen = useRef(changed.value.count);
  useSignalEffect(() => {
    const { count, reason } = changed.value;
    if (count === seen.current) return;
    seen.current = count;
    if (reason === 'forget') resetFeed();
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      if (reason === 'consent' || reason === 'forget') acted();
      else void refreshFeed(inSight);
    }, pauseMs);
  });
  useEffect(() => () => clearTimeout(timer.current), []);

  // What stands above the list comes with it, so that it pushes nothing down.
  const arrived = feed.value !== null || feedFailure.value !== '';

  return (
    <>
      <header class="masthead">
        <h1 class="nameplate" tabIndex={-1}>Sotto <em>voce</em></h1>
        <p class="tagline">A magazine that gets to know you on your own device, and tells nobody.</p>
      </header>
      <Trouble />
      {arrived && <ConsentForm />}
      {arrived && <TuningBar changed={acted} />}
      {phase.value === 'ready' && feedFailure.value !== '' && !status.value?.trouble && (
        <p class="notice" role="status">The list could not be made: {feedFailure.value}. <button type="button" class="link-button" onClick={acted}>Try again</button></p>
      )}
      <Feed list={list} acted={acted} />
    </>
  );
}

function Feed({ list, acted }: { list: preact.RefObject<HTMLUListElement>; acted: () => void }) {
  const shown = feed.value ?? fallback();
  if (!shown && phase.value === 'unreachable') return null;
  if (!shown) {
    return <ul key="skeleton" class="feed" aria-busy="true" aria-label={`Loading ${noun().many}`}>{Array.from({ length: 7 }, (_, i) => <CardSkeleton key={i} lead={i === 0} />)}</ul>;
  }
  if (shown.length === 0) return <p class="empty">You have seen everything there is. That took some reading.</p>;
  return (
    <>
      <ul key="feed" class="feed" ref={list}>
        {shown.map((entry, place) => {
          const item = items.value.get(entry.item)!;
          return <Card key={entry.item} item={item} lead={place === 0} done={acted}><Why entry={entry} /></Card>;
        })}
      </ul>
      {feed.value && mayShowMore() && <p class="more"><button type="button" class="button" onClick={() => void showMore()}>Show more</button></p>}
    </>
  );
}

/** Without a recommender: the newest, which need none. */
function fallback() {
  const without = phase.value === 'unsupported' || phase.value === 'broken' || (phase.value === 'ready' && feedFailure.value !== '');
  if (!without) return null;
  return [...items.value.values()].sort((a, b) => b.date.localeCompare(a.date)).slice(0, 24)
    .map(({ id }) => ({ item: id, source: 'newest' as const, detour: false }));
}
