import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

import type { DemoArticle } from '../contract';
import { arrive, hrefOf } from '../router';
import { Icon } from '../shell/icon';
import { getJson, items, phase } from '../site';
import { capitalised, day, kindAndMinutes } from '../words';
import { Cover } from './cover';
import { NotedHere } from './noted_here';
import { Opinions } from './opinions';
import { SimilarItems } from './similar_items';

export function ArticlePage({ id }: { id: string }) {
  const item = items.value.get(id);
  useLayoutEffect(() => arrive({ page: 'article', id }), [id]);
  if (!item) {
    return phase.value === 'loading' ? <p class="empty" aria-busy="true">…</p>
      : <div class="empty"><h1 tabIndex={-1}>There is no such article</h1><p><a href={hrefOf({ page: 'read' })}>Back to the magazine</a></p></div>;
  }
  return (
    <>
      <p class="back"><a class="back-link" href={hrefOf({ page: 'read' })}><Icon name="back" />The magazine</a></p>
      <article class="article" data-sotto-item={id} data-sotto-page>
        <header class="article-head">
          <p class="kicker">{capitalised(item.topic)}</p>
          <h1 tabIndex={-1}>{item.title}</h1>
          <p class="article-lead">{item.lead}</p>
          <p class="meta">{[day(item.date), kindAndMinutes(item)].filter((part) => part !== '').join(' · ')}</p>
        </header>
        <Cover item={item} shape="wide" />
        <Body id={id} />
        <footer class="article-foot">
          <Opinions item={item} words />
        </footer>
      </article>
      <NotedHere id={id} />
      <SimilarItems id={id} />
    </>
  );
}

function Body({ id }: { id: string }) {
  const [text, setText] = useState<readonly string[] | null>(null);
  const [tries, setTries] = useState(0);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let left = false;
    setFailed(false);
    getJson<DemoArticle>(`demo/items/${encodeURIComponent(id)}.json`).then(
      ({ body }) => left || setText(body), () => left || setFailed(true));
    return () => {
      left = true;
    };
  }, [id, tries]);
  if (failed) {
    return (
      <div class="body"><p class="notice" role="status">This text is not on your device, and the site does not answer. Your list still works without it. <button type="button" class="link-button" onClick={() => setTries(tries + 1)}>Try again</button></p></div>
    );
  }
  if (!text) return <div class="body skeleton" aria-busy="true">{Array.from({ length: 12 }, (_, i) => <i class="line" key={i} />)}</div>;
  return <div class="body">{text.map((paragraph, i) => <p key={i}>{paragraph}</p>)}</div>;
}
