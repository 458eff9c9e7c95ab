import type { Course } from '../contract';
import { clock, epsilon, score } from '../words';

export function Rounds({ course }: { course: Course }) {
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Rounds">
      <table class="table">
        <thead><tr><th scope="col">Model</th><th scope="col">At</th><th scope="col" class="number">Reports</th><th scope="col" class="number">Certified ε</th><th scope="col" class="number">NDCG</th><th scope="col" class="number">Recall</th></tr></thead>
        <tbody>
          {[...course.rounds].reverse().map(({ sequence, at, reports, epsilon: spent, quality }) => (
            <tr key={sequence}>
              <td>{sequence}</td><td>{clock(at)}</td><td class="number">{reports.toLocaleString('en')}</td><td class="number">{epsilon(spent)}</td>
              <td class="number">{quality ? score(quality.ndcg) : 'measuring'}</td><td class="number">{quality ? score(quality.recall) : '…'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
