import { useEffect, useState } from 'preact/hooks';

import type { Course } from '../contract';
import { duration } from '../words';
import { liveReports } from './announcements';

const radius = 84;
const around = 2 * Math.PI * radius;

/** The batch against everybody, with a mark at the size that it may not be collected below; and the time
 * that is left. */
export function BatchRing({ batch, minBatch, visitors }: { batch: Course['batch']; minBatch: number; visitors: number }) {
  const now = useNow();
  const live = liveReports.value;
  const reports = batch === null ? 0 : live?.task === batch.task ? Math.max(live.reports, batch.reports) : batch.reports;
  const part = Math.min(1, reports / visitors);
  const least = 360 * Math.min(1, minBatch / visitors);
  const left = batch === null ? 0 : Math.max(0, batch.windowEnd - now);
  const window = batch === null ? 1 : batch.windowEnd - batch.windowStart;
  return (
    <figure class="ring">
      <svg viewBox="0 0 200 200" role="img" aria-label={batch ? `${reports} reports; at least ${minBatch} are needed` : 'No task is open'}>
        <circle class="ring-track" cx="100" cy="100" r={radius} />
        <circle class="ring-fill" cx="100" cy="100" r={radius} stroke-dasharray={`${part * around} ${around}`} transform="rotate(-90 100 100)" />
        {batch && least < 360 && <path class="ring-least" d="M 100 5 V 27" transform={`rotate(${least} 100 100)`} />}
        <circle class="ring-time" cx="100" cy="100" r="70" stroke-dasharray={`${Math.min(1, left / window) * 2 * Math.PI * 70} ${2 * Math.PI * 70}`} transform="rotate(-90 100 100)" />
        <text x="100" y="104" text-anchor="middle" class="ring-value">{batch ? reports.toLocaleString('en') : '–'}</text>
        <text x="100" y="128" text-anchor="middle" class="ring-words">{batch ? `reports` : 'no open task'}</text>
      </svg>
      <figcaption>{batch === null ? 'No reports are taken just now'
        : left > 0 ? `${duration(left)} left in this window; at the mark are the ${minBatch.toLocaleString('en')} reports that it takes` : 'The window is over; both servers add up'}</figcaption>
    </figure>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
