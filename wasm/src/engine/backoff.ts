// Polite repetition: each failure doubles the wait, the wait is spread so that visitors who lost the
// server together do not come back together, and what the server asks for is kept.

export class Backoff {
  readonly #first: number;
  readonly #most: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(firstMs: number, mostMs: number, random: () => number = Math.random) {
    this.#first = firstMs;
    this.#most = mostMs;
    this.#random = random;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** How long to wait now, in ms: 1/2 to 1 of first * 2^failures, but no more than `mostMs`, and never
   * less than the server asked. */
  failed(askedMs = 0, mostMs = this.#most): number {
    const full = Math.min(this.#first * 2 ** this.#failures, this.#most, mostMs);
    this.#failures = Math.min(this.#failures + 1, 30);
    return Math.max(askedMs, full * (0.5 + 0.5 * this.#random()));
  }
}
