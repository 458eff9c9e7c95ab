// Whether the site itself is kept on this device, for visits without a network: only for visitors who
// agreed to be remembered.

const script = 'offline.js';
const cacheName = 'sotto-demo';
let kept: boolean | null = null;

export function keepForOffline(keep: boolean): void {
  if (keep === kept || !('serviceWorker' in navigator)) return;
  kept = keep;
  void (keep ? navigator.serviceWorker.register(script) : drop()).catch(() => {
    // Storage is blocked, or the page is not served securely: visits need a network then.
  });
}

async function drop(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.unregister();
  await caches.delete(cacheName);
}
