import type { Recommender } from 'sotto';
import { beforeEach, expect, test } from 'vitest';

import type { DemoItem } from '../contract';
import { items, sotto } from '../site';
import { feed, refreshFeed, resetFeed } from './feed_state';

/** Lists that were asked for, to be given in any order. */
let asked: ((ids: string) => void)[];
const shown = () => feed.value?.map(({ item }) => item).join('');
const everything = () => feed.value?.length ?? 0;

beforeEach(() => {
  asked = [];
  resetFeed();
  items.value = new Map([...'abcdef'].map((id) => [id, { id, topic: 'topic', tags: [] as string[] } as unknown as DemoItem]));
  sotto.value = {
    recommend: () => new Promise((give) => {
      asked.push((ids) => give([...ids].map((item) => ({ item, score: 1, source: 'popular' }))));
    }),
  } as unknown as Recommender;
});

const first = async (ids: string) => {
  const refreshed = refreshFeed();
  asked.shift()!(ids);
  await refreshed;
};

test('what is looked at stays; the rest follows', async () => {
  await first('abc');
  const refreshed = refreshFeed(() => 2);
  asked[0]!('cdba');
  await refreshed;
  expect(shown()).toBe('abcd');
});

test('the last of several lists counts', async () => {
  await first('abc');
  const both = [refreshFeed(), refreshFeed()];
  asked[1]!('cb');
  asked[0]!('ba');
  await Promise.all(both);
  expect(shown()).toBe('cb');
});

test('a refresh by itself, while that of an act is under way, does not hold the act\'s cards', async () => {
  await first('abc');
  let animated = 0;
  const both = [
    refreshFeed(undefined, (change) => {
      animated += 1;
      change();
    }),
    refreshFeed(everything),
  ];
  for (const give of asked) give('def');
  await Promise.all(both);
  expect(shown()).toBe('def');
  expect(animated).toBe(1);
  // Only that one: the next one by itself keeps what is looked at.
  asked = [];
  const later = refreshFeed(everything);
  asked[0]!('abc');
  await later;
  expect(shown()).toBe('defabc');
});

test('an act whose list could not be made holds nothing up', async () => {
  await first('abc');
  const recommender = sotto.value;
  sotto.value = { recommend: () => Promise.reject(new Error('no')) } as unknown as Recommender;
  await refreshFeed();
  sotto.value = recommender;
  const later = refreshFeed(everything);
  asked[0]!('def');
  await later;
  expect(shown()).toBe('abcdef');
});
