import { expect, test } from 'vitest';

import { orderCards } from '../../src/elements/order.js';

const cards = new Map([...'abcd'].map((id) => [id, id.toUpperCase()]));

test('recommended cards stand first, and the others as they were', () => {
  expect(orderCards(cards, ['d', 'b'], 3)).toEqual({ shown: ['D', 'B', 'A'], rest: ['C'] });
});

test('what is recommended but not there, or twice, takes no place', () => {
  expect(orderCards(cards, ['x', 'c', 'c', 'a'], 2)).toEqual({ shown: ['C', 'A'], rest: ['B', 'D'] });
});

test('the pinned card stays in sight: in its own place, else in the last', () => {
  expect(orderCards(cards, ['d', 'c'], 2, 'C').shown).toEqual(['D', 'C']);
  expect(orderCards(cards, ['d', 'c'], 2, 'B')).toEqual({ shown: ['D', 'B'], rest: ['C', 'A'] });
  expect(orderCards(cards, ['d'], 1, 'A')).toEqual({ shown: ['A'], rest: ['D', 'B', 'C'] });
});

test('fewer cards than asked for are all shown', () => {
  expect(orderCards(cards, [], 10)).toEqual({ shown: ['A', 'B', 'C', 'D'], rest: [] });
});
