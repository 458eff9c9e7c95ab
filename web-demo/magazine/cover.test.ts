import { describe, expect, test } from 'vitest';
import { makeArticles } from './articles.js';
import { coverSvg, coverVariables, drawings } from './cover.js';
import { palettes } from './palettes.js';
import { topicIds, type Palette, type Theme } from './topic.js';
import { worldItems } from './world.fixture.js';

const articles = makeArticles(worldItems(1200));
const wide = { width: 1200, height: 800, theme: 'light' } as const;
const covers = articles.map((article) => coverSvg(article, wide));
const themes: readonly Theme[] = ['light', 'dark'];

/** Well-formed as far as these drawings go: tags close, attributes are quoted and not repeated. */
function isXml(svg: string): boolean {
  const open: string[] = [];
  let sound = true;
  const rest = svg.replace(/<(\/?)(\w+)((?: [\w-]+="[^"<>&]*")*)(\/?)>/g, (_, close: string, name: string, attributes: string, self: string) => {
    const names = [...attributes.matchAll(/ ([\w-]+)=/g)].map((m) => m[1]);
    if (new Set(names).size !== names.length) sound = false;
    if (close) sound &&= open.pop() === name;
    else if (!self) open.push(name);
    return '';
  });
  return sound && rest === '' && open.length === 0;
}

test('the check for well-formed XML knows what is not', () => {
  expect(isXml('<svg a="1"><path d="M0 0"/></svg>')).toBe(true);
  for (const bad of ['<svg><path></svg>', '<svg a="1" a="2"/>', '<svg a=1/>', '<svg/>text', '<svg></g>', '<svg>']) expect(isXml(bad), bad).toBe(false);
});

/** What a drawing is made of: its elements and the letters of its paths, without any number. */
function structure(svg: string): string {
  return svg.replace(/#[0-9a-f]{6}/g, '#').replace(/-?\d*\.?\d+/g, '').replace(/ +/g, ' ');
}

test('covers are well-formed, small, and have neither text nor an odd number', () => {
  expect(covers.filter((svg) => !isXml(svg))).toEqual([]);
  expect(covers.filter((svg) => svg.length > 2560)).toEqual([]);
  for (const svg of covers) {
    expect(svg).not.toMatch(/NaN|Infinity|undefined|<text|<style|e[+-]\d/);
    expect(svg).toMatch(/^<svg [^>]*width="1200" height="800" viewBox="0 0 150 100"/);
  }
});

test('covers fill any ratio', () => {
  for (const [width, height] of [[120, 120], [1200, 400], [90, 160]] as const) {
    for (const article of articles.slice(0, 160)) {
      const svg = coverSvg(article, { width, height, theme: 'dark' });
      expect(isXml(svg), svg).toBe(true);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  }
});

test('the same article has the same cover, another one has another', () => {
  expect(articles.slice(0, 200).map((a) => coverSvg(a, wide))).toEqual(covers.slice(0, 200));
  expect(new Set(covers).size).toBe(articles.length);
});

test('every topic has a drawing of its own, which no other topic’s covers resemble', () => {
  expect(new Set(Object.values(drawings)).size).toBe(topicIds.length);
  const home = new Map<string, string>();
  articles.forEach(({ id, topic }, i) => {
    const shape = structure(covers[i] ?? '');
    expect(home.get(shape) ?? topic, id).toBe(topic);
    home.set(shape, topic);
  });
});

test('a theme’s covers use the palette and nothing else', () => {
  for (const article of articles.slice(0, 160)) {
    for (const theme of themes) {
      const allowed = new Set<string>(Object.values(palettes[article.topic][theme]));
      for (const [hex] of coverSvg(article, { ...wide, theme }).matchAll(/#[0-9a-f]+/g)) expect(allowed).toContain(hex);
    }
  }
});

test('without a theme the colours are custom properties that the page sets', () => {
  const [article] = articles;
  if (!article) throw new Error('no article');
  const svg = coverSvg(article, { width: 120, height: 80 });
  const set = coverVariables(article.topic, 'dark');
  for (const [, name, fallback] of svg.matchAll(/var\((--cover-\w+),(#\w+)\)/g)) {
    expect(set).toHaveProperty([name ?? '']);
    expect(Object.values(palettes[article.topic].light)).toContain(fallback);
  }
  expect(svg.replace(/var\(--cover-\w+,#\w+\)/g, '')).not.toContain('#');
});

test.each([['width', 0, 10], ['width', Number.NaN, 10], ['height', 10, -1]] as const)('a bad %s is refused', (name, width, height) => {
  const [article] = articles;
  if (!article) throw new Error('no article');
  expect(() => coverSvg(article, { width, height })).toThrow(`options.${name}`);
});

/** WCAG 2: relative luminance and contrast. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(topicIds)('%s', (topic) => {
  test.each(themes)('text is readable on its %s colours', (theme) => {
    const palette: Palette = palettes[topic][theme];
    for (const hex of Object.values(palette)) expect(hex).toMatch(/^#[0-9a-f]{6}$/);
    expect(contrast(palette.ink, palette.ground)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.ink, palette.wash)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(palette.accent, palette.ground)).toBeGreaterThanOrEqual(4.5);
  });
});
