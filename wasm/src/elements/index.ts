// Elements that show a recommender: <sotto-list> and <sotto-privacy>.

import type { Recommender } from '../types.js';
import { makeListClass, type SottoErrorEvent, type SottoListElement, type SottoUpdateEvent }
  from './list.js';
import { setPageRecommender } from './page_recommender.js';
import { makePrivacyClass, type SottoPrivacyElement } from './privacy.js';

export type { SottoErrorEvent, SottoListElement, SottoUpdateEvent } from './list.js';
export type { SottoPrivacyElement } from './privacy.js';
export type { GivenMessages, PrivacyMessages } from './privacy_messages.js';

declare global {
  interface HTMLElementTagNameMap {
    'sotto-list': SottoListElement;
    'sotto-privacy': SottoPrivacyElement;
  }
  interface HTMLElementEventMap {
    'sotto-update': SottoUpdateEvent;
    'sotto-error': SottoErrorEvent;
  }
}

/** Registers the elements, once in a page. Called again, the elements show the new recommender. */
export function defineElements(recommender: Recommender): void {
  setPageRecommender(recommender);
  if (!customElements.get('sotto-list')) customElements.define('sotto-list', makeListClass());
  if (!customElements.get('sotto-privacy')) customElements.define('sotto-privacy', makePrivacyClass());
}
