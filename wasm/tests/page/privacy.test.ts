import { expect, test } from 'vitest';

import { blockedWords, budgetWords, contributionWords, spentPart }
  from '../../src/elements/privacy_figures.js';
import { english, fillMessage, mergeMessages } from '../../src/elements/privacy_messages.js';
import type { Contribution, PrivacyState } from '../../src/types.js';

const state: PrivacyState = {
  consent: { personalise: true, contribute: true }, blocked: null, paused: false, storage: 'persistent',
  delta: 1e-6,
  window: { spentRho: 0.125, leftRho: 0.375, spentEpsilon: 2.689, limitEpsilon: 5.2215, ms: 90 * 86_400_000 },
  lifetime: { spentRho: 0, leftRho: 2, spentEpsilon: 0, limitEpsilon: 11.58 }, contributions: [],
};

test('a translation replaces what it has, also within a group, and leaves English as it is', () => {
  const messages = mergeMessages({ pause: 'Anhalten', blocked: { gpc: 'Nichts.' } });
  expect(messages).toEqual({ ...english, pause: 'Anhalten', blocked: { ...english.blocked, gpc: 'Nichts.' } });
  expect(english.pause).toBe('Pause');
  expect(mergeMessages(undefined)).toEqual(english);
});

test.each([
  [{ pauze: 'x' }, 'messages.pauze: not a message'],
  [{ toString: 'x' }, 'messages.toString: not a message'],
  [{ pause: 7 }, 'messages.pause: a text is needed'],
  [{ blocked: { gcp: 'x' } }, 'messages.blocked.gcp: not a message'],
  [{ blocked: 'x' }, 'messages.blocked: an object is needed'],
  ['x', 'messages: an object is needed'],
])('%j is refused by its name', (given, message) => {
  expect(() => mergeMessages(given)).toThrow(message);
});

test('figures are put in as they are, and unknown names stay', () => {
  expect(fillMessage('{a} {b} {toString}', { a: '$& {b}' })).toBe('$& {b} {b} {toString}');
});

test('the gauge goes by rho, and a budget of nothing is spent', () => {
  expect(spentPart(state)).toBe(0.25);
  expect(spentPart({ ...state, window: { ...state.window, spentRho: 0, leftRho: 0 } })).toBe(1);
});

test('budgets in the visitor\'s language', () => {
  expect(budgetWords(state, english, 'en')).toEqual({ spent: '25% spent in the last 90 days', details: [
    'In 90 days: epsilon 2.69 of at most 5.22, at delta 1e-6.', 'Ever: epsilon 0 of at most 11.58.'] });
  expect(budgetWords(state, english, 'de').details[1]).toBe('Ever: epsilon 0 of at most 11,58.');
});

test('what blocks is told, and that something may be sent only with consent', () => {
  expect(blockedWords(state, english)).toBe(english.contributing);
  expect(blockedWords({ ...state, blocked: 'locks' }, english)).toBe(english.blocked.locks);
  expect(blockedWords({ ...state, consent: { personalise: true, contribute: false } }, english)).toBe('');
});

test('each state of a contribution has its moment and its cost', () => {
  const contribution: Contribution = { task: 'a', kind: 'report', created: Date.UTC(2026, 0, 1, 12),
    sendAt: Date.UTC(2026, 1, 1, 12), sent: Date.UTC(2026, 2, 1, 12), state: 'sent', rho: 0.001,
    epsilon: 0.0123, bytes: 512 };
  const words = (change: Partial<Contribution>) =>
    contributionWords({ ...contribution, ...change }, english, 'en');
  expect(words({}).state).toMatch(/^Sent Mar 1, 2026/);
  expect(words({}).cost).toBe('epsilon 0.0123, 0.512 kB');
  expect(words({ state: 'waiting', sent: null }).state).toMatch(/^Waits, to be sent Feb 1, 2026/);
  for (const state of ['expired', 'refused', 'withdrawn'] as const)
    expect(words({ state, sent: null }).state).toContain('Jan 1, 2026');
  expect(words({ kind: 'zero_report', epsilon: 0 }).cost).toBe('empty, so it costs nothing; 0.512 kB');
});
