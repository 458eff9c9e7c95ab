import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { makeArticles, type Article, type WorldItem } from './articles.js';
import { wordCount } from './grammar.js';
import { kindIds, kinds } from './kinds.js';
import { topicIds } from './topic.js';
import { topics } from './topics.js';
import { worldItems } from './world.fixture.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const items = worldItems(1200);
const articles = makeArticles(items);

function sentences(article: Article): string[] {
  return article.body.flatMap((paragraph) => paragraph.split(/(?<=[.?!]”?) (?=[“\p{Lu}])/u)).filter((s) => wordCount(s) > 2);
}

function textOf(article: Article): string {
  return [article.title, article.lead, ...article.body].join('\n');
}

describe.each([['1,200 items', articles], ['4,000 items', makeArticles(worldItems(4000, 'more'))]] as const)('of %s', (_, made) => {
  test('titles and leads are all distinct', () => {
    expect(new Set(made.map((a) => a.title)).size).toBe(made.length);
    expect(new Set(made.map((a) => a.lead)).size).toBe(made.length);
    expect(new Set(made.map((a) => a.body.join('\n'))).size).toBe(made.length);
  });

  test('no slot, bar or doubled word is left, and punctuation is whole', () => {
    for (const article of made) {
      const text = textOf(article);
      expect(text).not.toMatch(/[{}|]|undefined/);
      expect(text).not.toMatch(/\b(\p{L}+) \1\b/iu);
      expect(text).not.toMatch(/ [,.;:?!]|,,|\.\.| {2}|\ba (?!one)[aeio]\p{Ll}|\ban [bcdfgjklmnpqrstvwxyz]/u);
      expect(text.split('“').length, article.id).toBe(text.split('”').length);
      for (const paragraph of [article.lead, ...article.body]) expect(paragraph).toMatch(/^[“\p{Lu}\d].*[.?!]”?$/su);
    }
  });

  test('bodies have five to eight paragraphs and enough to read', () => {
    for (const { id, body, minutes } of made) {
      expect(body.length, id).toBeGreaterThanOrEqual(5);
      expect(body.length, id).toBeLessThanOrEqual(8);
      const words = wordCount(body.join(' '));
      expect(words, id).toBeGreaterThanOrEqual(150);
      expect(words, id).toBeLessThanOrEqual(500);
      expect(minutes, id).toBeGreaterThanOrEqual(1);
    }
  });
});

// A topic has about 75 articles, 12 subjects with 5 facts each, and 9 quotations, of which the second
// half may have no slot. Six articles on a subject share its facts; a quotation's half is drawn by one
// article in six of its topic. One article in fifty is what chance makes of that in the largest topics.
test('no sentence is printed more than 24 times among 1,200 articles', () => {
  const count = new Map<string, number>();
  for (const article of articles) for (const s of sentences(article)) count.set(s, (count.get(s) ?? 0) + 1);
  const most = [...count].sort((a, b) => b[1] - a[1])[0];
  expect(most?.[1], most?.[0]).toBeLessThanOrEqual(24);
  const once = [...count.values()].filter((n) => n === 1).length;
  expect(once / count.size).toBeGreaterThan(0.7);
});

// What they share are the kinds' own sentences that name a place and no subject.
test('articles of different topics share hardly a sentence', () => {
  const home = new Map<string, Set<string>>();
  for (const article of articles) {
    for (const s of sentences(article)) home.set(s, (home.get(s) ?? new Set()).add(article.topic));
  }
  const shared = [...home.values()].filter((where) => where.size > 1).length;
  expect(shared / home.size).toBeLessThan(0.005);
});

test('what a thing is in one clause is said once at most', () => {
  const gists = new Map(topics.map((t) => [t.id, t.subjects.map((s) => s.gist.toLowerCase())]));
  const repeating = articles.filter((article) => {
    const text = textOf(article).toLowerCase();
    return gists.get(article.topic)?.some((gist) => text.indexOf(gist) !== text.lastIndexOf(gist));
  });
  expect(repeating.map((a) => a.id)).toEqual([]);
});

test('one subject goes through title or lead, and body', () => {
  for (const article of articles) {
    const subject = topics.find((t) => t.id === article.topic)?.subjects.find((s) => article.body.join(' ').toLowerCase().includes(s.the.toLowerCase()));
    expect(subject, `${article.id}: ${article.title}`).toBeDefined();
  }
});

