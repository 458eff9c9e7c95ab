// Cards that change places glide there: by transforms alone, so that nothing else in the page moves.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const durationMs = 520;
const stagger = 18;

/** For a list whose children carry data-key. Call the result with a change of the list's order. */
export function useGlide(list: RefObject<HTMLElement>): (change: () => void) => void {
  const before = useRef<Map<string, DOMRect> | null>(null);
  const cards = () => [...(list.current?.children ?? [])]
    .filter((card): card is HTMLElement => card instanceof HTMLElement && card.dataset.key !== undefined);

  useLayoutEffect(() => {
    const was = before.current;
    if (!was) return;
    before.current = null;
    let moved = 0;
    for (const card of cards()) {
      const to = card.getBoundingClientRect();
      const from = was.get(card.dataset.key!);
      const seen = (box: DOMRect) => box.bottom > -innerHeight / 2 && box.top < innerHeight * 1.5;
      if (!seen(to) && !(from && seen(from))) continue;
      const timing = { duration: durationMs, delay: Math.min(moved++, 12) * stagger, fill: 'backwards',
        easing: 'cubic-bezier(0.2, 0.7, 0.1, 1)' } as const;
      if (!from) card.animate([{ opacity: 0, transform: 'translateY(24px)' }, { opacity: 1, transform: 'none' }], timing);
      else if (from.left !== to.left || from.top !== to.top)
        card.animate([{ transform: `translate(${from.left - to.left}px, ${from.top - to.top}px)` }, { transform: 'none' }], timing);
      else moved--;
    }
  });

  return (change) => {
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches)
      before.current = new Map(cards().map((card) => [card.dataset.key!, card.getBoundingClientRect()]));
    change();
  };
}
