/** Jazz, mystery, chess, theatre: what is played. */
import { circle, ellipse, line, n, path, polygon, rect, type Drawing, type Point } from './pen.js';

/** Bars of uneven length on a strict beat, one disc that comes in early. */
export const syncopation: Drawing = ({ w, h, random, kind, colour }) => {
  const rows = 4 + (kind % 3);
  const row = (h * 0.84) / rows;
  const beat = w / 16;
  const shades = ['accent', 'line', 'accent', 'wash', 'ink'] as const;
  const fills = new Map<string, string>();
  for (let r = 0; r < rows; r++) {
    let at = random.below(3);
    while (at < 16) {
      const length = random.pick([1, 1, 2, 3, 3, 5]);
      const shade = random.pick(shades);
      const y = h * 0.08 + r * row + row * 0.14;
      fills.set(shade, `${fills.get(shade) ?? ''}M${n(at * beat + 0.6)} ${n(y)}h${n(Math.min(length, 16 - at) * beat - 1.2)}v${n(row * random.pick([0.72, 0.72, 0.36]))}H${n(at * beat + 0.6)}Z`);
      at += length + random.pick([0, 1, 1, 2]);
    }
  }
  let out = '';
  for (const shade of new Set(shades)) {
    const d = fills.get(shade);
    if (d) out += path(d, { fill: colour(shade) });
  }
  const r = random.between(11, 19);
  const x = beat * (3 + random.below(10)) + beat / 2;
  const y = h * random.between(0.3, 0.7);
  return out + circle(x, y, r, { fill: colour('glow') }) + circle(x, y, r * 0.34, { fill: colour('accent') });
};

/** A room by night: light that falls through a door or a window, and a shadow with nobody in sight. */
export const doorway: Drawing = ({ w, h, random, kind, colour }) => {
  const floor = h * random.between(0.46, 0.62);
  const right = random.next() < 0.5;
  const side = right ? 1 : -1;
  const x = w * (right ? random.between(0.12, 0.42) : random.between(0.5, 0.74));
  const wide = random.between(16, 27);
  const reach = side * random.between(20, 70);
  let boards = '';
  for (let i = 0; i < 9; i++) {
    const u = (i - 4) / 4;
    boards += line([[w * (0.5 + u * 0.6), floor], [w * (0.5 + u * 1.3), h]]);
  }
  let out = path(`M0 ${n(floor)}H${n(w)}V${n(h)}H0Z`, { fill: colour('wash') }) + path(boards, { stroke: colour('ground'), width: 0.6 });
  // A point on the floor below the opening: u across it, v from the wall towards us.
  const cast = (u: number, v: number): Point => [x + wide * u + reach * 1.4 * v + (u - 0.5) * wide * v * 0.9, floor + (h - floor) * v];
  const frame = (u0: number, u1: number, v0: number, v1: number): string => polygon([cast(u0, v0), cast(u1, v0), cast(u1, v1), cast(u0, v1)]);
  if (kind % 2 === 0) {
    const top = floor * random.between(0.12, 0.3);
    const hinge = right ? x : x + wide;
    const open = side * wide * random.between(0.3, 0.6);
    out += path(frame(0, 1, 0, 1), { fill: colour('accent'), opacity: 0.8 }) + rect(x, top, wide, floor - top, { fill: colour('glow') });
    out += path(polygon([[hinge, top], [hinge - open, top - 4], [hinge - open, floor + 7], [hinge, floor]]), { fill: colour('line') });
    const u = random.between(0.35, 0.65);
    const [hx, hy] = cast(u, random.between(0.55, 0.8));
    out += path(polygon([cast(u - 0.09, 0), cast(u + 0.09, 0), [hx + 6.5, hy - 7], [hx + 2.5, hy - 3], [hx - 2.5, hy - 3], [hx - 6.5, hy - 7]]), { fill: colour('ground') }) + ellipse(hx, hy, 4.4, 4, 0, { fill: colour('ground') });
  } else {
    const top = floor * random.between(0.14, 0.28);
    const sill = floor * random.between(0.66, 0.8);
    const panes: string[] = [];
    for (const [u0, u1] of [[0, 0.46], [0.54, 1]] as const) {
      for (const [v0, v1] of [[0.22, 0.5], [0.56, 0.9]] as const) panes.push(frame(u0, u1, v0, v1));
    }
    out += path(panes.join(''), { fill: colour('accent'), opacity: 0.8 }) + rect(x, top, wide, sill - top, { fill: colour('glow') });
    out += path(`M${n(x + wide / 2)} ${n(top)}V${n(sill)}M${n(x)} ${n((top + sill) / 2)}h${n(wide)}`, { stroke: colour('ground'), width: 1.6 });
    const [sx, sy] = cast(random.between(0.2, 0.8), 0.95);
    out += path(`M${n(sx - 7)} ${n(h)}Q${n(sx - 6)} ${n(sy - 13)} ${n(sx)} ${n(sy - 13)}Q${n(sx + 6)} ${n(sy - 13)} ${n(sx + 7)} ${n(h)}Z`, { fill: colour('ground') }) + circle(sx, sy - 16, 4, { fill: colour('ground') });
  }
  let stair = `M${n(right ? w : 0)} ${n(floor)}`;
  for (let i = 4 + random.below(4); i > 0; i--) stair += `v-5h${n(-side * 6)}`;
  return out + path(stair, { stroke: colour('line'), width: 1 });
};

