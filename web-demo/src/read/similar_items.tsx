import { useEffect, useState } from 'preact/hooks';
import type { Recommendation } from 'sotto';

import { hrefOf } from '../router';
import { items, phase, sotto } from '../site';
import { capitalised } from '../words';
import { Cover } from './cover';

const shown = 4;

export function SimilarItems({ id }: { id: string }) {
  const [list, setList] = useState<readonly Recommendation[] | null>(null);
  useEffect(() => {
    const left = new AbortController();
    sotto.value?.similar(id, { count: shown, signal: left.signal }).then(setList, () => {
      if (!left.signal.aborted) setList([]);
    });
    return () => left.abort();
  }, [id, phase.value]);
  const known = (list ?? []).flatMap(({ item }) => items.value.get(item) ?? []);
  if (phase.value !== 'ready' || (list !== null && known.length === 0)) return null;
  return (
    <section class="similar" aria-labelledby="similar-title">
      <h2 id="similar-title" class="section-title">Similar</h2>
      <ul class="similar-list" aria-busy={list === null}>
        {list === null && Array.from({ length: shown }, (_, i) => <li key={i} class="skeleton small-card" aria-hidden="true"><div class="cover cover-card" /><i class="line" /></li>)}
        {known.map((item) => (
          <li key={item.id} class="small-card" data-sotto-item={item.id}>
            <Cover item={item} />
            <p class="kicker">{capitalised(item.topic)}</p>
            <h3 class="small-title"><a href={hrefOf({ page: 'article', id: item.id })}>{item.title}</a></h3>
          </li>
        ))}
      </ul>
    </section>
  );
}
