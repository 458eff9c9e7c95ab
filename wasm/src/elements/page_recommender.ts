// The recommender that the elements of this page show. Custom elements cannot be defined twice, so
// whoever makes a second recommender gives it to the same elements.

import type { Recommender } from '../types.js';

type Use = (recommender: Recommender, signal: AbortSignal) => void;

let current: Recommender | undefined;
const uses = new Map<Use, AbortController>();

function start(use: Use): void {
  if (!current) return;
  uses.get(use)?.abort();
  const controller = new AbortController();
  uses.set(use, controller);
  use(current, controller.signal);
}

export function setPageRecommender(recommender: Recommender): void {
  if (recommender === current) return;
  current = recommender;
  [...uses.keys()].forEach(start);
}

/** Calls `use` now, and again with each recommender that takes the place of this one; the signal ends
 * what was begun with the one before. Returns what ends it all. */
export function withPageRecommender(use: Use): () => void {
  start(use);
  return () => {
    uses.get(use)?.abort();
    uses.delete(use);
  };
}
