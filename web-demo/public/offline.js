// The service worker, there for visitors who agreed to be remembered. It keeps the site itself and what
// is the same for everybody; texts of articles are not kept, since which ones are there would be a
// history.
const name = 'sotto-demo';
const data = ['demo/config.json', 'demo/items.json'];

const keep = async () => {
  const files = await (await fetch('offline.json', { cache: 'no-cache' })).json();
  const cache = await caches.open(name);
  await cache.addAll(['./', 'early.js', 'icon.svg', ...data, ...files]);
  const wanted = new Set(['./', 'early.js', 'icon.svg', ...data, ...files].map((path) => new URL(path, self.registration.scope).href));
  for (const { url } of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
};

self.addEventListener('install', (event) => {
  self.skipWaiting();
  event.waitUntil(keep());
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  event.respondWith((async () => {
    try {
      return await fetch(request);
    } catch (error) {
      const kept = await caches.match(request, { cacheName: name, ignoreVary: true });
      if (kept) return kept;
      throw error;
    }
  })());
});
