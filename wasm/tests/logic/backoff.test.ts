import { expect, test } from 'vitest';

import { Backoff } from '../../src/engine/backoff.js';

test('each failure doubles the wait up to the most, and success begins anew', () => {
  const backoff = new Backoff(1000, 10_000, () => 1);
  expect(Array.from({ length: 6 }, () => backoff.failed())).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  backoff.succeeded();
  expect(backoff.failed()).toBe(1000);
});

test('visitors that failed together are spread over half of the wait', () => {
  expect(new Backoff(1000, 10_000, () => 0).failed()).toBe(500);
  const waits = Array.from({ length: 1000 }, () => new Backoff(1000, 10_000).failed());
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(500);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1000);
  // Of 1000 uniform draws, none in the lowest or highest tenth: 2 * 0.9^1000 < 1e-45.
  expect(Math.min(...waits)).toBeLessThan(550);
  expect(Math.max(...waits)).toBeGreaterThan(950);
});

test('what the server asked for is the least, also beyond the most', () => {
  const backoff = new Backoff(1000, 10_000, () => 1);
  expect(backoff.failed(60_000)).toBe(60_000);
  expect(backoff.failed(1)).toBe(2000);
});

test('ten thousand failures are still a number', () => {
  const backoff = new Backoff(1000, 10_000, () => 1);
  for (let i = 0; i < 10_000; i += 1) backoff.failed();
  expect(backoff.failed()).toBe(10_000);
});

test('a limit of the caller bounds the wait, what the server asks goes before it', () => {
  const backoff = new Backoff(5_000, 60_000, () => 1);
  expect(backoff.failed(0, 1_200)).toBe(1_200);
  expect(backoff.failed(3_000, 1_200)).toBe(3_000);
  expect(backoff.failed()).toBe(20_000);
});
