/** Filling the slots of a sentence. */

/** What a slot stands for; undefined where there is no such slot. */
export type Lookup = (slot: string) => string | undefined;

export function capitalised(text: string): string {
  return text.replace(/^([“"(]?)(\p{Ll})/u, (_, open: string, letter: string) => open + letter.toUpperCase());
}

export function uncapitalised(text: string): string {
  return text.replace(/^\p{Lu}(?=\p{Ll})/u, (letter) => letter.toLowerCase());
}

/** `{slot}` becomes the slot's text, `{Slot}` the same capitalised; the sentence starts with a capital. */
export function filled(pattern: string, slot: Lookup): string {
  const text = pattern.replace(/\{(\p{L})(\w*)\}/gu, (whole: string, first: string, rest: string, offset: number) => {
    const lower = first.toLowerCase();
    const found = slot(lower + rest);
    if (found === undefined) throw new RangeError(`pattern: unknown slot ${whole} in "${pattern}"`);
    // "the baker, who is up anyway" needs a comma behind it as well, unless something else stands there.
    const clause = found.includes(', ') && /^ \p{L}/u.test(pattern.slice(offset + whole.length)) && /^(who|other)$/.test(lower + rest);
    const value = clause ? `${found},` : found;
    return first === lower ? value : capitalised(value);
  });
  return capitalised(text);
}

export function wordCount(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{N}’'.-]*/gu)?.length ?? 0;
}
