// <sotto-list>: a list that orders itself for its visitor. See SottoListElement for the contract.

import type { ListOptions, Recommendation, Recommender } from '../types.js';
import { holdWhilePressed } from './hold.js';
import { fillTemplate, readItems, type ListItem } from './items.js';
import { glide, orderCards, placeAround } from './order.js';
import { withPageRecommender } from './page_recommender.js';
import { writeReasons } from './reasons.js';

/** The cards are either in the page, as elements with data-sotto-item that share one parent within
 * the list, or are made of `src`, a JSON file [{id, ...}], and a <template> of one element in the
 * list, whose data-text, data-href, data-src and data-alt name fields. What the list holds before is
 * the fallback: it stays when there is no script, and when anything fails.
 *
 * Attributes: count (1 .. 1000; default: all that are in the page, 20 of a file), diversity (0 .. 1),
 * surface, context-item, include-seen, src; why ("Because you read {title}"): why a card is there,
 * in those of its elements that have data-why.
 *
 * Events, which bubble: 'sotto-update' with {items} when the list has been put in order, 'sotto-error'
 * with what went wrong. */
export interface SottoListElement extends HTMLElement {
  /** An item's title for `why`; undefined: not known. Default: the file's `title`, or
   * data-sotto-title of an element of the page that carries the item. */
  titleOf: ((item: string) => string | undefined) | undefined;
}

export type SottoUpdateEvent = CustomEvent<{ readonly items: readonly Recommendation[] }>;
export type SottoErrorEvent = CustomEvent<unknown>;

interface File {
  readonly src: string;
  readonly items: ReadonlyMap<string, ListItem>;
}

interface Bound {
  readonly recommender: Recommender;
  readonly signal: AbortSignal;
}

// Cards that are left out are so whatever display the site gave them. Scroll anchoring would follow a
// card to its new place.
const sheetText = `:where(sotto-list) { display: block; overflow-anchor: none }
sotto-list [hidden] { display: none !important }`;
let sheet: CSSStyleSheet | undefined;

function adoptSheet(root: Node): void {
  if (!(root instanceof Document || root instanceof ShadowRoot)) return;
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(sheetText);
  }
  if (!root.adoptedStyleSheets.includes(sheet))
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

/** The attribute as a number; undefined without it. */
function numberOf(element: Element, name: string, least: number, most: number,
  whole: boolean): number | undefined {
  const text = element.getAttribute(name);
  if (text === null) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
    const kind = whole ? 'a whole number' : 'a number';
    throw new RangeError(`sotto-list: ${name}="${text}": ${kind}, ${least} .. ${most}`);
  }
  return value;
}

