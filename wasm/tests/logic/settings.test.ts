import { expect, test } from 'vitest';

import { readSettings, readSiteInfo, withContribution } from '../../src/engine/settings.js';
import { noSettings } from '../../src/engine/storage.js';
import type { Contribution } from '../../src/types.js';

const entry = (task: string, more: Partial<Contribution> = {}): Contribution => ({ task, kind: 'report',
  created: 1, sendAt: 2, sent: null, state: 'waiting', rho: 0.1, epsilon: 1, bytes: 100, ...more });
const sound = { consent: { personalise: true, contribute: true }, paused: true,
  contributions: [entry('a'), entry('b', { state: 'refused', code: 'REPLAY' })],
  site: { site: 'shop.example', leader: 'https://rec.example' }, maxEvents: 50, ledgerLost: true };

test('what was stored is read', () => {
  expect(readSettings(structuredClone(sound))).toEqual(sound);
});

test.each([undefined, null, 7, 'text', true, [], () => 1, new Date(), { a: 1 }])('%s: nothing was stored', (value) => {
  expect(readSettings(value)).toEqual(noSettings);
});

test.each([1, 'true', {}, [], 'yes', null])('a consent of %j is none', (value) => {
  expect(readSettings({ ...sound, consent: { personalise: value, contribute: value } }).consent)
    .toEqual({ personalise: false, contribute: false });
  expect(readSettings({ ...sound, consent: value }).consent).toEqual({ personalise: false, contribute: false });
});

test('nobody contributes who does not personalise', () => {
  expect(readSettings({ consent: { personalise: false, contribute: true } }).consent.contribute).toBe(false);
});

test.each([0, -1, 1.5, NaN, Infinity, '50', null, {}])('maxEvents %j is not kept', (maxEvents) => {
  expect(readSettings({ ...sound, maxEvents }).maxEvents).toBeNull();
});

test('of the contributions the sound ones are kept, and no more than 200', () => {
  const broken = [null, 7, {}, { ...entry('c'), task: 1 }, { ...entry('c'), state: 'stolen' },
    { ...entry('c'), kind: 'x' }, { ...entry('c'), rho: NaN }, { ...entry('c'), rho: -1 }, { ...entry('c'), bytes: '1' },
    { ...entry('c'), sent: 'yes' }, { ...entry('c'), code: {} }];
  expect(readSettings({ ...sound, contributions: [...broken, entry('a')] }).contributions).toEqual([entry('a')]);
  expect(readSettings({ ...sound, contributions: {} }).contributions).toEqual([]);
  const many = Array.from({ length: 300 }, (_, i) => entry(`t${i}`));
  expect(readSettings({ ...sound, contributions: many }).contributions).toEqual(many.slice(100));
});

test.each(['javascript:alert(1)', 'data:text/plain,x', 'file:///etc/passwd', 'rec.example', 'https://', '', 7, null])(
  'a leader at %j is none', (leader) => {
    expect(readSiteInfo({ site: 'shop.example', leader })).toBeNull();
    expect(readSettings({ ...sound, site: { site: 'shop.example', leader } }).site).toBeNull();
  });

test('a leader is known without its last slashes', () => {
  expect(readSiteInfo({ site: 's', leader: 'https://rec.example/a//' })).toEqual({ site: 's', leader: 'https://rec.example/a' });
});

test('an entry is changed in its place; a change of none adds none', () => {
  const list = [entry('a'), entry('b')];
  expect(withContribution(list, { task: 'a', state: 'sent', sent: 5 }))
    .toEqual([entry('a', { state: 'sent', sent: 5 }), entry('b')]);
  expect(withContribution(list, entry('c'))).toEqual([...list, entry('c')]);
  expect(withContribution(list, { task: 'gone', state: 'sent', sent: 5 })).toEqual(list);
});

test('the newest 200 are kept', () => {
  let list: readonly Contribution[] = [];
  for (let i = 0; i < 250; i += 1) list = withContribution(list, entry(`t${i}`));
  expect(list).toHaveLength(200);
  expect(list[0]!.task).toBe('t50');
});
