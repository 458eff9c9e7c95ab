import type { Course } from '../contract';

/** NDCG of the model that the site serves after each sum, from none on: a sum that became no model leaves
 * the one before in use. null: not measured (yet). */
export function modelInUse({ rounds, refused }: Course): (number | null)[] {
  const sums = [
    ...rounds.map(({ at, quality }) => ({ at, ndcg: quality?.ndcg ?? null, isModel: true })),
    ...refused.map(({ at }) => ({ at, ndcg: null, isModel: false })),
  ].sort((a, b) => a.at - b.at);
  let served: number | null = null;
  return sums.map(({ ndcg, isModel }) => {
    if (isModel) served = ndcg;
    return served;
  });
}

/** `values` as long as `length`: what came last stays in use. */
export const prolonged = (values: readonly (number | null)[], length: number): (number | null)[] =>
  [...values, ...Array.from({ length: Math.max(0, length - values.length) }, () => values.at(-1) ?? null)];
