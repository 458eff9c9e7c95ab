import type { EventType, SottoEvent } from 'sotto';

import { hrefOf } from '../router';
import { items } from '../site';
import { clock, duration, percent } from '../words';

const shown = 12;

const said: Readonly<Partial<Record<EventType, string>>> = {
  click: 'Chose', view: 'Opened', like: 'Wants more like', dislike: 'Wants less like', hide: 'Hid',
};

function words({ type, value }: Required<SottoEvent>): string {
  if (type === 'dwell') return `Looked ${duration(value)} at`;
  if (type === 'scroll') return `Saw ${percent(value)} of`;
  return said[type] ?? type;
}

/** What was done, without what was only on the screen. */
export function RecentEvents({ events }: { events: readonly Required<SottoEvent>[] }) {
  const done = events.filter(({ type }) => type !== 'impression');
  return (
    <section class="panel" aria-labelledby="recent-title">
      <h2 id="recent-title" class="section-title">Lately <span class="tag">on this device only</span></h2>
      <ol class="events">
        {done.slice(0, shown).map((event, i) => (
          <li key={`${event.timestamp} ${i}`}>
            <time dateTime={new Date(event.timestamp).toISOString()}>{clock(event.timestamp)}</time>
            <span>{words(event)} <a href={hrefOf({ page: 'article', id: event.item })}>{items.value.get(event.item)?.title ?? event.item}</a></span>
          </li>
        ))}
      </ol>
      <p class="quiet">{done.length > shown ? 'And what was before; the' : 'The'} export has all of it, also which cards were on the screen.</p>
    </section>
  );
}
