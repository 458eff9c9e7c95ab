// The crowd as the demo's server tells it, once a second while somebody looks.
import { signal } from '@preact/signals';

import type { Crowd } from '../contract';
import { getJson } from '../site';

export const crowd = signal<Crowd | null>(null);
/** Since when the server has not answered; null: it does. */
export const silentSince = signal<number | null>(null);

const everyMs = 1000;

/** Returns what ends it. */
export function watchCrowd(): () => void {
  let ended = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const ask = async () => {
    if (ended || document.hidden) return;
    try {
      crowd.value = await getJson<Crowd>('demo/crowd.json');
      silentSince.value = null;
    } catch {
      silentSince.value ??= Date.now();
    }
    clearTimeout(timer);
    if (!ended) timer = setTimeout(() => void ask(), everyMs);
  };
  const shown = () => void ask();
  document.addEventListener('visibilitychange', shown);
  void ask();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', shown);
  };
}
