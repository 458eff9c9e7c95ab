// Reads Settings that were stored by this version, another one, or somebody with the developer tools.
import type { Contribution } from '../types.js';
import { noSettings, type Settings, type SiteInfo } from './storage.js';

const mostContributions = 200;

type Fields = Readonly<Record<string, unknown>>;
export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isAmount = (value: unknown): value is number => isTime(value) && value >= 0;

const states: readonly unknown[] = ['waiting', 'sent', 'expired', 'refused', 'withdrawn'];

function isContribution(value: unknown): value is Contribution {
  return isFields(value) && typeof value['task'] === 'string' && states.includes(value['state']) &&
    (value['kind'] === 'report' || value['kind'] === 'zero_report') &&
    ['created', 'sendAt', 'rho', 'epsilon', 'bytes'].every((name) => isAmount(value[name])) &&
    (value['sent'] === null || isTime(value['sent'])) &&
    (value['code'] === undefined || typeof value['code'] === 'string');
}

function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

export function readSiteInfo(value: unknown): SiteInfo | null {
  if (!isFields(value)) return null;
  const { site, leader } = value;
  if (typeof site !== 'string' || typeof leader !== 'string') return null;
  if (!isWebAddress(leader)) return null;
  return { site, leader: leader.replace(/\/+$/, '') };
}

/** What is not sound is as if it had never been stored; a consent is there or it is not. */
export function readSettings(value: unknown): Settings {
  if (!isFields(value)) return noSettings;
  const consent = isFields(value['consent']) ? value['consent'] : {};
  const personalise = consent['personalise'] === true;
  const { contributions, maxEvents } = value;
  return {
    consent: { personalise, contribute: personalise && consent['contribute'] === true },
    paused: value['paused'] === true,
    contributions: Array.isArray(contributions) ? contributions.filter(isContribution).slice(-mostContributions) : [],
    site: readSiteInfo(value['site']),
    maxEvents: isTime(maxEvents) && Number.isInteger(maxEvents) && maxEvents > 0 ? maxEvents : null,
    ledgerLost: value['ledgerLost'] === true,
  };
}

/** The list with one more, or with the entry of that task changed; the newest 200. What is no whole
 * entry and changes none is nothing: its entry is forgotten, or older than those. */
export function withContribution(
  list: readonly Contribution[],
  changed: Pick<Contribution, 'task'> & Partial<Contribution>,
): readonly Contribution[] {
  const known = list.some(({ task }) => task === changed.task);
  const next = known
    ? list.map((entry) => (entry.task === changed.task ? { ...entry, ...changed } : entry))
    : isContribution(changed) ? [...list, changed] : list;
  return next.slice(-mostContributions);
}
