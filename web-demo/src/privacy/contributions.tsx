import type { Contribution } from 'sotto';

import { epsilon, moment, size } from '../words';

const newest = 30;

function stateWords({ state, sendAt, sent, code }: Contribution): string {
  switch (state) {
    case 'waiting': return `Waits, goes at ${moment(sendAt)}`;
    case 'sent': return sent === null ? 'Sent' : `Sent ${moment(sent)}`;
    case 'expired': return 'Never sent: too late';
    case 'refused': return `Refused${code ? ` (${code})` : ''}`;
    case 'withdrawn': return 'Withdrawn before it was sent';
  }
}

export function Contributions({ list }: { list: readonly Contribution[] }) {
  if (list.length === 0) return <p class="empty-small">None so far. With your consent, one is made while the page is idle when the site has a task open, and listed here before it leaves.</p>;
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label="Contributions">
      <table class="table" data-contributions={list.length}>
        <thead><tr><th scope="col">Made</th><th scope="col">State</th><th scope="col" class="number">Cost</th><th scope="col" class="number">Size</th><th scope="col">Task</th></tr></thead>
        <tbody>
          {list.slice(-newest).reverse().map((one) => (
            <tr key={one.task}>
              <td>{moment(one.created)}</td>
              <td><span class={`state state-${one.state}`}>{stateWords(one)}</span></td>
              <td class="number">{one.kind === 'zero_report' ? 'empty, free' : `ε ${epsilon(one.epsilon)}`}</td>
              <td class="number">{size(one.bytes)}</td>
              <td><code>{one.task.slice(0, 8)}</code></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
