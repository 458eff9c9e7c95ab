/**
 * Covers, drawn from the content: SVG text without any text in it. Each topic has a language of its own;
 * the kind of piece shifts the composition, id and title choose within it.
 */
import { circuit, masonry, strokes, table } from './covers/craft.js';
import { contours, flock, leaf, tides } from './covers/land.js';
import { orbits, sails, tracks, wheels } from './covers/motion.js';
import { n, type Colour, type Drawing } from './covers/pen.js';
import { board, curtain, doorway, syncopation } from './covers/stage.js';
import type { Article } from './articles.js';
import { kindIds } from './kinds.js';
import { palettes } from './palettes.js';
import { Random } from './random.js';
import type { Theme, TopicId } from './topic.js';

export const drawings: Readonly<Record<TopicId, Drawing>> = {
  gardening: leaf, astronomy: orbits, sailing: sails, cooking: table, cycling: wheels, history: masonry,
  jazz: syncopation, mountains: contours, robots: circuit, mystery: doorway, painting: strokes,
  chess: board, birds: flock, trains: tracks, theatre: curtain, ocean: tides,
};

export interface CoverOptions {
  /** Pixels; the drawing fills them, whatever their ratio. */
  readonly width: number;
  readonly height: number;
  /**
   * With a theme the colours are written out, as an <img> needs. Without one they are the custom
   * properties of `coverVariables`, with the light colours to fall back on.
   */
  readonly theme?: Theme;
}

/** `--cover-ground` and so on, for the page to set on an element with inline covers of one topic. */
export function coverVariables(topic: TopicId, theme: Theme): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(palettes[topic][theme]).map(([name, hex]) => [`--cover-${name}`, String(hex)]));
}

/** The same article and options give the same text. Throws RangeError naming the option. */
export function coverSvg(article: Pick<Article, 'id' | 'topic' | 'kind' | 'title'>, options: CoverOptions): string {
  const { width, height, theme } = options;
  for (const [name, value] of [['width', width], ['height', height]] as const) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`options.${name}: ${value} is not a size in pixels`);
  }
  const palette = palettes[article.topic][theme ?? 'light'];
  const colour = (name: Colour): string => (theme ? palette[name] : `var(--cover-${name},${palette[name]})`);
  const h = 100;
  const w = (h * width) / height;
  const drawn = drawings[article.topic]({
    w, h, colour, kind: kindIds.indexOf(article.kind), random: new Random(`cover ${article.id} ${article.title}`),
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${n(width)}" height="${n(height)}" viewBox="0 0 ${n(w)} 100" aria-hidden="true">`
    + `<path d="M0 0H${n(w)}V100H0Z" fill="${colour('ground')}"/>${drawn}</svg>`;
}
