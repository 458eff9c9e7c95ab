// "Because you read ...", in the cards that a list shows.

import type { Recommendation, Recommender } from '../types.js';

const asked = 4;

function titleInPage(item: string): string | undefined {
  return document.querySelector<HTMLElement>(
    `[data-sotto-item="${CSS.escape(item)}"][data-sotto-title]`)?.dataset.sottoTitle;
}

/** Fills the elements with data-why of each card with `words`, whose {title} is the strongest reason
 * with a title; hides those of cards that no such reason put there. */
export async function writeReasons(recommender: Recommender, signal: AbortSignal,
  list: readonly Recommendation[], shown: ReadonlyMap<string, HTMLElement>, words: string,
  titleOf: (item: string) => string | undefined): Promise<void> {
  const personal = new Set(list.filter(({ source }) => source === 'personal').map(({ item }) => item));
  const texts = await Promise.all([...shown].map(async ([item, card]) => {
    const places = [...card.querySelectorAll<HTMLElement>('[data-why]')];
    if (places.length === 0 || !personal.has(item)) return { places, text: '' };
    const { reasons } = await recommender.explain(item, { reasons: asked, signal });
    const titles = reasons.filter((reason) => reason.item !== item)
      .map((reason) => titleOf(reason.item) ?? titleInPage(reason.item));
    const title = titles.find((title) => title !== undefined);
    return { places, text: title === undefined ? '' : words.replaceAll('{title}', () => title) };
  }));
  if (signal.aborted) return;
  for (const { places, text } of texts) {
    for (const place of places) {
      if (place.textContent !== text) place.textContent = text;
      place.hidden = text === '';
    }
  }
}
