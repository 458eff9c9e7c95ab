// What <sotto-privacy> says. A translation gives any of these; {name} stands for a figure.

import type { Blocked, Contribution } from '../types.js';

export interface PrivacyMessages {
  heading: string;
  intro: string;
  personalise: string;
  personaliseHint: string;
  contribute: string;
  contributeHint: string;
  /** {reason} is one of the next. */
  blocked: Readonly<Record<Blocked, string>>;
  contributing: string;
  memory: string;
  budget: string;
  /** {percent}, {days} */
  budgetSpent: string;
  /** {spent}, {limit}, {delta}: epsilons and their delta */
  budgetWindow: string;
  budgetLifetime: string;
  /** {count} */
  contributions: string;
  noContributions: string;
  /** {date} */
  states: Readonly<Record<Contribution['state'], string>>;
  /** {epsilon}, {size} */
  report: string;
  zeroReport: string;
  pause: string;
  resume: string;
  export: string;
  forget: string;
  forgetQuestion: string;
  forgetConfirm: string;
  cancel: string;
  paused: string;
  resumed: string;
  exported: string;
  forgotten: string;
  /** {code} */
  failed: string;
}

/** As many as a translation has. */
export type GivenMessages = Partial<Omit<PrivacyMessages, 'blocked' | 'states'>> & {
  readonly blocked?: Partial<PrivacyMessages['blocked']>;
  readonly states?: Partial<PrivacyMessages['states']>;
};

export const english: PrivacyMessages = {
  heading: 'Your recommendations',
  intro: 'They are made on this device, from what you do on this site. That history never leaves it.',
  personalise: 'Personal recommendations',
  personaliseHint: 'Remembers on this device what you read here, and sorts lists by it. While this ' +
    'is off, nothing is recorded.',
  contribute: 'Help everybody\'s recommendations',
  contributeHint: 'Now and then sends one report. Two servers add up the reports of many people, ' +
    'with noise, and neither of them can read yours.',
  blocked: {
    consent: 'Nothing is sent: you have not agreed to it.',
    gpc: 'Nothing is sent: your browser tells sites not to share data (Global Privacy Control).',
    automation: 'Nothing is sent: this browser is being driven by a program.',
    paused: 'Paused: nothing is recorded and nothing is sent until you resume.',
    storage: 'Nothing is sent: this browser keeps nothing after the page is closed, so what was ' +
      'spent of your privacy budget could not be remembered.',
    locks: 'Nothing is sent: this browser cannot make sure that two tabs do not report the same ' +
      'thing twice.',
    ledger: 'Nothing is sent: the record of what was spent of your privacy budget is damaged. ' +
      'Forgetting everything starts a new one.',
    budget: 'Nothing is sent: your privacy budget is spent for now.',
  },
  contributing: 'A report is sent when the site asks for one.',
  memory: 'This browser\'s storage is blocked, so your profile ends with this page.',
  budget: 'Privacy budget',
  budgetSpent: '{percent} spent in the last {days} days',
  budgetWindow: 'In {days} days: epsilon {spent} of at most {limit}, at delta {delta}.',
  budgetLifetime: 'Ever: epsilon {spent} of at most {limit}.',
  contributions: 'Reports: {count}',
  noContributions: 'None so far.',
  states: {
    waiting: 'Waits, to be sent {date}',
    sent: 'Sent {date}',
    expired: 'Never sent: too late ({date})',
    refused: 'Refused by the server ({date})',
    withdrawn: 'Withdrawn before it was sent ({date})',
  },
  report: 'epsilon {epsilon}, {size}',
  zeroReport: 'empty, so it costs nothing; {size}',
  pause: 'Pause',
  resume: 'Resume',
  export: 'Export',
  forget: 'Forget everything',
  forgetQuestion: 'Forget everything that this site knows on this device? Your history, your ' +
    'interests and your choices here go, and cannot be brought back.',
  forgetConfirm: 'Forget',
  cancel: 'Keep',
  paused: 'Paused.',
  resumed: 'Resumed.',
  exported: 'Exported as a file.',
  forgotten: 'Everything on this device is forgotten.',
  failed: 'That did not work ({code}).',
};

/** English with what `given` has of its own. Throws for a key that is not known, or not a text. */
export function mergeMessages(given: unknown): PrivacyMessages {
  return merge(english, given, 'messages') as PrivacyMessages;
}

function merge(base: object, given: unknown, path: string): object {
  if (given === undefined || given === null) return base;
  if (typeof given !== 'object') throw new TypeError(`${path}: an object is needed`);
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(given)) {
    const usual = Object.hasOwn(merged, key) ? merged[key] : undefined;
    if (usual === undefined) throw new TypeError(`${path}.${key}: not a message`);
    if (typeof usual === 'object' && usual !== null) merged[key] = merge(usual, value, `${path}.${key}`);
    else if (typeof value === 'string') merged[key] = value;
    else throw new TypeError(`${path}.${key}: a text is needed`);
  }
  return merged;
}

/** `text` with {name} replaced by figures[name]; an unknown name stays as it is. */
export function fillMessage(text: string, figures: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    (Object.hasOwn(figures, name) ? figures[name] ?? whole : whole));
}
