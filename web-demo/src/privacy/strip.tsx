// Numbers as pixels: what they look like, not what they are.
import { useEffect, useRef } from 'preact/hooks';

import { theme } from '../theme';

const width = 128;
const mostRows = 32;
/** A strip has as many rows as its numbers need, at most so many numbers. */
export const mostShown = width * mostRows;

type Colour = readonly [number, number, number];

const colourOf = (canvas: HTMLCanvasElement, name: string): Colour => {
  const hex = getComputedStyle(canvas).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) as unknown as Colour;
};

/** `values` in -1 .. 1: from the colour --strip-less by --strip-zero to --strip-more. */
export function Strip({ values, label }: { values: Float32Array; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const height = Math.max(1, Math.min(mostRows, Math.ceil(values.length / width)));
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context) return;
    const [less, zero, more] = ['--strip-less', '--strip-zero', '--strip-more'].map((name) => colourOf(element, name)) as [Colour, Colour, Colour];
    const image = context.createImageData(width, height);
    for (let i = 0; i < Math.min(values.length, width * height); i++) {
      const value = values[i]!;
      const towards = value < 0 ? less : more;
      const part = Math.abs(value);
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = zero[c]! + (towards[c]! - zero[c]!) * part;
      image.data[4 * i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }, [values, height, theme.value]);
  return <canvas class="strip" ref={canvas} width={width} height={height} role="img" aria-label={label} />;
}

/** Integers by sign and by the logarithm of their size, so that small ones are seen too. */
export function integersAsPixels(numbers: Int32Array): Float32Array {
  let most = 1;
  for (const n of numbers) most = Math.max(most, Math.abs(n));
  const scale = 1 / Math.log1p(most);
  return Float32Array.from(numbers, (n) => Math.sign(n) * Math.log1p(Math.abs(n)) * scale);
}

/** Where a strip of `numbers` begins: with the row of the first that is not zero, since most are zero
 * for somebody who read little, but no later than needed to fill the strip. */
export function beginningOf(numbers: Int32Array): number {
  const first = Math.max(0, numbers.findIndex((n) => n !== 0));
  const rows = Math.max(0, Math.ceil(numbers.length / width) - mostRows);
  return width * Math.min(Math.floor(first / width), rows);
}

export const bytesAsPixels = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => byte / 127.5 - 1);

/** Bits of surprise in a byte; 8: every value is as frequent as every other. */
export function entropyOf(bytes: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const byte of bytes) counts[byte]! += 1;
  return counts.reduce((sum, n) => (n === 0 ? sum : sum - (n / bytes.length) * Math.log2(n / bytes.length)), 0);
}
