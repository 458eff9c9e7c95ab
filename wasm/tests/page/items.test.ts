import { expect, test } from 'vitest';

import { readItems, webUrl } from '../../src/elements/items.js';

test('entries keep what the template may ask for', () => {
  const items = [{ id: 'a', title: 'A', more: 1 }, { id: '\u00e9'.repeat(128) }];
  expect(readItems(items)).toEqual(items);
});

test.each([
  ['an object', {}, 'items: not an array'],
  ['no entry', [null], 'items[0].id'],
  ['no id', [{ id: 'a' }, { title: 'x' }], 'items[1].id'],
  ['an id that is a number', [{ id: 7 }], 'items[0].id'],
  ['an empty id', [{ id: '' }], 'items[0].id'],
  ['an id of 257 bytes in 256 characters', [{ id: `${'a'.repeat(255)}\u00e9` }], 'items[0].id'],
  ['an id twice', [{ id: 'a' }, { id: 'a' }], 'items[1].id: "a" was there before'],
])('%s is refused by its place', (_, value, message) => {
  expect(() => readItems(value)).toThrow(message);
});

const base = 'https://news.example/today/';

test.each([
  ['/a?b#c', 'https://news.example/a?b#c'],
  ['sea.jpg', 'https://news.example/today/sea.jpg'],
  ['//cdn.example/a', 'https://cdn.example/a'],
  ['http://other.example', 'http://other.example/'],
])('%s leads to the web', (value, url) => {
  expect(webUrl(value, base)).toBe(url);
});

test.each(['javascript:alert(1)', ' JaVaScRiPt:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x',
  'blob:https://news.example/x', 'file:///etc', 'mailto:a@b.example', 'https://', 7, null, undefined, {}])(
  '%j does not', (value) => {
    expect(webUrl(value, base)).toBeNull();
  });
