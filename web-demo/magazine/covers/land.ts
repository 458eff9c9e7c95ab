/** Gardening, mountains, birds, ocean: what grows, lies, flies and flows. */
import { circle, n, path, polar, smooth, type Drawing, type Point } from './pen.js';

/** A large leaf that grows in from an edge, and its venation. */
export const leaf: Drawing = ({ w, h, random, kind, colour }) => {
  const leaves = 1 + (kind % 3);
  let out = circle(w * random.between(0.15, 0.85), h * random.between(0.15, 0.35), random.between(7, 13), { fill: colour('glow') });
  for (let i = 0; i < leaves; i++) {
    const left = random.next() < 0.5;
    const base: Point = [w * (left ? random.between(-0.05, 0.3) : random.between(0.7, 1.05)), h * 1.04];
    const tilt = -Math.PI / 2 + (left ? 1 : -1) * random.between(0.25, 0.75);
    const length = random.between(85, 118) - 16 * i;
    const breadth = length * random.between(0.2, 0.3);
    const along = (t: number, side: number): Point => {
      const [x, y] = polar(base[0], base[1], length * t, tilt);
      const offset = side * breadth * Math.sin(Math.PI * t ** 0.8) * (t < 1 ? 1 : 0);
      return [x - Math.sin(tilt) * offset, y + Math.cos(tilt) * offset];
    };
    const steps = [0, 0.2, 0.45, 0.7, 0.9];
    const outline = smooth([...steps.map((t) => along(t, 1)), along(1.04, 0), ...steps.toReversed().map((t) => along(t, -1))], true);
    const [tipX, tipY] = along(0.98, 0);
    let veins = `M${n(base[0])} ${n(base[1])}L${n(tipX)} ${n(tipY)}`;
    const count = 5 + random.below(3);
    for (let v = 1; v <= count; v++) {
      const t = v / (count + 1.6);
      for (const side of [1, -1]) {
        const [x, y] = along(t, 0);
        const [cx, cy] = along(t + 0.09, side * 0.5);
        const [ex, ey] = along(t + 0.17, side * 0.78);
        veins += `M${n(x)} ${n(y)}Q${n(cx)} ${n(cy)} ${n(ex)} ${n(ey)}`;
      }
    }
    out += path(outline, { fill: colour(i === 0 ? 'accent' : i === 1 ? 'line' : 'wash') });
    out += path(veins, { stroke: colour(i === 2 ? 'line' : 'ground'), width: 0.7 });
  }
  return out;
};

/** Contour lines round one or two summits. */
export const contours: Drawing = ({ w, h, random, kind, colour }) => {
  const peaks = 1 + (kind % 2);
  let out = '';
  for (let p = 0; p < peaks; p++) {
    const cx = w * (peaks === 1 ? random.between(0.3, 0.7) : p === 0 ? random.between(0.12, 0.35) : random.between(0.65, 0.9));
    const cy = h * random.between(0.3, 0.7);
    const reach = peaks === 1 ? random.between(62, 78) : random.between(36, 50);
    const waves = [2, 3, 4].map((k) => ({ k, size: random.between(0.05, 0.3 / k + 0.05), phase: random.between(0, 6.28) }));
    const rings = peaks === 1 ? 8 : 5;
    for (let i = 0; i < rings; i++) {
      const r = reach * (1 - i / rings) ** 1.15;
      const points = Array.from({ length: 9 }, (_, j): Point => {
        const angle = (j / 9) * 2 * Math.PI;
        const wobble = waves.reduce((sum, { k, size, phase }) => sum + size * Math.sin(k * angle + phase + i * 0.12), 1);
        const [x, y] = polar(cx, cy, r * wobble, angle);
        return [Math.round(x + i * (p === 0 ? 1.4 : -1.2)), Math.round(y - i * 1.3)];
      });
      const index = i % 4 === 3;
      out += path(smooth(points, true), {
        ...(i === 0 && { fill: colour('wash') }), ...(i === rings - 1 && { fill: colour('glow') }),
        stroke: colour(index ? 'accent' : 'line'), width: index ? 1.3 : 0.7,
      });
    }
  }
  return out;
};

/** A flock: wing strokes along a bent stream, before a pale sun. */
export const flock: Drawing = ({ w, h, random, kind, colour }) => {
  const sunX = w * random.between(0.2, 0.8);
  let out = circle(sunX, h * random.between(0.3, 0.6), 14 + 2.5 * kind, { fill: colour('glow') });
  const bend = random.between(-0.5, 0.5);
  const rise = random.between(-0.5, 0.5);
  const large: string[] = [];
  const small: string[] = [];
  const count = 30;
  for (let i = 0; i < count; i++) {
    const t = (i + random.next()) / count;
    const spread = 0.32 * Math.sin(Math.PI * t) + 0.04;
    const x = w * (0.04 + 0.92 * t);
    const y = h * (0.5 + rise * (t - 0.5) + bend * Math.sin(t * 5) * 0.4 + spread * random.between(-1, 1));
    const s = random.between(1.6, 3.4) * (0.7 + 1.3 * Math.sin(Math.PI * t));
    const lift = s * random.between(0.35, 0.9);
    const wing = `M${n(x - s)} ${n(y - lift)}Q${n(x - s * 0.4)} ${n(y - lift)} ${n(x)} ${n(y)}Q${n(x + s * 0.4)} ${n(y - lift * 1.1)} ${n(x + s * 1.1)} ${n(y - lift * 0.7)}`;
    (s > 3.6 ? large : small).push(wing);
  }
  out += path(small.join(''), { stroke: colour('line'), width: 0.8, cap: 'round' });
  out += path(large.join(''), { stroke: colour('accent'), width: 1.3, cap: 'round' });
  const wire = h * random.between(0.84, 0.94);
  return out + path(`M0 ${n(wire)}Q${n(w / 2)} ${n(wire + 5)} ${n(w)} ${n(wire - 2)}`, { stroke: colour('accent'), width: 0.5 });
};

/** Tide lines: layers of water, each a slower curve than the one behind. */
export const tides: Drawing = ({ w, h, random, kind, colour }) => {
  const horizon = h * (0.14 + 0.06 * (kind % 6));
  const r = random.between(7, 17);
  let out = circle(w * random.between(0.12, 0.88), horizon - r * random.between(-0.5, 0.8), r, { fill: colour('glow') });
  const layers = 4 + (kind % 3);
  const shades = random.next() < 0.5 ? (['line', 'wash', 'line', 'accent', 'line', 'accent'] as const) : (['wash', 'line', 'accent', 'line', 'accent', 'ink'] as const);
  const lean = random.between(-9, 9);
  for (let i = 0; i < layers; i++) {
    const y = horizon + ((h - horizon) * i ** 1.2) / layers ** 1.12;
    const length = random.between(18, 30) + 17 * i;
    const swell = random.between(0.1, 0.24) * length;
    const from = -random.between(0, length);
    let d = `M${n(from)} ${n(y - lean)}q${n(length / 4)} ${n(-swell)} ${n(length / 2)} 0`;
    for (let x = from + length / 2, k = 1; x < w; x += length / 2, k++) d += `t${n(length / 2)} ${n((lean * length) / w)}`;
    out += path(`${d}V${n(h + 30)}H${n(from)}Z`, { fill: colour(shades[i] ?? 'accent'), opacity: 0.9 });
    out += path(d, { stroke: colour('glow'), width: 0.3 + 0.1 * i });
  }
  return out;
};