/** A corner of a board, and the way of one piece across it. */
export const board: Drawing = ({ w, h, random, kind, colour }) => {
  const size = [25, 20, 16.7, 14.3][kind % 4] ?? 20;
  const rows = Math.round(h / size);
  const columns = Math.ceil(w / size);
  let dark = '';
  for (let r = 0; r < rows; r++) {
    for (let c = r % 2; c < columns; c += 2) dark += `M${n(c * size)} ${n(r * size)}h${n(size)}v${n(size)}h${n(-size)}Z`;
  }
  const centre = ([c, r]: Point): Point => [(c + 0.5) * size, (r + 0.5) * size];
  let at: Point = [random.below(columns), random.below(rows)];
  const visited: Point[] = [at];
  const jumps: readonly Point[] = [[1, 2], [2, 1], [2, -1], [1, -2], [-1, -2], [-2, -1], [-2, 1], [-1, 2]];
  for (let i = 0; i < 3 + (kind % 3); i++) {
    const next = random.shuffled(jumps).map(([dc, dr]): Point => [at[0] + dc, at[1] + dr])
      .find(([c, r]) => c >= 0 && r >= 0 && c < columns - 0.5 && r < rows && !visited.some(([vc, vr]) => vc === c && vr === r));
    if (!next) break;
    at = next;
    visited.push(at);
  }
  let out = path(dark, { fill: colour('wash') });
  const others = 3 + random.below(3);
  for (let i = 0; i < others; i++) {
    const spot: Point = [random.below(columns), random.below(rows)];
    if (visited.some(([c, r]) => c === spot[0] && r === spot[1])) continue;
    const [x, y] = centre(spot);
    out += circle(x, y, size * 0.3, random.next() < 0.5 ? { fill: colour('line') } : { fill: colour('ground'), stroke: colour('accent'), width: 1 });
  }
  out += path(line(visited.map(centre)), { stroke: colour('accent'), width: 1.2, dash: '3 1.8' });
  visited.forEach((spot, i) => {
    const [x, y] = centre(spot);
    out += i === visited.length - 1 ? circle(x, y, size * 0.34, { fill: colour('glow') }) : circle(x, y, size * 0.1, { fill: colour('accent') });
  });
  return out;
};

/** Folds of a curtain, drawn aside, and what the light falls on. */
export const curtain: Drawing = ({ w, h, random, kind, colour }) => {
  const open = [0.5, 0.38, 0.26, 0.62, 0.32, 0.7, 0.44, 0.56][kind] ?? 0.5;
  const gap = w * random.between(0.06, 0.44);
  const floor = h * random.between(0.8, 0.87);
  const cx = w * open;
  let out = rect(0, 0, w, h, { fill: colour('ink'), opacity: 0.1 });
  out += path(polygon([[cx - 2, 0], [cx + 2, 0], [cx + gap * 0.8, floor + 4], [cx - gap * 0.8, floor + 4]]), { fill: colour('glow'), opacity: 0.3 });
  out += ellipse(cx, floor + 4, gap * 0.8, 5, 0, { fill: colour('glow') });
  for (const side of [-1, 1]) {
    const from = side < 0 ? -2 : w + 2;
    const edge = cx + side * gap * 0.5;
    const folds = 5 + random.below(3);
    for (let i = 0; i < folds; i++) {
      const a = from + ((edge - from) * i) / folds;
      const b = from + ((edge - from) * (i + 1)) / folds;
      // Tied back: the nearer to the opening, the further a fold swings out below.
      const swing = side * gap * 0.5 * (i / folds) ** 2;
      const low = swing + (b - a) * 0.1;
      out += path(`M${n(a)} 0H${n(b)}C${n(b)} ${n(h * 0.4)} ${n(b + low)} ${n(h * 0.45)} ${n(b + low)} ${n(floor)}Q${n((a + b) / 2 + swing)} ${n(floor + 5)} ${n(a + swing)} ${n(floor)}C${n(a + swing)} ${n(h * 0.45)} ${n(a)} ${n(h * 0.4)} ${n(a)} 0Z`, { fill: colour(i % 2 ? 'wash' : i === folds - 1 ? 'line' : 'ground') });
    }
  }
  const scallops = 8 + random.below(4);
  const size = w / scallops;
  let valance = 'M0 0';
  for (let i = 0; i < scallops; i++) valance += `${i ? '' : 'V9'}q${n(size / 2)} ${n(9)} ${n(size)} 0`;
  return out + path(`${valance}V0Z`, { fill: colour('line') }) + path(`M0 ${n(floor + 5)}H${n(w)}`, { stroke: colour('accent'), width: 0.8 })
    + circle(cx + random.between(-0.3, 0.3) * gap, floor + 1.5, 2.4, { fill: colour('ground') });
};
