// Quality after each sum, as curves; the same figures stand in the table below it.
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { theme } from '../theme';

export interface Curve {
  readonly name: string;
  /** A custom property. */
  readonly colour: string;
  readonly dashed?: boolean;
  /** After each sum, from none on; null: not measured. */
  readonly values: readonly (number | null)[];
}

const height = 320;

export function Chart({ curves, label }: { curves: readonly Curve[]; label: string }) {
  const place = useRef<HTMLDivElement>(null);
  const data = [
    Array.from({ length: Math.max(2, ...curves.map(({ values }) => values.length)) }, (_, i) => i),
    ...curves.map(({ values }) => values),
  ];
  const shape = JSON.stringify([data, theme.value]);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let plot: uPlot | undefined;
    let left = false;
    const resize = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height }));
    void import('uplot').then(({ default: UPlot }) => {
      if (left) return;
      element.replaceChildren();
      plot = new UPlot(options(element, curves), data.map((column) => [...column]) as unknown as uPlot.AlignedData, element);
      resize.observe(element);
    });
    return () => {
      left = true;
      resize.disconnect();
      plot?.destroy();
    };
  }, [shape]);
  return (
    <figure class="chart">
      <div class="chart-place" ref={place} role="img" aria-label={label} />
      <figcaption class="legend">
        {curves.map(({ name, colour, dashed, values }) => (
          <span key={name} class={dashed ? 'legend-item dashed' : 'legend-item'}><i style={{ color: `var(${colour})` }} aria-hidden="true" />{name}<b>{latest(values)}</b></span>
        ))}
      </figcaption>
    </figure>
  );
}

function latest(values: readonly (number | null)[]): string {
  const value = values.findLast((one) => one !== null);
  return value === undefined || value === null ? '…' : value.toFixed(3);
}

function options(element: HTMLElement, curves: readonly Curve[]): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `13px ${style.fontFamily}`;
  const axis = { stroke: colour('--quiet'), font, grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth, height,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_, least, most) => [Math.max(0, Math.min(least ?? 0, most ?? 1) - 0.02), (most ?? 1) + 0.02] } },
    axes: [
      { ...axis, grid: { show: false }, size: 30, label: 'Sums', labelFont: font, labelSize: 20, incrs: [1, 2, 5, 10, 20, 50] },
      { ...axis, size: 52, values: (_, splits) => splits.map((value) => value.toFixed(2)) },
    ],
    series: [{}, ...curves.map(({ colour: name, dashed }): uPlot.Series => ({
      stroke: colour(name), width: dashed ? 1.5 : 2.5, ...(dashed ? { dash: [5, 5] } : {}),
      points: { show: !dashed, size: 7, fill: colour(name) }, spanGaps: true,
    }))],
  };
}
