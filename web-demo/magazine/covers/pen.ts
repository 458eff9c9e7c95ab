/** SVG text, short: numbers with at most one decimal, no element that a drawing does not need. */
import type { Random } from '../random.js';
import type { Palette } from '../topic.js';

export type Colour = keyof Palette;
export type Point = readonly [x: number, y: number];

/** What a drawing gets: a sheet of 100 units' height, and its choices. */
export interface Sheet {
  readonly w: number;
  readonly h: number;
  readonly random: Random;
  /** 0 to 7: the kind of piece, which shifts the composition. */
  readonly kind: number;
  readonly colour: (name: Colour) => string;
}

/** A drawing of one topic: SVG elements that lie on a sheet filled with `ground`. */
export type Drawing = (sheet: Sheet) => string;

export interface Ink {
  readonly fill?: string;
  readonly stroke?: string;
  readonly width?: number;
  readonly dash?: string;
  readonly opacity?: number;
  readonly cap?: 'round';
}

export function n(value: number): string {
  const text = value.toFixed(1);
  return text === '-0.0' ? '0' : text.replace(/\.0$/, '').replace(/^(-?)0\./, '$1.');
}

function attributes(ink: Ink): string {
  return (ink.fill === undefined ? ' fill="none"' : ` fill="${ink.fill}"`)
    + (ink.stroke === undefined ? '' : ` stroke="${ink.stroke}" stroke-width="${n(ink.width ?? 1)}"`)
    + (ink.dash === undefined ? '' : ` stroke-dasharray="${ink.dash}"`)
    + (ink.opacity === undefined ? '' : ` opacity="${n(ink.opacity)}"`)
    + (ink.cap === undefined ? '' : ` stroke-linecap="${ink.cap}"`);
}

export function path(d: string, ink: Ink): string {
  return `<path d="${d}"${attributes(ink)}/>`;
}

export function circle(x: number, y: number, r: number, ink: Ink): string {
  return `<circle cx="${n(x)}" cy="${n(y)}" r="${n(r)}"${attributes(ink)}/>`;
}

export function ellipse(x: number, y: number, rx: number, ry: number, angle: number, ink: Ink): string {
  return `<ellipse rx="${n(rx)}" ry="${n(ry)}" transform="translate(${n(x)} ${n(y)})rotate(${n(angle)})"${attributes(ink)}/>`;
}

export function rect(x: number, y: number, w: number, h: number, ink: Ink): string {
  return `<rect x="${n(x)}" y="${n(y)}" width="${n(w)}" height="${n(h)}"${attributes(ink)}/>`;
}

export function line(points: readonly Point[]): string {
  return points.map(([x, y], i) => `${i ? 'L' : 'M'}${n(x)} ${n(y)}`).join('');
}

export function polygon(points: readonly Point[]): string {
  return `${line(points)}Z`;
}

/** A smooth curve through points, closed or open: quadratic pieces between their midpoints. */
export function smooth(points: readonly Point[], closed: boolean): string {
  const at = (i: number): Point => points[(i + points.length) % points.length] as Point;
  const middle = (i: number): string => `${n((at(i)[0] + at(i + 1)[0]) / 2)} ${n((at(i)[1] + at(i + 1)[1]) / 2)}`;
  if (closed) return `M${middle(-1)}${points.map(([x, y], i) => `Q${n(x)} ${n(y)} ${middle(i)}`).join('')}Z`;
  let d = `M${n(at(0)[0])} ${n(at(0)[1])}`;
  for (let i = 1; i < points.length - 1; i++) d += `Q${n(at(i)[0])} ${n(at(i)[1])} ${i === points.length - 2 ? `${n(at(i + 1)[0])} ${n(at(i + 1)[1])}` : middle(i)}`;
  return d;
}

export function polar(x: number, y: number, r: number, angle: number): Point {
  return [x + r * Math.cos(angle), y + r * Math.sin(angle)];
}
