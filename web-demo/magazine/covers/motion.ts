/** Astronomy, sailing, cycling, trains: what goes round, along and away. */
import { circle, ellipse, line, n, path, polar, smooth, type Drawing, type Point } from './pen.js';

/** Orbits that share a tilt, their planets, and a sprinkle of stars. */
export const orbits: Drawing = ({ w, h, random, kind, colour }) => {
  const cx = w * random.between(0.15, 0.85);
  const cy = h * random.between(0.3, 0.75);
  const tilt = random.between(-35, 35);
  const flat = 0.3 + 0.07 * (kind % 6);
  let stars = '';
  for (let i = 0; i < 34; i++) stars += `M${n(random.between(0, w))} ${n(random.between(0, h))}h.1`;
  let out = path(stars, { stroke: colour('line'), width: 0.9, cap: 'round' });
  const rings = 5 + random.below(3);
  const bright = random.below(rings - 2) + 1;
  for (let i = 0; i < rings; i++) {
    const r = 15 + i * random.between(12, 15);
    out += ellipse(cx, cy, r, r * flat, tilt, { stroke: colour(i === bright ? 'accent' : 'line'), width: i === bright ? 0.9 : 0.5 });
    const angle = random.between(0, 6.28);
    const lean = (tilt * Math.PI) / 180;
    const [px, py]: Point = [r * Math.cos(angle), r * flat * Math.sin(angle)];
    const x = cx + px * Math.cos(lean) - py * Math.sin(lean);
    const y = cy + px * Math.sin(lean) + py * Math.cos(lean);
    const size = i === bright ? random.between(4, 6.5) : random.between(1, 2.6);
    out += circle(x, y, size, { fill: colour(i === bright ? 'accent' : 'glow') });
    if (i === bright && random.next() < 0.6) out += ellipse(x, y, size * 2, size * 0.5, tilt - 20, { stroke: colour('glow'), width: 0.7 });
  }
  return out + circle(cx, cy, random.between(5, 8), { fill: colour('glow') });
};

/** Sails, filled by one wind, with their seams; a line of water. */
export const sails: Drawing = ({ w, h, random, kind, colour }) => {
  const water = h * random.between(0.76, 0.88);
  const wind = random.next() < 0.5 ? 1 : -1;
  const boats = 1 + (kind % 3);
  const near = random.between(0.9, kind % 2 ? 1.05 : 1.7);
  let out = path(`M0 ${n(water)}H${n(w)}V${n(h)}H0Z`, { fill: colour('wash') });
  for (let i = boats - 1; i >= 0; i--) {
    const scale = i === 0 ? near : random.between(0.35, 0.55);
    const x = w * (boats === 1 ? random.between(0.35, 0.65) : [random.between(0.34, 0.48), random.between(0.76, 0.9), random.between(0.07, 0.16)][i] ?? 0.5);
    const foot = water - 4 * scale;
    const head: Point = [x, foot - 72 * scale];
    const clew: Point = [x - wind * 40 * scale, foot];
    const belly = random.between(10, 18) * scale;
    const leech = `Q${n((head[0] + clew[0]) / 2 - wind * belly)} ${n((head[1] + clew[1]) / 2 + belly * 0.2)} ${n(clew[0])} ${n(clew[1])}`;
    out += path(`M${n(head[0])} ${n(head[1])}${leech}L${n(x)} ${n(foot)}Z`, { fill: colour(i === 0 ? 'accent' : 'line') });
    let seams = '';
    for (let s = 1; s < 6; s++) {
      const t = s / 6;
      const y = head[1] + (foot - head[1]) * t;
      seams += `M${n(x)} ${n(y)}q${n(-wind * 20 * scale * t)} ${n(4 * scale)} ${n(-wind * (38 * scale * t + belly * 1.9 * t * (1 - t)))} ${n(-1 * scale)}`;
    }
    out += path(seams, { stroke: colour('ground'), width: 0.5 });
    const tack: Point = [x + wind * 27 * scale, foot + 1];
    out += path(`M${n(x + wind * 2)} ${n(head[1] + 9 * scale)}Q${n(x + wind * 9 * scale)} ${n(foot - 18 * scale)} ${n(tack[0])} ${n(tack[1])}L${n(x + wind * 2)} ${n(foot)}Z`, { fill: colour('glow'), stroke: colour('line'), width: 0.5 });
    out += path(`M${n(x - wind * 36 * scale)} ${n(water - 2 * scale)}Q${n(x)} ${n(water + 8 * scale)} ${n(x + wind * 34 * scale)} ${n(water - 2 * scale)}Z`, { fill: colour('ink') });
  }
  let ripples = '';
  for (let i = 0; i < 7; i++) ripples += `M${n(w * random.between(0, 0.85))} ${n(water + (h - water) * random.between(0.35, 0.95))}h${n(random.between(6, 22))}`;
  return out + path(ripples, { stroke: colour('line'), width: 0.7, cap: 'round' });
};