export function makeListClass(): new () => SottoListElement {
  return class extends HTMLElement implements SottoListElement {
    static readonly observedAttributes =
      ['count', 'diversity', 'surface', 'context-item', 'include-seen', 'src', 'why'];

    declare titleOf: ((item: string) => string | undefined) | undefined;
    #end: (() => void) | undefined;
    #bound: Bound | undefined;
    #held = () => false;
    #wanted = false;
    #running = false;
    #changes = new MutationObserver(() => {
      const [now, before] = [this.#cardsInPage(), this.#cards];
      if ([...now.keys()].join('\n') !== [...before.keys()].join('\n')) this.#ask();
    });
    /** By item, in the site's own order. */
    #cards: Map<string, HTMLElement> = new Map();
    #file: File | undefined;

    connectedCallback(): void {
      adoptSheet(this.getRootNode());
      this.#end = withPageRecommender((recommender, signal) => {
        this.#bound = { recommender, signal };
        this.#held = holdWhilePressed(this, signal, () => void this.#run());
        recommender.addEventListener('change', () => this.#ask(), { signal });
        this.#changes.observe(this,
          { childList: true, subtree: true, attributeFilter: ['data-sotto-item'] });
        this.#ask();
      });
    }

    disconnectedCallback(): void {
      this.#end?.();
      this.#bound = undefined;
      this.#changes.disconnect();
    }

    attributeChangedCallback(): void {
      if (this.#bound) this.#ask();
    }

    #ask(): void {
      this.#wanted = true;
      void this.#run();
    }

    async #run(): Promise<void> {
      if (this.#running) return;
      this.#running = true;
      await Promise.resolve(); // What one task changes is one update.
      while (this.#wanted && this.#bound && !this.#held()) {
        this.#wanted = false;
        const bound = this.#bound;
        try {
          await this.#update(bound);
        } catch (error) {
          if (!bound.signal.aborted) this.#tell('sotto-error', error);
        }
      }
      this.#running = false;
    }

    #tell(type: string, detail: unknown): void {
      this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
    }

    async #update(bound: Bound): Promise<void> {
      const template = this.querySelector('template');
      const src = this.getAttribute('src');
      if (src !== null && !template)
        throw new TypeError('sotto-list: src needs a <template> in the list');
      const file = await this.#load(src, bound.signal);
      const ids = [...(file?.items ?? (this.#cards = this.#cardsInPage())).keys()];
      if (ids.length === 0) return;
      const count = numberOf(this, 'count', 1, 1000, true) ??
        (file ? 20 : Math.min(ids.length, 1000));
      const list = await bound.recommender.recommend(
        { ...this.#options(), count, only: ids, signal: bound.signal });
      if (bound.signal.aborted) return;
      if (this.#held()) {
        this.#wanted = true;
        return;
      }
      const recommended = list.map(({ item }) => item);
      if (file && template) {
        if (recommended.length === 0) return; // What is there says more than nothing.
        this.#fill(template, file.items, recommended);
      }
      const shown = this.#place(recommended, file ? recommended.length : count);
      await this.#explain(bound, list, shown);
      this.#tell('sotto-update', { items: list });
    }

    #options(): ListOptions {
      const [surface, item] = [this.getAttribute('surface'), this.getAttribute('context-item')];
      const diversity = numberOf(this, 'diversity', 0, 1, false);
      return {
        ...(diversity === undefined ? {} : { diversity }),
        ...(this.hasAttribute('include-seen') ? { includeSeen: true } : {}),
        context: { ...(surface === null ? {} : { surface }), ...(item === null ? {} : { item }) },
      };
    }

    /** The file of `src`, read once; the cards of another one go. */
    async #load(src: string | null, signal: AbortSignal): Promise<File | undefined> {
      if (this.#file?.src === src || (!this.#file && src === null)) return this.#file;
      let file: File | undefined;
      if (src !== null) {
        const response = await fetch(new URL(src, this.baseURI), { signal });
        if (!response.ok) throw new Error(`sotto-list: ${src}: HTTP ${response.status}`);
        const items = readItems(await response.json());
        file = { src, items: new Map(items.map((item) => [item.id, item])) };
      }
      if (this.#file) for (const card of this.#cards.values()) card.remove();
      this.#cards = new Map();
      this.#file = file;
      return file;
    }

    /** Makes the cards that are missing, and hides the fallback behind the first of them. */
    #fill(template: HTMLTemplateElement, items: ReadonlyMap<string, ListItem>,
      ids: readonly string[]): void {
      const refused = (error: TypeError) => this.#tell('sotto-error', error);
      const made = ids.filter((id) => items.has(id) && !this.#cards.has(id)).map((id) => {
        const card = fillTemplate(template, items.get(id) as ListItem, refused);
        this.#cards.set(id, card);
        return card;
      });
      template.after(...made);
      const cards = new Set(this.#cards.values());
      for (const other of template.parentElement?.children ?? [])
        if (other !== template && !cards.has(other as HTMLElement)) (other as HTMLElement).hidden = true;
      this.#changes.takeRecords();
    }

    /** Those that the site put there. Known ones keep their place among them. */
    #cardsInPage(): Map<string, HTMLElement> {
      if (this.#file) return this.#cards;
      const found = [...this.querySelectorAll<HTMLElement>('[data-sotto-item]')]
        .filter(({ parentElement, dataset }, _, all) =>
          parentElement === all[0]?.parentElement && dataset.sottoItem);
      const before = [...this.#cards.values()].filter((card) => found.includes(card));
      return new Map([...new Set([...before, ...found])]
        .map((card) => [card.dataset.sottoItem as string, card]));
    }

    /** The cards that are shown then. */
    #place(recommended: readonly string[], count: number): ReadonlyMap<string, HTMLElement> {
      const inPage = [...this.#cards.values()].sort((a, b) =>
        (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
      const active = (this.getRootNode() as Document | ShadowRoot).activeElement;
      const pinned = inPage.find((card) => card.contains(active));
      const { shown, rest } = orderCards(this.#cards, recommended, count, pinned);
      const all = [...shown, ...rest];
      const anchor = pinned ?? inPage[0];
      const isHidden = (index: number) => index >= shown.length;
      const placed = all.every((card, index) =>
        card === inPage[index] && card.hidden === isHidden(index));
      if (anchor && !placed) {
        glide(inPage, () => {
          placeAround(anchor, all);
          all.forEach((card, index) => {
            card.hidden = isHidden(index);
          });
        });
        this.#changes.takeRecords();
      }
      return new Map([...this.#cards].filter(([, card]) => !card.hidden));
    }

    async #explain({ recommender, signal }: Bound, list: readonly Recommendation[],
      shown: ReadonlyMap<string, HTMLElement>): Promise<void> {
      const words = this.getAttribute('why');
      if (words === null) return;
      const titleOf = (item: string) => {
        const inFile = this.#file?.items.get(item)?.title;
        return this.titleOf?.(item) ?? (typeof inFile === 'string' ? inFile : undefined);
      };
      await writeReasons(recommender, signal, list, shown, words || 'Because you read {title}', titleOf);
      this.#changes.takeRecords();
    }
  };
}
