/** Cooking, history, painting, robots: what hands make. */
import { circle, line, n, path, polar, polygon, rect, type Drawing } from './pen.js';

/** A table from above: plates that overlap, and one cut fruit. */
export const table: Drawing = ({ w, h, random, kind, colour }) => {
  const plates = 3 + (kind % 3);
  const board = random.between(-0.2, 0.2);
  const edge = w * random.between(0.25, 0.75);
  let out = path(polygon([[edge - board * 60, 0], [w, 0], [w, h], [edge + board * 60, h]]), { fill: colour('wash') });
  const fruit = random.below(plates);
  for (let i = 0; i < plates; i++) {
    const x = (w * (i + 0.5)) / plates + random.between(-9, 9);
    const y = h * (i % 2 === 0 ? random.between(0.12, 0.45) : random.between(0.55, 0.9));
    const r = random.between(17, 30) * (i === fruit ? 0.9 : 1);
    if (i === fruit) {
      out += circle(x, y, r, { fill: colour('accent') }) + circle(x, y, r * 0.86, { fill: colour('glow') });
      const segments = 8 + random.below(4);
      let d = '';
      for (let s = 0; s < segments; s++) {
        const from = ((s + 0.09) / segments) * 2 * Math.PI;
        const to = ((s + 0.91) / segments) * 2 * Math.PI;
        const [ax, ay] = polar(x, y, r * 0.78, from);
        const [bx, by] = polar(x, y, r * 0.78, to);
        const [ox, oy] = polar(x, y, r * 0.14, (from + to) / 2);
        d += `M${n(ox)} ${n(oy)}L${n(ax)} ${n(ay)}A${n(r * 0.78)} ${n(r * 0.78)} 0 0 1 ${n(bx)} ${n(by)}Z`;
      }
      out += path(d, { fill: colour('line') });
    } else {
      const dark = random.next() < 0.35;
      out += circle(x, y, r, { fill: colour(dark ? 'line' : 'glow') });
      out += circle(x, y, r * random.between(0.62, 0.76), { ...(random.next() < 0.5 && { fill: colour('wash') }), stroke: colour(dark ? 'glow' : 'line'), width: 0.6 });
    }
  }
  const x = w * random.between(0.2, 0.8);
  const tilt = random.between(-12, 12);
  return out + path(line([[x - tilt, -2], [x + tilt, h + 2]]), { stroke: colour('accent'), width: 1.6, cap: 'round' });
};

/** Running bond, an arch in it, one brick that is not like the others. */
export const masonry: Drawing = ({ w, h, random, kind, colour }) => {
  const courses = 9 + (kind % 3);
  const course = h / courses;
  const brick = course * random.between(2.1, 2.8);
  const cx = w * random.between(0.28, 0.72);
  const half = random.between(15, 26);
  const spring = h * random.between(0.46, 0.62);
  let beds = '';
  const rows = ['', ''];
  for (let c = 0; c < courses; c++) {
    beds += `M0 ${n(c * course)}h${n(w)}`;
    rows[c % 2] += `M${n(c % 2 ? -brick / 2 : 0)} ${n((c + 0.5) * course)}H${n(w)}`;
  }
  const odd = random.below(courses - 2) + 1;
  const column = random.below(Math.floor(w / brick) - 1);
  let out = rect(0, 0, w, h, { fill: colour('wash') });
  for (let i = 0; i < 3; i++) {
    const c = random.below(courses);
    const x = random.below(Math.floor(w / brick)) * brick + (c % 2 ? brick / 2 : 0);
    out += rect(x, c * course, brick, course, { fill: colour('line'), opacity: 0.3 });
  }
  // The upright joints of a course are one thick dashed line.
  out += path(beds, { stroke: colour('glow'), width: 0.9 });
  for (const row of rows) out += path(row, { stroke: colour('glow'), width: course, dash: `.9 ${n(brick - 0.9)}` });
  out += rect(column * brick + (odd % 2 ? brick / 2 : 0), odd * course, brick, course, { fill: colour('accent') });
  const arches = 1 + (kind % 3);
  const step = w / arches;
  const span = Math.min(half, step * 0.3);
  // What one sees through the arches is the same evening.
  const horizon = h * random.between(0.74, 0.9);
  const sun = random.below(arches);
  const ring = span * 1.28;
  for (let i = 0; i < arches; i++) {
    const x = arches === 1 ? cx : step * (i + 0.5);
    const arch = (r: number): string => `M${n(x - r)} ${n(h)}V${n(spring)}a${n(r)} ${n(r)} 0 0 1 ${n(2 * r)} 0V${n(h)}Z`;
    out += path(arch(ring), { fill: colour('line') }) + path(arch(span), { fill: colour('ink') });
    let voussoirs = '';
    for (let k = 0; k <= 9; k++) voussoirs += line([polar(x, spring, span, Math.PI * (1 + k / 9)), polar(x, spring, ring, Math.PI * (1 + k / 9))]);
    out += path(voussoirs, { stroke: colour('glow'), width: 0.9 });
    if (i === sun) out += circle(x + span * random.between(-0.4, 0.4), horizon, span * 0.38, { fill: colour('wash') });
    out += rect(x - span, horizon, 2 * span, h - horizon, { fill: colour('accent') });
  }
  return out;
};

