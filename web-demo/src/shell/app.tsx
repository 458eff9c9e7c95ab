import { Suspense, lazy } from 'preact/compat';
import { useEffect } from 'preact/hooks';

import { ArticlePage } from '../read/article_page';
import { ReadPage } from '../read/read_page';
import { route, type Page } from '../router';
import { items } from '../site';
import { Foot } from './foot';
import { Head } from './head';
import { Notice } from './notice';

const titles: Readonly<Record<Page, string>> = {
  read: 'Sotto voce', compare: 'Compare', you: 'What this device knows', privacy: 'Privacy', crowd: 'The crowd',
};
const later: Readonly<Record<Exclude<Page, 'read'>, preact.FunctionComponent>> = {
  compare: lazy(() => import('../compare/compare_page').then(({ ComparePage }) => ComparePage)),
  you: lazy(() => import('../you/you_page').then(({ YouPage }) => YouPage)),
  privacy: lazy(() => import('../privacy/privacy_page').then(({ PrivacyPage }) => PrivacyPage)),
  crowd: lazy(() => import('../crowd/crowd_page').then(({ CrowdPage }) => CrowdPage)),
};

function CurrentPage() {
  const now = route.value;
  if (now.page === 'article') return <ArticlePage key={now.id} id={now.id} />;
  if (now.page === 'read') return <ReadPage />;
  const Later = later[now.page];
  return <Suspense fallback={<p class="empty" aria-busy="true">…</p>}><Later key={now.page} /></Suspense>;
}

export function App() {
  const now = route.value;
  const title = now.page === 'article' ? items.value.get(now.id)?.title : titles[now.page];
  useEffect(() => {
    document.title = title && title !== titles.read ? `${title} · ${titles.read}` : titles.read;
  }, [title]);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}>Skip to the content</a>
      <Head />
      <main id="main" class={`page page-${now.page}`} tabIndex={-1}><CurrentPage /></main>
      <Foot />
      <Notice />
    </>
  );
}
