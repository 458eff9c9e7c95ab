import { describe, expect, test } from 'vitest';

import { Reader, Writer } from '../../core/encoding.mjs';

describe('texts are UTF-8', () => {
  const texts = ['', 'item-1', '\0\x7f', 'é', 'fjörd', '日本語', '🦉'.repeat(20), 'a'.repeat(64), 'b'.repeat(65),
    `${'c'.repeat(63)}é`, 'd'.repeat(0xffff)];
  test.each(texts)('%j', (text) => {
    const written = new Writer().text(text).u8(7).bytes();
    const utf8 = new TextEncoder().encode(text);
    expect([...written]).toEqual([utf8.length & 0xff, utf8.length >> 8, ...utf8, 7]);
    const reader = new Reader(written);
    expect(reader.text()).toBe(text);
    expect(reader.u8()).toBe(7);
  });
  test('too long ones are refused by name', () => {
    expect(() => new Writer().text('é'.repeat(0x8000), 'item')).toThrow('item: too long');
  });
});
