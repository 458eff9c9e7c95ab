import { count } from '../words';

/** When: 24 bars. */
export function Hours({ hours }: { hours: readonly number[] }) {
  const most = Math.max(1, ...hours);
  const busiest = hours.indexOf(most);
  return (
    <section class="panel" aria-labelledby="hours-title">
      <h2 id="hours-title" class="section-title">Times of day <span class="tag">on this device only</span></h2>
      <ol class="hours" aria-label={`Events by hour; most of them, ${most}, after ${busiest}:00`}>
        {hours.map((n, hour) => (
          <li key={hour}><span class="hour-track" title={`${hour}:00, ${count(n, 'event')}`}><span class="hour-fill" style={{ height: `${n === 0 ? 0 : Math.max(6, 100 * n / most)}%` }} /></span><span class={hour % 6 === 0 ? 'hour-name' : 'hidden-text'}>{hour}:00<span class="hidden-text">, {count(n, 'event')}</span></span></li>
        ))}
      </ol>
    </section>
  );
}
