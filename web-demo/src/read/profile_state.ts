// What the device knows, asked for anew when it may have changed and somebody looks.
import { effect, signal } from '@preact/signals';
import type { Profile } from 'sotto';

import { changed, phase, sotto } from '../site';

/** null: not known (yet). */
export const profile = signal<Profile | null>(null);

const pauseMs = 250;
let timer: ReturnType<typeof setTimeout> | undefined;

effect(() => {
  if (phase.value !== 'ready') return;
  changed.value;
  clearTimeout(timer);
  timer = setTimeout(() => {
    sotto.value?.profile().then((known) => {
      profile.value = known;
    }, () => {
      profile.value = null; // no model yet; the next change asks again
    });
  }, pauseMs);
});
