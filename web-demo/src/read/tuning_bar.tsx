import { useId } from 'preact/hooks';

import { items, recording } from '../site';
import { capitalised } from '../words';
import { detourEvery, strongestTopics, type Tuning } from './feed_order';
import { tuning } from './feed_state';
import { profile } from './profile_state';

const steps = 20;

function Slider({ label, value, change, words }: { label: string; value: number; change: (value: number) => void; words: string }) {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input id={id} type="range" min="0" max={steps} value={value * steps} aria-describedby={`${id}-words`}
        onInput={({ currentTarget }) => change(Number(currentTarget.value) / steps)} />
      <p id={`${id}-words`} class="slider-words">{words}</p>
    </div>
  );
}

function diversityWords({ diversity }: Tuning): string {
  if (diversity === 0) return 'By what suits you best alone.';
  return diversity < 0.5 ? 'Neighbours in the list are less alike.' : 'Each article as unlike those above it as may be.';
}

function surpriseWords({ surprise }: Tuning): string {
  const every = detourEvery(surprise);
  if (every === 0) return 'No detours.';
  const strongest = strongestTopics(profile.value?.interests ?? [], new Set([...items.value.values()].map(({ topic }) => topic)));
  if (strongest.length === 0) return 'Works once you have read something.';
  const place = every === 2 ? 'Every other place' : `Every ${every}th place`.replace('3th', '3rd');
  return `${place} goes to something other than ${strongest.map(capitalised).join(', ')}.`;
}

export function TuningBar({ changed }: { changed: () => void }) {
  const set = (part: Partial<Tuning>) => {
    tuning.value = { ...tuning.value, ...part };
    changed();
  };
  if (!recording()) return null;
  return (
    <section class="tuning" aria-label="How the list is made">
      <Slider label="Diversity" value={tuning.value.diversity} words={diversityWords(tuning.value)} change={(diversity) => set({ diversity })} />
      <Slider label="Surprise" value={tuning.value.surprise} words={surpriseWords(tuning.value)} change={(surprise) => set({ surprise })} />
    </section>
  );
}
