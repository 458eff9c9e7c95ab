import type { Course } from '../contract';

const meanings: Readonly<Record<string, string>> = {
  VERIFICATION: 'its proof does not hold', REJECTED: 'its proof does not hold', REPLAY: 'sent twice with other bytes', MALFORMED: 'not a report',
  AUTHENTICATION: 'cannot be opened', EXPIRED: 'too late', CLOSED: 'too late', FULL: 'the batch was full',
};

export function Rejections({ course }: { course: Course }) {
  const reasons = Object.entries(course.rejected).filter(([, n]) => n > 0).sort(([, a], [, b]) => b - a);
  return (
    <dl class="figures">
      <div><dt>Accepted</dt><dd>{course.accepted.toLocaleString('en')}</dd></div>
      {reasons.map(([code, n]) => <div key={code}><dt>Rejected: {meanings[code] ?? code}</dt><dd>{n.toLocaleString('en')}</dd></div>)}
      {reasons.length === 0 && <div><dt>Rejected</dt><dd>0</dd></div>}
    </dl>
  );
}
