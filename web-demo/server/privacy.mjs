// Certified prices, as shared/privacy/accountant.cpp computes them (zCDP; docs/privacy.md). The server
// publishes rho; the page states epsilon.

/** The largest x with `holds(x)`, of a condition that holds up to somewhere. */
function lastWhere(holds) {
  let low = 0;
  let high = 1;
  while (holds(high)) high *= 2;
  for (let step = 0; step < 200 && low < high; step++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Epsilon at delta of what is rho-zCDP. */
export function epsilonOf(rho, delta) {
  if (rho <= 0) return 0;
  const target = -Math.log(delta);
  const s = lastWhere((x) => rho * x * x + Math.log1p(x) <= target);
  return Math.max(0, (1 + s) * rho - Math.log1p(1 / s) + (target - Math.log1p(s)) / s);
}

/** The largest rho that costs at most epsilon at delta. */
export const rhoFor = (epsilon, delta) => lastWhere((rho) => epsilonOf(rho, delta) <= epsilon);

// Of a device's budget, what learning tasks may spend (shared/privacy/ledger.hpp).
const learningShare = 0.7;
// Noise is rounded up to whole grid units and prices up to 1e-9, release by release.
const slack = 1.001;

/** A visitor's budget that lets it take part in one whole course and no more, whatever its window. */
export function budgetFor(epsilon, delta) {
  const rho = (rhoFor(epsilon, delta) * slack) / learningShare;
  return { windowRho: rho, lifetimeRho: rho };
}
