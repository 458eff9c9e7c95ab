// While a pointer is pressed on a list, or a key on one of its cards, nothing in it may move: the
// click that follows has to hit what was meant.

/** Calls `released` after each such moment, once its click has been delivered. Returns whether one
 * lasts. */
export function holdWhilePressed(list: HTMLElement, signal: AbortSignal,
  released: () => void): () => boolean {
  let held = false;
  const hold = () => {
    held = true;
  };
  const release = () => {
    if (!held) return;
    setTimeout(() => {
      held = false;
      if (!signal.aborted) released();
    });
  };
  const options = { capture: true, passive: true, signal };
  list.addEventListener('pointerdown', hold, options);
  list.addEventListener('keydown', ({ key }) => {
    if (key === 'Enter' || key === ' ') hold();
  }, options);
  for (const type of ['pointerup', 'pointercancel', 'keyup', 'blur'])
    window.addEventListener(type, release, options);
  return () => held;
}
