// Routes in the fragment, so that the site can lie in any folder of any server.
import { signal } from '@preact/signals';

export const pages = ['read', 'compare', 'you', 'privacy', 'crowd'] as const;
export type Page = (typeof pages)[number];
export type Route = { readonly page: Page } | { readonly page: 'article'; readonly id: string };

export const hrefOf = (route: Route): string =>
  route.page === 'article' ? `#/article/${encodeURIComponent(route.id)}`
    : route.page === 'read' ? '#/' : `#/${route.page}`;

function parse(hash: string): Route {
  const [, first = '', second] = hash.split('/');
  if (first === 'article' && second) return { page: 'article', id: decodeURIComponent(second) };
  const page = pages.find((name) => name === first);
  return { page: page ?? 'read' };
}

export const route = signal<Route>(parse(location.hash));
/** How far the feed was scrolled when it was left, so that coming back leads there. */
let feedTop = 0;
/** True from the first change of route on: then the page's heading takes the focus. */
let navigated = false;

history.scrollRestoration = 'manual';
addEventListener('hashchange', () => {
  if (route.value.page === 'read') feedTop = scrollY;
  navigated = true;
  route.value = parse(location.hash);
});

/** After a page has been rendered: where it starts, for eyes and for assistive technology. */
export function arrive({ page }: Route): void {
  if (!navigated) return;
  document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  scrollTo({ top: page === 'read' ? feedTop : 0, behavior: 'instant' });
}
