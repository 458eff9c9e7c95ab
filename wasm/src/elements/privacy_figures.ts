// A visitor's privacy state as sentences and figures in their language.

import type { Contribution, PrivacyState } from '../types.js';
import { fillMessage, type PrivacyMessages } from './privacy_messages.js';

type Language = string | undefined;

const dayMs = 86_400_000;

/** What of the window's budget is spent, 0 .. 1: in rho, in which equal reports cost equal parts. */
export function spentPart({ window: { spentRho, leftRho } }: PrivacyState): number {
  const limit = spentRho + leftRho;
  return limit > 0 ? Math.min(spentRho / limit, 1) : 1;
}

function epsilon(value: number, language: Language): string {
  return value.toLocaleString(language, { maximumFractionDigits: value < 0.1 ? 4 : 2 });
}

export interface BudgetWords {
  readonly spent: string;
  readonly details: readonly string[];
}

export function budgetWords(state: PrivacyState, messages: PrivacyMessages,
  language: Language): BudgetWords {
  const { window, lifetime, delta } = state;
  const days = (window.ms / dayMs).toLocaleString(language, { maximumFractionDigits: 1 });
  const percent = spentPart(state).toLocaleString(language, { style: 'percent' });
  const figures = (of: { readonly spentEpsilon: number; readonly limitEpsilon: number }) => ({
    days,
    delta: delta.toExponential(),
    spent: epsilon(of.spentEpsilon, language),
    limit: epsilon(of.limitEpsilon, language),
  });
  return {
    spent: fillMessage(messages.budgetSpent, { percent, days }),
    details: [fillMessage(messages.budgetWindow, figures(window)),
      fillMessage(messages.budgetLifetime, figures(lifetime))],
  };
}

/** Why nothing is sent, or that something may be. */
export function blockedWords({ blocked, consent }: PrivacyState, messages: PrivacyMessages): string {
  if (blocked !== null) return messages.blocked[blocked];
  return consent.contribute ? messages.contributing : '';
}

export interface ContributionWords {
  readonly state: string;
  readonly cost: string;
}

export function contributionWords(contribution: Contribution, messages: PrivacyMessages,
  language: Language): ContributionWords {
  const { state, kind, code, sent, sendAt, created, bytes } = contribution;
  const at = state === 'sent' ? sent ?? created : state === 'waiting' ? sendAt : created;
  const date = new Date(at).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
  const size = (bytes / 1000).toLocaleString(language,
    { style: 'unit', unit: 'kilobyte', maximumSignificantDigits: 3 });
  return {
    state: fillMessage(messages.states[state], { date, code: code ?? '' }),
    cost: fillMessage(kind === 'zero_report' ? messages.zeroReport : messages.report,
      { epsilon: epsilon(contribution.epsilon, language), size }),
  };
}
