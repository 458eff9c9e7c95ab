import type { Interest } from 'sotto';

import { topicIds } from '../../magazine/topic';
import { items } from '../site';
import { capitalised, noun, percent } from '../words';

const shown = 10;

/** Tags that are topics, and those that say how a thing is told, each as bars. */
export function Interests({ interests }: { interests: readonly Interest[] }) {
  const topics = new Set([...items.value.values()].map(({ topic }) => topic));
  const kindOf = new Map([...items.value.values()].map(({ tags, kind }) => [tags.at(-1), kind]));
  const of = (wanted: boolean) => interests
    .filter(({ name, share }) => topics.has(name) === wanted && share > 0.001).sort((a, b) => b.share - a.share).slice(0, shown);
  const [what, how] = [of(true), of(false)];
  return (
    <section class="panel" aria-labelledby="interests-title">
      <h2 id="interests-title" class="section-title">Interests <span class="tag">on this device only</span></h2>
      <Bars bars={what} nameOf={(name) => name} />
      {how.length > 0 && <><h3 class="small-heading">And how it is told</h3><Bars bars={how} nameOf={(name) => kindOf.get(name) ?? name} /></>}
    </section>
  );
}

function Bars({ bars, nameOf }: { bars: readonly Interest[]; nameOf: (name: string) => string }) {
  const longest = bars[0]?.share ?? 1;
  return (
    <ul class="bars">
      {bars.map(({ name, share, items: from }) => {
        const titles = from.flatMap(({ item }) => items.value.get(item)?.title ?? []).slice(0, 2);
        const isTopic = (topicIds as readonly string[]).includes(name);
        return (
          <li key={name} class={isTopic ? `topic-${name}` : ''}>
            <span class="bar-name">{capitalised(nameOf(name))}</span>
            <span class="bar-value">{percent(share)}</span>
            <span class="bar-track" aria-hidden="true"><span class="bar-fill" style={{ width: `${Math.max(1, 100 * share / longest)}%` }} /></span>
            {titles.length > 0 && <span class="bar-from">from the {noun().many} {titles.map((title) => `“${title}”`).join(' and ')}</span>}
          </li>
        );
      })}
    </ul>
  );
}
