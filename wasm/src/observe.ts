// What a visitor does with the items of a page, from the page itself. Per element with
// data-sotto-item:
//
//   impression  its visible part stayed visible, in a visible document, for visibleMs: once per
//               element, and again when the element stands for another item
//   click       a click in it, whatever the page makes of it; the keyboard's activation of a link or
//               button arrives as a click, and a middle click counts. Not in the item's own page:
//               a click means "chosen from a list" (shared/events/event.hpp)
//
// and per element with data-sotto-page as well:
//
//   view        it appeared
//   dwell       the time it was visible since the last dwell, when it or the visitor leaves, or the
//               document is hidden, which on a phone is the last moment that is certain
//   scroll      with the dwell, when it was seen deeper than before
//
// Nothing here reads the layout: the browser says through IntersectionObserver what is visible. What
// has to be known between two thresholds is asked for anew, once a frame, while the page scrolls.

import type { EventType, ObserveOptions, SottoEvent } from './types.js';

interface Watched {
  readonly item: string;
  readonly isPage: boolean;
  /** Since when it is seen, performance.now(); undefined: it is not. */
  since?: number | undefined;
  timer?: ReturnType<typeof setTimeout> | undefined;
  /** Any of it is in the viewport; enough of it for an impression. */
  inside?: boolean;
  enough?: boolean;
  /** Taller than the viewport, so that its visible part says too little. */
  tall?: boolean;
  viewed?: boolean;
  dwell: number;
  depth: number;
  toldDepth: number;
}

const longestDwell = 86_400_000;
const itemAttribute = 'data-sotto-item';
const pageAttribute = 'data-sotto-page';

/** The contract is Recommender.observe's. `track` is called for each event; what it rejects with is
 * a warning in the console. */
export function observe(track: (event: SottoEvent) => Promise<boolean>, root: Element,
  { visiblePart = 0.5, visibleMs = 1000 }: ObserveOptions = {}): () => void {
  if (!(visiblePart > 0 && visiblePart <= 1))
    throw new RangeError('visiblePart: above 0, at most 1');
  if (!(visibleMs >= 0 && visibleMs < 2 ** 31))
    throw new RangeError('visibleMs: milliseconds, 0 or more');

  const watched = new Map<Element, Watched>();
  const shown = new WeakMap<Element, string>();
  const ended = new AbortController();
  let visible = !document.hidden;
  let frame = 0;

  const tell = (type: EventType, { item }: Watched, value?: number) => {
    track(value === undefined ? { type, item } : { type, item, value }).catch(console.warn);
  };

  /** Brings clock, timer and view up to what is visible now. */
  const update = (element: Element, its: Watched) => {
    const seen = visible && its.inside;
    if (its.isPage && seen && its.since === undefined) {
      its.since = performance.now();
      if (!its.viewed) tell('view', its);
      its.viewed = true;
    } else if (!seen && its.since !== undefined) {
      its.dwell += performance.now() - its.since;
      its.since = undefined;
    }
    if (visible && its.enough && shown.get(element) !== its.item) {
      its.timer ??= setTimeout(() => {
        shown.set(element, its.item);
        tell('impression', its);
      }, visibleMs);
    } else {
      clearTimeout(its.timer);
      its.timer = undefined;
    }
  };

  /** Tells what was measured, after the last moment that it is seen. */
  const leave = (element: Element, its: Watched) => {
    update(element, its);
    const dwell = Math.min(Math.round(its.dwell), longestDwell);
    if (dwell < 1) return;
    tell('dwell', its, dwell);
    if (its.depth > its.toldDepth) tell('scroll', its, its.depth);
    its.toldDepth = its.depth;
    its.dwell = 0;
  };

  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const { target, isIntersecting, rootBounds, boundingClientRect: box } = entry;
      const its = watched.get(target);
      if (!its) continue;
      // A frame of another origin is not told how large the viewport is.
      const view = rootBounds ?? { height: innerHeight, bottom: innerHeight };
      its.inside = isIntersecting;
      its.tall = box.height > view.height;
      its.enough = isIntersecting && (entry.intersectionRatio >= visiblePart ||
        (its.tall && entry.intersectionRect.height >= visiblePart * view.height));
      if (isIntersecting) {
        const passed = Math.min(box.bottom, view.bottom) - box.top;
        its.depth = Math.max(its.depth, box.height > 0 ? Math.min(passed / box.height, 1) : 1);
      }
      update(target, its);
    }
  }, { threshold: [0, visiblePart] });

  const askAnew = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      for (const [element, its] of watched) {
        if (its.inside && (its.isPage || its.tall)) {
          sight.unobserve(element);
          sight.observe(element);
        }
      }
    });
  };

  const drop = (element: Element, its: Watched) => {
    watched.delete(element);
    sight.unobserve(element);
    its.inside = its.enough = false;
    leave(element, its);
  };

  const consider = (element: Element) => {
    const id = root.contains(element) ? element.getAttribute(itemAttribute) : null;
    const isPage = element.hasAttribute(pageAttribute);
    const known = watched.get(element);
    if (known && known.item === id && known.isPage === isPage) return;
    if (known) drop(element, known);
    if (!id) return;
    watched.set(element, { item: id, isPage, dwell: 0, depth: 0, toldDepth: 0 });
    sight.observe(element);
  };

  const considerAll = (within: Element) => {
    consider(within);
    within.querySelectorAll(`[${itemAttribute}]`).forEach(consider);
  };

  const changes = new MutationObserver((records) => {
    // What was moved is in its new place by now, and is not taken for gone.
    if (records.some(({ removedNodes }) => removedNodes.length > 0))
      for (const element of [...watched.keys()]) consider(element);
    for (const { type, target, addedNodes } of records) {
      if (type === 'attributes') consider(target as Element);
      for (const node of addedNodes) if (node instanceof Element) considerAll(node);
    }
  });

  const show = (now: boolean) => {
    visible = now;
    for (const [element, its] of watched) (now ? update : leave)(element, its);
  };

  const click = ({ target, type, button }: MouseEvent) => {
    if (type === 'auxclick' && button !== 1) return;
    const its = watched.get((target as Element).closest(`[${itemAttribute}]`) as Element);
    if (its && !its.isPage) tell('click', its);
  };

  const on = (target: EventTarget, type: string, listener: (event: never) => void) => {
    target.addEventListener(type, listener as (event: Event) => void,
      { capture: true, passive: true, signal: ended.signal });
  };
  on(root, 'click', click);
  on(root, 'auxclick', click);
  on(window, 'scroll', askAnew);
  on(window, 'resize', askAnew);
  on(window, 'pagehide', () => show(false));
  on(window, 'pageshow', () => show(!document.hidden));
  on(document, 'visibilitychange', () => show(!document.hidden));
  changes.observe(root,
    { childList: true, subtree: true, attributeFilter: [itemAttribute, pageAttribute] });
  considerAll(root);

  return () => {
    ended.abort();
    changes.disconnect();
    cancelAnimationFrame(frame);
    for (const [element, its] of [...watched]) drop(element, its);
    sight.disconnect();
  };
}