/** A spoked wheel, too near to be seen whole, and a second one behind it. */
export const wheels: Drawing = ({ w, h, random, kind, colour }) => {
  const left = kind % 2 === 0;
  const near: Point = [w * (left ? random.between(0.2, 0.34) : random.between(0.66, 0.8)), h * random.between(0.52, 0.72)];
  const r = random.between(44, 54);
  const far: Point = [near[0] + (left ? 1 : -1) * random.between(78, 92), near[1] - random.between(4, 20)];
  const wheel = ([x, y]: Point, radius: number, spokes: number, rim: string, wire: string): string => {
    const turn = random.between(0, 1);
    let d = '';
    for (let i = 0; i < spokes; i++) {
      const angle = ((i + turn) / spokes) * 2 * Math.PI;
      // Spokes leave the hub along its edge, by turns to either side.
      d += line([polar(x, y, radius * 0.09, angle + (i % 2 ? 1.35 : -1.35)), polar(x, y, radius * 0.93, angle)]);
    }
    return path(d, { stroke: wire, width: 0.5 }) + circle(x, y, radius, { stroke: rim, width: 3 })
      + circle(x, y, radius * 0.93, { stroke: wire, width: 0.8 }) + circle(x, y, radius * 0.1, { fill: rim });
  };
  const road = Math.min(h - 3, near[1] + r + 1.5);
  const disc = circle(w * random.between(0.3, 0.7), h * random.between(0.2, 0.45), random.between(12, 22), { fill: colour('glow') });
  return disc + path(`M0 ${n(road)}H${n(w)}V${n(h)}H0Z`, { fill: colour('wash') })
    + wheel(far, r * 0.9, 14, colour('line'), colour('line'))
    + wheel(near, r, 20 + 4 * random.below(3), colour('accent'), colour('ink'))
    + path(line([near, [(near[0] + far[0]) / 2, near[1] - random.between(6, 18)], far]), { stroke: colour('accent'), width: 1.4 });
};

/** Tracks with sleepers, of which one leaves the others at a switch. */
export const tracks: Drawing = ({ w, h, random, kind, colour }) => {
  const count = 2 + (kind % 3);
  const tilt = random.between(-34, 34);
  const top = h * random.between(0.12, 0.26);
  const gap = (h * 0.68) / count;
  const track = (d: string, rail: string): string =>
    path(d, { stroke: rail, width: 13, dash: '1.7 3.3', opacity: 0.5 }) + path(d, { stroke: rail, width: 8 }) + path(d, { stroke: colour('ground'), width: 5.6 })
    + path(d, { stroke: rail, width: 5.6, dash: '1.7 3.3', opacity: 0.5 });
  let out = path(`M0 ${n(top - 9)}H${n(w)}V${n(top + gap * (count - 1) + 9)}H0Z`, { fill: colour('wash'), opacity: 0.5 });
  const straight = (i: number): [Point, Point] => [[-4, top + i * gap - tilt / 2], [w + 4, top + i * gap + tilt / 2]];
  out += track(Array.from({ length: count }, (_, i) => line(straight(i))).join(''), colour('line'));
  const [from, to] = straight(random.below(count));
  const start = random.between(0.1, 0.35);
  const end = start + random.between(0.3, 0.45);
  const at = (t: number): Point => [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
  const down = random.next() < 0.5 ? 1 : -1;
  const leave = down * random.between(34, 60);
  const [ex, ey] = at(end);
  out += track(smooth([from, at(start), at((start + end) / 2), [ex, ey + leave * 0.45], [w + 6, ey + leave * 1.5]], false), colour('accent'));
  const [sx, sy] = at(start);
  const mast = down * -1;
  out += path(`M${n(sx)} ${n(sy + mast * 8)}v${n(mast * 12)}`, { stroke: colour('ink'), width: 1.2 });
  return out + circle(sx, sy + mast * 25, 6.4, { fill: colour('ink') }) + circle(sx, sy + mast * 25, 4, { fill: colour('glow') });
};
