// Which cards of a list are shown, and in what order; and how they get there without the reader
// losing the place.

export interface Order<Card> {
  readonly shown: readonly Card[];
  readonly rest: readonly Card[];
}

/** The recommended cards first, best first; the others after them as the site had them. `pinned`, the
 * card with the focus, is among the shown: in the last place if it has no better one. */
export function orderCards<Card>(cards: ReadonlyMap<string, Card>, recommended: readonly string[],
  count: number, pinned?: Card): Order<Card> {
  const ids = new Set([...recommended.filter((id) => cards.has(id)), ...cards.keys()]);
  const all = [...ids].map((id) => cards.get(id) as Card);
  const place = pinned === undefined ? -1 : all.indexOf(pinned);
  if (place >= count) all.splice(count - 1, 0, ...all.splice(place, 1));
  return { shown: all.slice(0, count), rest: all.slice(count) };
}

/** Puts the cards next to each other in this order. `anchor`, one of them, is not touched, so that it
 * keeps focus, and whatever else an element loses when it is taken out. */
export function placeAround(anchor: Element, cards: readonly Element[]): void {
  const place = cards.indexOf(anchor);
  let next = anchor;
  for (const card of cards.slice(0, place).reverse()) {
    if (next.previousElementSibling !== card) next.before(card);
    next = card;
  }
  let last = anchor;
  for (const card of cards.slice(place + 1)) {
    if (last.nextElementSibling !== card) last.after(card);
    last = card;
  }
}

const durationMs = 260;

/** Runs `change`, and lets what moved glide from where it was, by transforms alone; at once for those
 * who asked for reduced motion. */
export function glide(cards: readonly HTMLElement[], change: () => void): void {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const before = still ? [] : cards.map((card) => card.getBoundingClientRect());
  for (const card of cards)
    for (const animation of card.getAnimations()) if (animation.id === 'sotto') animation.cancel();
  change();
  const after = before.map((_, index) => cards[index]?.getBoundingClientRect());
  before.forEach((was, index) => {
    const is = after[index];
    if (!is || was.width === 0 || is.width === 0) return;
    const [x, y] = [was.left - is.left, was.top - is.top];
    if (x === 0 && y === 0) return;
    cards[index]?.animate({ transform: [`translate(${x}px, ${y}px)`, 'none'] },
      { id: 'sotto', duration: durationMs, easing: 'cubic-bezier(0.2, 0, 0, 1)' });
  });
}
