import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

import { Cover } from '../read/cover';
import { profile } from '../read/profile_state';
import { arrive, hrefOf } from '../router';
import { Trouble } from '../shell/trouble';
import { changed, items, leaderOrigin, messageOf, phase, sotto } from '../site';
import { capitalised, noun } from '../words';

const shown = 8;

interface Column {
  readonly ids: readonly string[];
  /** Instead of a list. */
  readonly why?: string;
}
interface Columns {
  readonly popular: Column;
  readonly content: Column;
  readonly personal: Column;
}

const column = (work: Promise<readonly string[]>): Promise<Column> => work.then(
  (ids) => ({ ids: ids.filter((id) => items.value.has(id)).slice(0, shown) }),
  (error: unknown) => ({ ids: [], why: messageOf(error) }));

async function popular(): Promise<readonly string[]> {
  const answer = await fetch(`${leaderOrigin()}/v1/popular?count=${shown}`, { credentials: 'omit', referrerPolicy: 'no-referrer' });
  if (!answer.ok) throw new Error(`The site’s server answers ${answer.status}`);
  return (await answer.json() as { items: readonly { item: string }[] }).items.map(({ item }) => item);
}

/** By what an item is about alone: those that share most tags with it, newest first. */
function sameTags(id: string): string[] {
  const about = new Set(items.value.get(id)?.tags);
  return [...items.value.values()]
    .map((item) => ({ item, shared: item.tags.filter((tag) => about.has(tag)).length }))
    .filter(({ item, shared }) => item.id !== id && shared > 0)
    .sort((a, b) => b.shared - a.shared || b.item.date.localeCompare(a.item.date))
    .slice(0, shown).map(({ item }) => item.id);
}

/** The latest item that the visitor chose or opened; null: none yet. */
const lastRead = (): string | null =>
  profile.value?.recent.find(({ type }) => type === 'view' || type === 'click' || type === 'like')?.item ?? null;

async function ask(last: string | null): Promise<Columns> {
  const recommender = sotto.value!;
  const ids = (list: readonly { item: string }[]) => list.map(({ item }) => item);
  const [first, second, third] = await Promise.all([
    column(popular()),
    last === null ? { ids: [], why: `Open an ${noun().one} first.` } : { ids: sameTags(last) },
    last === null ? { ids: [], why: `Open an ${noun().one} first; until then your list is the popular one.` } : column(recommender.recommend({ count: shown }).then(ids)),
  ]);
  return { popular: first, content: second, personal: third };
}

export function ComparePage() {
  useLayoutEffect(() => arrive({ page: 'compare' }), []);
  const last = lastRead();
  const [columns, setColumns] = useState<Columns | null>(null);
  useEffect(() => {
    if (phase.value !== 'ready') return;
    let left = false;
    void ask(last).then((answer) => left || setColumns(answer));
    return () => {
      left = true;
    };
  }, [phase.value, last, changed.value.reason === 'model' ? changed.value.count : 0]);
  const title = items.value.get(last ?? '')?.title;
  return (
    <>
      <header class="page-head">
        <p class="kicker">Compare</p>
        <h1 tabIndex={-1}>The same moment, three ways</h1>
        <p class="page-lead">What this site would show you now, if it knew nobody, if it knew only what you are looking at, and as it is.</p>
      </header>
      <Trouble />
      <div class="compare">
        <CompareColumn id="popular" title="Popular" column={columns?.popular} words="What most of the crowd reads. The same for everybody, and it comes from a server." />
        <CompareColumn id="content" title="Content-based" column={columns?.content} words={title ? <>What is filed under the same words as the last thing you opened, <em>{title}</em>. Nobody’s behaviour counts.</> : 'What is filed under the same words as the last thing that you opened. Nobody’s behaviour counts.'} />
        <CompareColumn id="personal" title="Personal" column={columns?.personal} strong words="What suits all that you did here, by the model that the crowd taught. Made on this device." others={[...(columns?.popular.ids ?? []), ...(columns?.content.ids ?? [])]} />
      </div>
    </>
  );
}

function CompareColumn({ id, title, words, column, strong = false, others = [] }: {
  id: string; title: string; words: preact.ComponentChildren; column: Column | undefined; strong?: boolean; others?: readonly string[];
}) {
  return (
    <section class={strong ? 'compare-column compare-strong' : 'compare-column'} aria-labelledby={`compare-${id}`}>
      <h2 id={`compare-${id}`} class="section-title">{title}</h2>
      <p class="compare-words">{words}</p>
      {column?.why && <p class="empty-small">{column.why}</p>}
      <ol class="rows" aria-busy={!column}>
        {!column && phase.value !== 'broken' && Array.from({ length: shown }, (_, i) => <li key={i} class="row-item skeleton" aria-hidden="true"><div class="cover cover-square" /><i class="line" /></li>)}
        {column?.ids.map((item) => {
          const known = items.value.get(item)!;
          return (
            <li key={item} class="row-item" data-sotto-item={item}>
              <Cover item={known} shape="square" />
              <div>
                <p class="kicker">{capitalised(known.topic)}{strong && !others.includes(item) && <span class="tag">only here</span>}</p>
                <h3 class="small-title"><a href={hrefOf({ page: 'article', id: item })}>{known.title}</a></h3>
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
