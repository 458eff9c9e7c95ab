// What page and worker both ask of plain values.
import type { Blocked } from './types.js';

/** Whether a visitor takes part: without budget by reports that say nothing. */
export const takesPart = (blocked: Blocked | null): boolean => blocked === null || blocked === 'budget';

/** The fields that have a value: an option that is absent and one that is undefined are the same. */
export function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