test('the same items make the same articles, to the bit', () => {
  expect(makeArticles(worldItems(1200))).toEqual(articles);
});

test('items that are appended change nothing before them', () => {
  expect(makeArticles(items.slice(0, 700))).toEqual(articles.slice(0, 700));
});

test('the style decides the kind, the tags the topics, year and day the date', () => {
  const [list, notes] = makeArticles([
    { id: 'a', tags: ['cooking', 'playful'], year: 2001, day: 0 },
    { id: 'b', tags: ['birds', 'ocean', 'dark'], year: 2024, day: 59 },
  ]);
  expect(list).toMatchObject({ topic: 'cooking', kind: 'list', tags: ['cooking', 'playful'] });
  expect(list).not.toHaveProperty('second');
  expect(list?.date).toMatch(/^2001-\d\d-\d\d$/);
  expect(notes).toMatchObject({ topic: 'birds', second: 'ocean', kind: 'notes', date: '2024-02-29' });
});

test.each<[WorldItem[], RegExp]>([
  [[{ id: '', tags: ['cooking', 'dark'] }], /id is empty or not unique/],
  [[{ id: 'x', tags: ['cooking', 'dark'] }, { id: 'x', tags: ['cooking', 'dark'] }], /item "x": id/],
  [[{ id: 'x', tags: [] }], /item x: tags\[0\] ""/],
  [[{ id: 'x', tags: ['knitting', 'dark'] }], /tags\[0\] "knitting" is no topic/],
  [[{ id: 'x', tags: ['toString', 'dark'] }], /tags\[0\] "toString" is no topic/],
  [[{ id: 'x', tags: ['cooking'] }], /the last tag "" is no style/],
  [[{ id: 'x', tags: ['cooking', 'knitting', 'dark'] }], /tags\[1\] "knitting" is no topic/],
  [[{ id: 'x', tags: ['cooking', 'dark'], year: 2001.5 }], /year 2001.5/],
  [[{ id: 'x', tags: ['cooking', 'dark'], day: -1 }], /day -1/],
])('bad items are refused by field: %j', (bad, message) => {
  expect(() => makeArticles(bad)).toThrow(message);
});

const bare = (text: string): string => text.toLowerCase().replace(/^(a|an|the) /, '');

test('every subject is complete, and no two have one name', () => {
  const names = topics.flatMap((t) => t.subjects.map((s) => s.the));
  expect(new Set(names).size).toBe(names.length);
  for (const { id, subjects } of topics) {
    expect(subjects.length, id).toBeGreaterThanOrEqual(12);
    for (const s of subjects) {
      expect(s.question, s.the).toMatch(/\?$/);
      for (const hook of s.hooks) expect(bare(s.gist).includes(bare(hook)) || bare(hook).includes(bare(s.gist)), hook).toBe(false);
      for (const sentence of [...s.facts, ...s.steps]) expect(sentence, s.the).toMatch(/^\p{Lu}.*\.$/u);
    }
  }
});

test('topics and styles are those of the world, word for word', () => {
  const source = readFileSync(join(root, 'aggregator/lab/world_items.cpp'), 'utf8');
  const names = (table: RegExp): string[] => [...(table.exec(source)?.[0] ?? '').matchAll(/^\s+\{"(\w+)", \{/gm)].map((m) => m[1] ?? '');
  expect(names(/kTopics\[\] = \{[\s\S]*?\n\};/).slice(0, 16)).toEqual([...topicIds]);
  expect(names(/kStyleWords = \{\{[\s\S]*?\n\}\};/)).toEqual(kindIds.map((k) => kinds[k].style));
});

const sotto = join(root, 'build/release/sotto');
test.skipIf(!existsSync(sotto))('the world `demo` itself becomes 1,200 articles', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-magazine-'));
  try {
    expect(spawnSync(sotto, ['world', '--preset', 'demo', '--out', folder]).status).toBe(0);
    const lines = readFileSync(join(folder, 'items.jsonl'), 'utf8').trim().split('\n');
    const made = makeArticles(lines.map((line) => JSON.parse(line) as WorldItem));
    expect(new Set(made.map((a) => a.title)).size).toBe(1200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// What another engine has to reproduce; a change of any text changes it, on purpose.
test('the first hundred articles have a digest', () => {
  const digest = createHash('sha256').update(JSON.stringify(articles.slice(0, 100))).digest('hex');
  expect(digest.slice(0, 16)).toMatchInlineSnapshot(`"e843052d363548ac"`);
});