/** Strokes of a broad, loaded brush: each a bundle of bristles, which start and leave off one by one. */
export const strokes: Drawing = ({ w, h, random, kind, colour }) => {
  const upright = kind % 2 === 1;
  const paints = random.shuffled(['wash', 'line', 'glow', 'accent', 'line', 'wash'] as const);
  const span = upright ? w : h;
  const length = upright ? h : w;
  const count = 4 + (kind % 3);
  const bristles = 9;
  const place = (t: number, s: number): string => (upright ? `${n(s)} ${n(t)}` : `${n(t)} ${n(s)}`);
  let out = '';
  for (let i = 0; i < count; i++) {
    const size = (random.between(0.8, 1.15) * span) / count;
    const at = (span * (i + 0.5)) / count + random.between(-3, 3);
    const from = length * random.between(-0.02, 0.2);
    const to = length * random.between(0.7, 0.98);
    const bow = random.between(-7, 7);
    const drift = random.between(-5, 5);
    let d = '';
    for (let k = 0; k < bristles; k++) {
      const s = at + size * (k / (bristles - 1) - 0.5);
      const edge = Math.abs(k / (bristles - 1) - 0.5) * 9;
      d += `M${place(from + edge + random.between(0, 4), s)}Q${place((from + to) / 2, s + bow)} ${place(to - edge * random.between(0, 2) - random.between(0, 9), s + drift)}`;
    }
    out += path(d, { stroke: colour(paints[i] ?? 'line'), width: (size / bristles) * 1.04, cap: 'round' });
  }
  return out + circle(w * random.between(0.15, 0.85), h * random.between(0.2, 0.8), random.between(4, 9), { fill: colour(random.next() < 0.5 ? 'ink' : 'accent') });
};

/** Traces that run at right and half-right angles between pads. */
export const circuit: Drawing = ({ w, h, random, kind, colour }) => {
  const lanes = 7 + (kind % 4) * 2;
  const chipX = w * random.between(0.06, 0.7);
  const chipW = random.between(18, 46);
  const chipY = h * random.between(0.14, 0.4);
  const chipH = h * random.between(0.3, 0.5);
  let thin = '';
  let bold = '';
  let pads = '';
  for (let i = 0; i < lanes; i++) {
    const y = chipY + (chipH * (i + 0.5)) / lanes;
    for (const side of [-1, 1]) {
      const x = side < 0 ? chipX : chipX + chipW;
      const fan = (i - (lanes - 1) / 2) * random.between(2.2, 5);
      const first = random.between(4, 10) + Math.abs(i - lanes / 2) * -0.4 + 3;
      const end = x + side * (first + Math.abs(fan) + random.between(5, 48));
      const d = `M${n(x)} ${n(y)}h${n(side * first)}l${n(side * Math.abs(fan))} ${n(fan)}H${n(end)}`;
      if (random.next() < 0.25) bold += d;
      else thin += d;
      pads += `M${n(end)} ${n(y + fan)}h.1`;
    }
  }
  const dot = random.between(0.2, 0.8);
  return path(thin, { stroke: colour('line'), width: 0.8 })
    + path(bold, { stroke: colour('accent'), width: 1.5 })
    + path(pads, { stroke: colour('accent'), width: 3.2, cap: 'round' })
    + rect(chipX, chipY, chipW, chipH, { fill: colour('ink') })
    + rect(chipX + 3, chipY + 3, chipW - 6, chipH - 6, { stroke: colour('line'), width: 0.5 })
    + circle(chipX + chipW * dot, chipY + chipH * random.between(0.25, 0.75), 3.4, { fill: colour('glow') });
};
