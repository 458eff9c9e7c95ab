import { recording } from '../site';
import { duration, percent } from '../words';
import { profile } from './profile_state';

/** What this device noted of an item, as it notes it. */
export function NotedHere({ id }: { id: string }) {
  if (!recording()) return null;
  const events = (profile.value?.recent ?? []).filter(({ item }) => item === id);
  const dwell = events.filter(({ type }) => type === 'dwell').reduce((sum, { value }) => sum + value, 0);
  const depth = Math.max(0, ...events.filter(({ type }) => type === 'scroll').map(({ value }) => value));
  const said = [
    events.some(({ type }) => type === 'view' || type === 'click') && 'that you opened it',
    dwell > 0 && `that you looked at it for ${duration(dwell)}`,
    depth > 0 && `that you saw ${percent(depth)} of it`,
    events.some(({ type }) => type === 'like') && 'that you want more like it',
    events.some(({ type }) => type === 'dislike') && 'that you want less like it',
    events.some(({ type }) => type === 'hide') && 'that you never want to see it again',
  ].filter((text) => typeof text === 'string');
  return (
    <aside class="noted" aria-label="Noted on this device">
      <p><span class="tag">On this device only</span> {said.length > 0 ? `Noted: ${said.join(', ')}.` : 'Nothing is noted of this article yet.'} <span class="quiet">How long and how far is written down when you leave.</span></p>
    </aside>
  );
}
