/**
 * Who and what an article speaks of. A thing is named in full at first and more briefly once the reader
 * knows it: "the allotments above Tollen", then "the allotments".
 */
import type { Lookup } from './grammar.js';
import type { Subject } from './topic.js';

export type Slots = Readonly<Record<string, string>>;

/** Always in full: for titles and leads. */
export function inFull(slots: Slots): Lookup {
  return (slot) => slots[slot]?.replace('|', '');
}

/** Remembers what has been named: for one article's body, filled from top to bottom. */
export function inPassing(slots: Slots, subject: Subject): Lookup {
  const named = new Map<string, number>();
  return (slot) => {
    const full = slots[slot];
    if (full === undefined) return undefined;
    const times = named.get(slot) ?? 0;
    named.set(slot, times + 1);
    switch (slot) {
      case 'the': return times < 2 || times % 4 === 3 ? full : (subject.short ?? shortSubject(full));
      case 'site': return times === 0 ? full : shortSite(full, slots['place'] ?? '');
      case 'who': case 'other': return times === 0 ? full.replace('|', '') : definite(full.replace(/\|.*/, ''));
      default: return full;
    }
  };
}

/** "the pot of beans": "the pot"; "the compost heap": "the heap". */
function shortSubject(the: string): string {
  const head = the.replace(/ (of|at|on) .*/, '');
  if (head !== the || !the.startsWith('the ')) return head;
  return `the ${the.slice(the.lastIndexOf(' ') + 1)}`;
}

function shortSite(site: string, place: string): string {
  const before = site.slice(0, site.indexOf(place)).replace(/ (the|above|at|in|outside|behind|below|between|near|of|out of|to|from)( the)? $/, '');
  return definite(before);
}

function definite(phrase: string): string {
  return phrase.replace(/^an? /, 'the ');
}
