// What a page sees of the package: measured in it, from the call to the answer. Milliseconds.
const ms = (since) => performance.now() - since;
export const pause = (length) => new Promise((done) => setTimeout(done, length));

/** The site's address below the page's origin, its identities, options of createRecommender. */
export async function open(site, identities, options = {}) {
  const { createRecommender } = await import('/sotto/index.js');
  return createRecommender({ site: `${site}/v1/site.json`, identities, demo: true, allowAutomation: true,
    workerUrl: '/probed/worker.js', budget: { windowRho: 8, lifetimeRho: 8 }, ...options });
}

export async function untilModel(sotto) {
  while (sotto.status.model === null) await pause(5);
}

/** A history of `n` items, spread over the catalogue, a minute apart, the latest an hour
 * ago. */
export async function likeMany(sotto, n, nItems) {
  const from = Date.now() - 3_600_000 - 60_000 * n;
  const kept = await Promise.all(Array.from({ length: n }, (_, i) => sotto.track({
    type: 'like', item: `item-${i * Math.floor(nItems / n)}`, timestamp: from + 60_000 * i })));
  if (!kept.every((one) => one)) throw new Error('an event was dropped');
}

let clicked; // the time of the last click: at a person's pace, which the benchmark's is not

/** The visitor clicks what the list shows first, which he had not seen: an event, "change", a new list.
 * The next one begins when the event is stored, and after a rest of so many milliseconds: a machine that
 * has rested answers later. Before the first one that counts the browser has compiled what it calls often.
 * @returns {Promise<{changed: number[], asked: number[], durable: number[]}>}
 *   changed: the page asks when "change" fires; asked: it asks right behind the event, without waiting;
 *   durable: it waits until the event is stored, then asks. They take turns, another one first each time. */
export async function measureEvents(sotto, repeats, rest, warmUps = 60) {
  const ask = () => sotto.recommend({ count: 20 });
  let list = await ask();
  const times = { changed: [], asked: [], durable: [] };
  let stored;
  const ways = {
    changed: (event) => new Promise((done, fail) => {
      const hear = ({ detail }) => {
        if (detail.reason !== 'event') return;
        sotto.removeEventListener('change', hear);
        ask().then(done, fail);
      };
      sotto.addEventListener('change', hear);
      stored = sotto.track(event);
      stored.catch(fail);
    }),
    asked(event) {
      stored = sotto.track(event);
      return ask();
    },
    async durable(event) {
      await (stored = sotto.track(event));
      return ask();
    },
  };
  for (let r = -warmUps; r < repeats; ++r) {
    const order = Object.entries(ways);
    for (let first = (r + warmUps) % order.length; first > 0; --first) order.push(order.shift());
    for (const [name, way] of order) {
      clicked ??= Date.now() - 3_500_000;
      const event = { type: 'click', item: list[0].item, timestamp: (clicked += 2000) };
      const begin = performance.now();
      const next = await way(event);
      if (r >= 0) times[name].push(ms(begin));
      if (next.length !== 20 || next[0].source !== 'personal') throw new Error('no list');
      if (next.some(({ item }) => item === event.item)) throw new Error('the list did not change');
      list = next;
      await stored;
      if (rest > 0) await pause(rest);
    }
  }
  return times;
}

/** What the page's worker measured of itself: package_probe.js. */
export function measured() {
  const channel = new BroadcastChannel('bench');
  return new Promise((done) => {
    channel.onmessage = ({ data }) => {
      if (data.kind === 'measured') done(data);
    };
    channel.postMessage('measured');
  }).finally(() => channel.close());
}

/** From the page to a worker that does nothing else, and back. */
export async function measureEcho(repeats, warmUps = 30) {
  const worker = new Worker(URL.createObjectURL(new Blob(['onmessage = ({ data }) => postMessage(data);'])));
  const times = [];
  for (let r = -warmUps; r < repeats; ++r) {
    const begin = performance.now();
    await new Promise((done) => {
      worker.onmessage = done;
      worker.postMessage({ at: begin });
    });
    if (r >= 0) times.push(ms(begin));
    await pause(10);
  }
  worker.terminate();
  return times;
}

/** Everything that a new page does until it has its first list. */
export async function firstList(site, identities) {
  const begin = performance.now();
  const sotto = await open(site, identities);
  const opened = ms(begin);
  const list = await sotto.recommend({ count: 20 });
  const end = ms(begin);
  if (list.length !== 20 || list[0].source !== 'personal') throw new Error('no list of the cached model');
  return { opened, list: end };
}

// The longest gap between two frames of the page until `ended` resolves.
async function longestGap(ended) {
  let running = true;
  const gap = new Promise((done) => {
    let before = null, longest = 0;
    const frame = () => {
      const now = performance.now();
      if (before !== null) longest = Math.max(longest, now - before);
      before = now;
      if (running) requestAnimationFrame(frame);
      else done(longest);
    };
    requestAnimationFrame(frame);
  });
  await ended();
  running = false;
  return gap;
}

/** A contribution as the engine makes it, and the page's frames for as long without one. */
export async function measureContribution(sotto) {
  const channel = new BroadcastChannel('bench');
  const told = {};
  channel.onmessage = ({ data }) => { told[data.kind] = data.ms; };
  const begin = performance.now();
  const frames = await longestGap(async () => {
    await sotto.setConsent({ personalise: true, contribute: true });
    while (told.durable === undefined) {
      if (ms(begin) > 20_000) throw new Error(`no contribution: ${JSON.stringify(sotto.privacy)}`);
      await pause(20);
    }
    await pause(200);
  });
  const length = ms(begin);
  const framesWithout = await longestGap(() => pause(length));
  channel.close();
  const [made] = sotto.privacy.contributions;
  if (made?.kind !== 'report') throw new Error(`${made?.kind}: no report`);
  return { computed: told.computed, durable: told.durable, frames, framesWithout, bytes: made.bytes };
}
