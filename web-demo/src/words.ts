// What the site's items are called, and figures as words.
import { config } from './site';

interface Nouns {
  readonly one: string;
  readonly many: string;
  /** "because you ... X" */
  readonly met: string;
}

const nouns: Readonly<Record<'magazine' | 'films', Nouns>> = {
  magazine: { one: 'article', many: 'articles', met: 'read' },
  films: { one: 'film', many: 'films', met: 'looked at' },
};
export const noun = (): Nouns => nouns[config.value?.world ?? 'magazine'];

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

export const count = (n: number, one: string, many = `${one}s`): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
export const percent = (part: number): string => part.toLocaleString('en', { style: 'percent', maximumFractionDigits: part < 0.1 ? 1 : 0 });
export const epsilon = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: value < 0.1 ? 4 : 2 });
export const score = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: 3, maximumFractionDigits: 3 });

export function size(bytes: number): string {
  return bytes < 1000 ? count(bytes, 'byte')
    : `${(bytes / 1000).toLocaleString('en', { maximumSignificantDigits: 3 })} kB`;
}

export const clock = (ms: number): string =>
  new Date(ms).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
export const moment = (ms: number): string =>
  new Date(ms).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
/** Of a YYYY-MM-DD */
export const day = (date: string): string =>
  new Date(`${date}T12:00:00Z`).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });

/** Kind and reading time, as far as an item has them. */
export const kindAndMinutes = ({ kind, minutes }: { kind: string; minutes: number }): string =>
  [kind && capitalised(kind), minutes > 0 && `${minutes} min`].filter((part) => part).join(' · ');

export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
