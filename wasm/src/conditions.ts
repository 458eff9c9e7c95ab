// What only a page can tell of its browser: signals that decide, and moments that suit.
import type { Signals } from './engine/rpc.js';

interface Hints {
  readonly globalPrivacyControl?: boolean;
  readonly connection?: { readonly saveData?: boolean; readonly type?: string };
  getBattery?(): Promise<{ readonly charging: boolean }>;
}

export function signals(): Signals {
  const { globalPrivacyControl } = navigator as Navigator & Hints;
  return { gpc: globalPrivacyControl === true, automation: navigator.webdriver === true };
}

/** On mains and unmetered, as far as the browser tells; those that do not tell are taken at their
 * best. */
async function suits(): Promise<boolean> {
  const hints = navigator as Navigator & Hints;
  if (hints.connection?.saveData === true || hints.connection?.type === 'cellular') return false;
  try {
    return (await hints.getBattery?.())?.charging ?? true;
  } catch {
    return true;
  }
}

/** Calls once, when the page has nothing to do and the moment suits, unless it is gone by then. */
export function whenIdle(call: () => void, alive: () => boolean): void {
  const soon = globalThis.requestIdleCallback ?? ((then: () => void) => setTimeout(then, 200));
  soon(() => {
    void suits().then((good) => {
      if (alive() && good && document.visibilityState === 'visible') call();
    });
  });
}
