// What privacy costs, as `sotto privacy` computes it: the server publishes rho, the page states epsilon.
import { execFileSync } from 'node:child_process';

const ask = (sotto, given, value, delta) => JSON.parse(execFileSync(sotto,
  ['privacy', given, String(value), '--delta', String(delta), '--json', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));

/** Epsilon at delta of what is rho-zCDP. */
export const epsilonOf = (sotto, rho, delta) => (rho > 0 ? ask(sotto, '--rho', rho, delta).epsilon : 0);

// Noise is rounded up to whole grid units and prices up to 1e-9, release by release.
const slack = 1.001;

/** A visitor's budget that lets it take part in one whole course and no more, whatever its window. */
export function budgetFor(sotto, epsilon, delta) {
  const rho = ask(sotto, '--epsilon', epsilon, delta).budget_rho * slack;
  return { windowRho: rho, lifetimeRho: rho };
}
