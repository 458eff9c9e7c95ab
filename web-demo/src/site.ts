// The site's data and its one recommender, as signals that pages read.
import { signal } from '@preact/signals';
import {
  createRecommender, SottoError, type PrivacyState, type Recommender, type RecommenderEventMap, type Status,
} from 'sotto';

import type { DemoConfig, DemoItem } from './contract';
import { keepForOffline } from './offline';
import { missingFeature } from './supported';

/** 'unreachable': the site's server does not answer, and nothing is kept here; 'unsupported': the
 * browser lacks what the recommender needs; 'broken': the recommender could not start. */
export type Phase = 'loading' | 'ready' | 'unreachable' | 'unsupported' | 'broken';

export type ChangeReason = RecommenderEventMap['change']['detail']['reason'];

export const phase = signal<Phase>('loading');
/** For phases that are failures: what is wrong. */
export const failure = signal('');
export const config = signal<DemoConfig | null>(null);
/** By id, in the server's order. */
export const items = signal<ReadonlyMap<string, DemoItem>>(new Map());
export const sotto = signal<Recommender | null>(null);
export const privacy = signal<PrivacyState | null>(null);
export const status = signal<Status | null>(null);
/** Counts up when lists may differ from before. */
export const changed = signal<{ readonly count: number; readonly reason: ChangeReason | null }>({ count: 0, reason: null });

/** The leader's origin; '' while it is not known. */
export const leaderOrigin = (): string => (config.value ? new URL(config.value.siteUrl, document.baseURI).origin : '');

export async function getJson<T>(path: string): Promise<T> {
  // As the preloads in index.html ask, so that these are used.
  const answer = await fetch(path, { credentials: 'same-origin' });
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status}`);
  return await answer.json() as T;
}

export async function start(): Promise<void> {
  phase.value = 'loading';
  try {
    const [given, list] = await Promise.all([
      getJson<DemoConfig>('demo/config.json'), getJson<readonly DemoItem[]>('demo/items.json')]);
    config.value = given;
    items.value = new Map(list.map((item) => [item.id, item]));
  } catch (error) {
    failure.value = String(error);
    phase.value = 'unreachable';
    return;
  }
  const missing = missingFeature();
  if (missing !== null) {
    failure.value = missing;
    phase.value = 'unsupported';
    return;
  }
  try {
    follow(await createRecommender({
      site: config.value.siteUrl,
      identities: config.value.identities,
      budget: config.value.budget,
      demo: true,
      allowAutomation: true,
    }));
    phase.value = 'ready';
  } catch (error) {
    failure.value = messageOf(error);
    phase.value = 'broken';
  }
}

function follow(recommender: Recommender): void {
  sotto.value = recommender;
  privacy.value = recommender.privacy;
  status.value = recommender.status;
  keepForOffline(recommender.privacy.consent.personalise);
  recommender.addEventListener('privacy', ({ detail }) => {
    privacy.value = detail;
    keepForOffline(detail.consent.personalise);
  });
  recommender.addEventListener('status', ({ detail }) => {
    status.value = detail;
  });
  recommender.addEventListener('change', ({ detail }) => {
    changed.value = { count: changed.peek().count + 1, reason: detail.reason };
  });
  recommender.observe(document.body);
}

/** Whether what the visitor does is recorded now. */
export const recording = (): boolean => privacy.value?.consent.personalise === true && !privacy.value.paused;

export function messageOf(error: unknown): string {
  if (error instanceof SottoError) return `${error.message} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}
