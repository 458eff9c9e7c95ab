// What sotto.wasm does through its loader, wherever it runs: Node, a page, a worker. Every case gets
//   site   what it needs: load() -> a new SottoCore, hashesOf of that class, files (name -> bytes, of
//          tests/fixture)
// and throws when something does not hold. Nothing here knows a test runner.

export const now = 1_700_000_640_000;
const day = 24 * 3600 * 1000;

function fail(message) {
  throw new Error(message);
}
export function check(holds, message) {
  if (!holds) fail(message);
}
export function same(found, expected, message = 'differs') {
  const text = (value) => JSON.stringify(value, (_, part) =>
    part instanceof Uint8Array ? [...part] : part);
  if (text(found) !== text(expected))
    fail(`${message}: ${text(found)?.slice(0, 200)} is not ${text(expected)?.slice(0, 200)}`);
}
export function fails(code, call, message = code) {
  try {
    call();
  } catch (error) {
    if (error.code === code) return error;
    fail(`${message}: threw ${error.code ?? error}`);
  }
  return fail(`${message}: did not throw`);
}

const numbers = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};
const model = ({ files }, manifest = 'manifest') => ({ manifest: files[manifest],
  snapshot: files[manifest === 'manifest-tuned' ? 'snapshot-tuned' : 'snapshot'],
  catalogue: files.catalogue });
const taskFiles = ({ files }, task = 'task') =>
  ({ task: files[task], leaderKey: files['leader-key'], helperKey: files['helper-key'] });
const options = ({ files: { identities } }, more = {}) => ({ site: 'shop.example',
  publisher: identities.slice(0, 32), leader: identities.slice(32, 64),
  helper: identities.slice(64, 96), ...more });

/** Stored records as a host keeps them. */
export class Storage {
  records = new Map();
  commit(changes) {
    for (const { key, bytes } of changes) {
      if (bytes === null) this.records.delete(key);
      else this.records.set(key, bytes);
    }
  }
  all() {
    return [...this.records].map(([key, bytes]) => ({ key, bytes }));
  }
}

async function visitor(site, { more = {}, storage = new Storage(), manifest = 'manifest' } = {}) {
  const core = await site.load();
  storage.commit(core.open(options(site, more), storage.all(), now).changes);
  storage.commit(core.loadModel(model(site, manifest), now));
  return { core, storage };
}
function like(core, storage, items, from = now) {
  items.forEach((i, n) => {
    const event = { type: 'like', item: `item-${i}`, timestamp: from + 3000 * n };
    const { kept, changes } = core.track(event, event.timestamp);
    check(kept !== null, `item-${i} is kept`);
    storage.commit(changes);
  });
}
const ids = (list) => list.map(({ item }) => item);
// A profile is kept until an event changes it, and what fades with time fades on meanwhile: by less
// than a millionth in a test.
function sameList(found, expected, message) {
  same(ids(found), ids(expected), message);
  found.forEach(({ score, source }, i) => {
    check(Math.abs(score - expected[i].score) < 1e-6, `${message}: score ${i}`);
    same(source, expected[i].source, `${message}: source ${i}`);
  });
}

export const cases = {
  async 'an instance says its version, and takes no more memory than it gives back'({ load }) {
    const core = await load();
    check(/^\d+\.\d+\.\d+$/.test(core.version), core.version);
    core.close();
    fails('INVALID_ARGUMENT', () => core.save());
  },

  async 'before it is open, or without a model, a device says so'(site) {
    const core = await site.load();
    fails('INVALID_ARGUMENT', () => core.save());
    core.open(options(site), [], now);
    fails('NOT_FOUND', () => core.recommend({}, now));
    fails('NOT_FOUND', () => core.describeModel());
    fails('NOT_FOUND', () => core.contribute(taskFiles(site), now));
  },

  async 'an event in three steps is the event in one'(site) {
    const whole = await visitor(site), steps = await visitor(site);
    for (const { core, storage } of [whole, steps]) like(core, storage, [3, 13, 23]);
    for (const [n, i] of [43, 44, 53].entries()) {
      const event = { type: 'click', item: `item-${i}`, timestamp: now + 3000 * (n + 10) };
      const { kept, changes } = whole.core.track(event, event.timestamp);
      whole.storage.commit(changes);
      const recorded = steps.core.record(event, event.timestamp);
      same(recorded.kept, kept, 'kept alike');
      check(recorded.changes.length < changes.length, 'something is left to do');
      steps.storage.commit(recorded.changes);
      if (i !== 44) steps.core.prepare(event.timestamp);
      sameList(steps.core.recommend({ count: 20 }, event.timestamp),
        whole.core.recommend({ count: 20 }, event.timestamp), 'the list does not wait for the rest');
      if (i !== 44) steps.storage.commit(steps.core.settle()); // else the next event settles it
    }
    same(steps.core.settle(), [], 'nothing is due twice');
    same(steps.core.summarizePrequential(), whole.core.summarizePrequential());
    same(steps.storage.records.get('device/cleaner'), whole.storage.records.get('device/cleaner'));
    same(steps.storage.records.get('device/prequential'), whole.storage.records.get('device/prequential'));
    const empty = await site.load();
    fails('INVALID_ARGUMENT', () => empty.settle());
    empty.open(options(site), [], now);
    same(empty.settle(), [], 'nothing has happened');
    fails('NOT_FOUND', () => empty.prepare(now));
  },

  async 'a round: model, events, lists, reasons, interests'(site) {
    const { core, storage } = await visitor(site);
    const described = core.describeModel();
    same([described.sequence, described.rows, described.live, described.dim, described.tags,
      described.demo], [2, 400, 400, 16, 10, true]);
    same(core.listItems()[399], { live: true, item: 'item-399' });

    same(core.recommend({ count: 5 }, now).map(({ source }) => source),
      Array(5).fill('popular'), 'before the first event');
    same(core.recommend({ count: 3, contextItem: 'item-7' }, now)[0].source, 'content');
    like(core, storage, [3, 13, 23, 33]);
    const list = core.recommend({ count: 30 }, now + day);
    same(list.length, 30);
    check(list.every(({ source }) => source === 'personal'), 'personal');
    check(list.every(({ score }, i) => i === 0 || score <= list[i - 1].score), 'best first');
    same(new Set(ids(list)).size, 30, 'distinct');
    check(ids(list).filter((id) => Number(id.slice(5)) % 10 === 3).length > 6,
      'twice as many of the category as by chance');

    const { score, reasons } = core.explain(list[0].item, 3, now + day);
    check(Math.abs(score - list[0].score) < 1e-4, 'the score that was listed');
    check(reasons.length > 0 && reasons.every(({ item, drop }) => drop > 0 &&
      ['item-3', 'item-13', 'item-23', 'item-33'].includes(item)), 'reasons of the history');
    same(ids(core.similar('item-3', { count: 5 }, now + day)).includes('item-3'), false);

    const interests = core.interests(now + day);
    same(interests.map(({ name }) => name), ['category-3']);
    check(Math.abs(interests[0].share - 1) < 1e-9, 'shares sum to one');
    same(core.countCleaning().received, 4);
    check(core.summarizePrequential().n === 3, 'the first one had no history before it');
    const before = core.memoryUsed;
    for (let i = 0; i < 100; ++i) core.recommend({ count: 50 }, now + day);
    check(core.memoryUsed < before + 65536, 'nothing leaks');
  },

  async 'an event that is wrong is dropped with a reason, and counted'(site) {
    const { core } = await visitor(site);
    const drop = (event, at = now) => core.track({ timestamp: now, item: 'item-1', ...event }, at).dropped;
    same(drop({ type: 'like', item: '' }), 'invalid');
    same(drop({ type: 'rating', value: 7 }), 'invalid');
    same(drop({ type: 'click', value: NaN }), 'invalid');
    same(drop({ type: 'view', timestamp: now + day }), 'future');
    same(drop({ type: 'view' }), null);
    same(drop({ type: 'view' }), 'duplicate');
    same(core.countCleaning().dropped.invalid, 3);
    try {
      drop({ type: 'sneeze' });
      fail('sneeze');
    } catch (error) {
      check(error instanceof TypeError && error.message.startsWith('type'), String(error));
    }
  },

  async 'filters never leak'(site) {
    const { core, storage } = await visitor(site);
    like(core, storage, [1, 2, 3, 4, 5, 6]);
    storage.commit(core.track({ type: 'hide', item: 'item-50', timestamp: now + 60_000 },
      now + 60_000).changes);
    const random = numbers(1);
    const at = now + day;
    for (let round = 0; round < 40; ++round) {
      const chosen = new Set(Array.from({ length: 300 }, () => `item-${Math.floor(random() * 450)}`));
      const rest = { count: 1 + Math.floor(random() * 200), diversity: random() < .5 ? 0 : random(),
        contextItem: `item-${Math.floor(random() * 400)}`, includeSeen: random() < .5 };
      const forbidden = (id) => id === 'item-50' || id === rest.contextItem ||
        (!rest.includeSeen && Number(id.slice(5)) >= 1 && Number(id.slice(5)) <= 6);
      const lists = [
        [core.recommend({ ...rest, exclude: chosen }, at), (id) => !chosen.has(id)],
        [core.recommend({ ...rest, only: chosen }, at), (id) => chosen.has(id)],
        [core.recommend({ ...rest, filter: (id) => chosen.has(id) }, at), (id) => chosen.has(id)],
        [core.similar('item-9', { ...rest, only: chosen }, at),
          (id) => chosen.has(id) && id !== 'item-9'],
      ];
      for (const [list, allowed] of lists) {
        check(ids(list).every((id) => allowed(id) && !forbidden(id)), 'only what is allowed');
        same(new Set(ids(list)).size, list.length, 'distinct');
      }
      same(lists[1][0], lists[2][0], 'ids and rows say the same');
    }
  },

  async 'tuning: nothing to do without a model, a prior or a history, or when it is off'(site) {
    const core = await site.load();
    fails('INVALID_ARGUMENT', () => core.tune(1, now), 'not open');
    core.open(options(site), [], now);
    same(core.tune(1, now), false, 'no model');
    const plain = await visitor(site);
    like(plain.core, plain.storage, [3, 13, 23]);
    same(plain.core.tune(1, now + day), false, 'no prior');
    const tuned = await visitor(site, { manifest: 'manifest-tuned' });
    same(tuned.core.tune(1, now), false, 'no history');
    const off = await visitor(site, { manifest: 'manifest-tuned', more: { fineTuning: false } });
    like(off.core, off.storage, [3, 13, 23]);
    same(off.core.tune(1, now + day), false, 'off');
    fails('INVALID_ARGUMENT', () => tuned.core.tune(1, -1));
    try {
      tuned.core.tune(-1, now);
      fail('a negative number of steps');
    } catch (error) {
      check(error instanceof RangeError && error.message.startsWith('steps'), String(error));
    }
  },

  async 'a list is tuned when there is no more to do, the same in slices of any size'(site) {
    const at = now + day;
    const tuneToEnd = (core, steps) => {
      let slices = 1;
      while (core.tune(steps, at)) check(++slices < 10_000, 'it ends');
      return slices;
    };
    const lists = [];
    for (const steps of [1, 7, 0xffffffff]) {
      const { core, storage } = await visitor(site, { manifest: 'manifest-tuned' });
      like(core, storage, [3, 13, 23, 4, 14, 33, 43, 53]);
      const plain = core.recommend({ count: 100 }, at);
      check(core.tune(0, at), 'there is something to do');
      check(core.tune(1, at), 'and more than one step of it');
      same(core.recommend({ count: 100 }, at), plain, 'plain until the end');
      const slices = tuneToEnd(core, steps);
      check(steps > 7 ? slices === 1 : slices > 5, `${slices} slices`);
      const tuned = core.recommend({ count: 100 }, at);
      check(JSON.stringify(ids(tuned)) !== JSON.stringify(ids(plain)), 'another list');
      same(new Set(ids(tuned)).size, 100, 'distinct');
      check(tuned.every(({ score }, i) => Number.isFinite(score) &&
        (i === 0 || score <= tuned[i - 1].score)), 'best first');
      check(!ids(tuned).includes('item-3'), 'nothing that was seen');
      same(core.tune(5, at), false, 'nothing more to do');
      same(core.recommend({ count: 100 }, at), tuned, 'and nothing changes');
      const restored = (await visitor(site, { storage, manifest: 'manifest-tuned' })).core;
      tuneToEnd(restored, 5);
      sameList(restored.recommend({ count: 100 }, at), tuned, 'restored');
      lists.push(tuned);
      like(core, storage, [60], at);
      check(core.tune(1, at), 'a new event is more to do');
    }
    lists.forEach((list) => sameList(list, lists[0], 'slices'));
  },

  async 'restored at any event it is the same device'(site) {
    const random = numbers(2);
    const { core, storage } = await visitor(site);
    for (let e = 0; e < 60; ++e) {
      const at = now + 4000 * e;
      const event = { type: ['click', 'view', 'like', 'hide', 'dwell'][Math.floor(random() * 5)],
        item: `item-${Math.floor(random() * 100)}`, timestamp: at, value: undefined };
      storage.commit(core.track(event, at).changes);
      if (e % 7 !== 0) continue;
      const copy = Object.assign(new Storage(), { records: new Map(storage.records) });
      const second = (await visitor(site, { storage: copy })).core;
      for (const request of [{ count: 40 }, { count: 10, diversity: .5, includeSeen: true }])
        sameList(second.recommend(request, at), core.recommend(request, at), `after event ${e}`);
    }
    // But for the ledger, which need not commit that it was told the time.
    const saved = core.save().filter(({ key }) => key !== 'ledger/state');
    same(saved.map(({ key }) => key).sort(),
      [...storage.records.keys()].filter((key) => key !== 'ledger/state').sort(), 'the keys');
    for (const { key, bytes } of saved) same(storage.records.get(key), bytes, key);
    const last = core.recommend({}, now + day);
    core.open(options(site), core.save(), now + day);
    core.loadModel(model(site), now);
    sameList(core.recommend({}, now + day), last, 'opened again from what was saved');
  },

  async 'a contribution is paid for, waits, and is sent once'(site) {
    const { core, storage } = await visitor(site, { more: { windowRho: 2, lifetimeRho: 8 } });
    like(core, storage, [3, 13, 23]);
    const at = now + 60_000;
    const outcome = core.contribute(taskFiles(site), at);
    storage.commit(outcome.changes);
    same([outcome.participation, outcome.rho], ['report', .5]);
    check(outcome.sendAt >= at && outcome.sendAt < now + 3_600_000, 'within the window');
    const privacy = core.overviewPrivacy();
    same([privacy.state, privacy.window.spentRho], ['open', .5]);
    check(privacy.window.spentEpsilon > 5.2 && privacy.window.spentEpsilon < 5.3, 'epsilon');

    same(core.contribute(taskFiles(site), at).participation, 'decided');
    same(core.listOutbox(at).next, outcome.sendAt);
    same(core.listOutbox(outcome.sendAt).due, [outcome.task]);
    const report = core.readReport(outcome.task);
    check(report.body.length > 4 * 7000, 'the leader\'s share is in it');
    same(report.id, report.body.slice(34, 50), 'the id stands in the body');
    const again = (await visitor(site, { storage })).core;
    same(again.readReport(outcome.task), report, 'the same bytes after a restart');
    storage.commit(core.acknowledgeReport(outcome.task));
    fails('NOT_FOUND', () => core.readReport(outcome.task));
    same(core.listOutbox(at).entries[0].state, 'sent');
    storage.commit(core.expireOutbox(now + day));
    same(core.listOutbox(at).entries, []);

    const opted = core.setOptedOut(true);
    check(opted.length > 0 && core.overviewPrivacy().optedOut, 'opted out');
    fails('CANCELLED', () => core.contribute(taskFiles(site, 'task-device-noise'), at));
    core.setOptedOut(false);
    storage.commit(core.forget());
    same(core.recommend({ count: 1 }, at)[0].source, 'popular', 'nothing is known any more');
    same(core.overviewPrivacy().lifetime.spentRho, .5, 'but what was spent');
  },

  async 'files are read before they are used: what to fetch, whose keys, which model'(site) {
    const core = await site.load();
    core.open(options(site), [], now);
    const { files } = site;
    const manifest = core.readManifest(files.manifest, now);
    same([manifest.sequence, manifest.demo, manifest.snapshot.size, manifest.catalogue.size],
      [2, true, files.snapshot.length, files.catalogue.length]);
    fails('NOT_FOUND', () => core.describeModel(), 'nothing is loaded by reading');
    core.loadModel(model(site), now);
    same(core.describeModel().hash, manifest.snapshot.hash);
    fails('REPLAY', () => core.readManifest(files['manifest-old'], now));
    fails('AUTHENTICATION', () => core.readManifest(files.manifest.map((byte, i) => byte ^ (i === 40 ? 1 : 0)), now));
    const task = core.readTask(files.task);
    same([task.kind, task.modelSequence, task.minBatch, task.rho, task.noiseBy],
      ['learning', 2, 100, .5, 'servers']);
    fails('MALFORMED', () => core.readTask(files.task.slice(0, 100)));
    check(Math.abs(core.epsilon(.5) - 5.22153444453) < 1e-6 && core.epsilon(0) === 0, 'golden value');
    fails('INVALID_ARGUMENT', () => core.epsilon(-1));
    fails('INVALID_ARGUMENT', () => core.epsilon(1, 1));
  },

  async 'what is recorded can be read, older events summed up'(site) {
    const { core, storage } = await visitor(site, { more: { maxEvents: 3 } });
    like(core, storage, [3, 13]);
    core.track({ type: 'dwell', item: 'item-3', value: 5000, timestamp: now + 20_000, session: 's' }, now + 20_000);
    same(core.listEvents().events.map(({ type, item, value }) => [type, item, value]),
      [['like', 'item-3', 1], ['like', 'item-13', 1], ['dwell', 'item-3', 5000]]);
    same(core.listEvents().events[2].session, 's');
    like(core, storage, [23, 33], now + 60_000);
    const { events, summaries, forgotten } = core.listEvents();
    check(events.length <= 3 && summaries.length > 0 && forgotten === 0, 'some are summed up');
    same([summaries[0].item, summaries[0].opinion, summaries[0].totals[0]],
      ['item-3', 'like', { type: 'like', count: 1, sum: 1 }]);
  },

  async 'a contribution can be looked at without being made'(site) {
    const { core, storage } = await visitor(site, { more: { windowRho: 2, lifetimeRho: 8 } });
    like(core, storage, [3, 13, 23]);
    const before = core.save();
    const plain = core.previewContribution(taskFiles(site), now + 60_000);
    const { dimension } = core.readTask(site.files.task);
    same([plain.computed.length, plain.noised.length], [dimension, dimension]);
    same(plain.computed, plain.noised, 'no noise of the device where the task asks for none');
    check(plain.computed.some((value) => value !== 0), 'not zero');
    check(plain.leaderShare.length >= 4 * dimension && plain.helperShare.length >= 32, 'two shares');
    const noisy = core.previewContribution(taskFiles(site, 'task-device-noise'), now + 60_000);
    check(noisy.noised.some((value, i) => value !== noisy.computed[i]), 'with noise');
    same(core.save(), before, 'nothing was charged or kept');
  },

  async 'floors of a demonstration hold where the publisher says that it is one'(site) {
    const demo = await visitor(site, { more: { demo: true, windowRho: 4, lifetimeRho: 8 } });
    like(demo.core, demo.storage, [1, 2]);
    same(demo.core.contribute(taskFiles(site, 'task-small'), now + 9000).participation, 'report');
    const plain = await visitor(site);
    fails('BELOW_FLOOR', () => plain.core.contribute(taskFiles(site, 'task-small'), now));
    const unlabelled = await visitor(site,
      { more: { demo: true }, manifest: 'manifest-production' });
    fails('BELOW_FLOOR',
      () => unlabelled.core.contribute(taskFiles(site, 'task-small-production'), now));
  },

  async 'bad files are refused by code, and the model before goes on'(site) {
    const { core } = await visitor(site);
    const { manifest, snapshot, catalogue } = model(site);
    const flipped = (bytes, at) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const load = (files) => () => core.loadModel({ ...model(site), ...files }, now);
    fails('REPLAY', load({ manifest: site.files['manifest-old'] }), 'an older sequence');
    fails('AUTHENTICATION', load({ manifest: flipped(manifest, manifest.length - 100) }));
    fails('AUTHENTICATION', load({ snapshot: flipped(snapshot, snapshot.length >> 1) }));
    fails('AUTHENTICATION', load({ catalogue: flipped(catalogue, 9) }));
    for (const bytes of [manifest.slice(0, -1), new Uint8Array()])
      fails('MALFORMED', load({ manifest: bytes }));
    const hashes = await site.hashesOf(model(site));
    same(hashes.length, 64);
    fails('AUTHENTICATION', load({ hashes: flipped(hashes, 3) }), "another snapshot's");
    fails('AUTHENTICATION', load({ hashes: flipped(hashes, 40) }), "another catalogue's");
    fails('AUTHENTICATION', load({ hashes, snapshot: snapshot.slice(0, -1) }), 'of other bytes');
    for (const bytes of [hashes.slice(0, 63), new Uint8Array(65)])
      fails('MALFORMED', load({ hashes: bytes }));
    load({ hashes })();
    same(core.describeModel().sequence, 2);
    fails('NOT_FOUND', () => core.similar('nobody', {}, now));
    fails('NOT_FOUND', () => core.explain('nobody', 1, now));
    fails('INVALID_ARGUMENT', () => core.recommend({ count: 0 }, now));
    fails('INVALID_ARGUMENT', () => core.recommend({ count: 1001 }, now));
    fails('INVALID_ARGUMENT', () => core.recommend({ diversity: 2 }, now));
    fails('INVALID_ARGUMENT', () => core.explain('item-1', 0, now));
    fails('INVALID_ARGUMENT', () => core.recommend({}, -1));
    fails('INVALID_ARGUMENT', () => core.recommend({}, NaN));
    fails('INVALID_ARGUMENT', () => core.overviewPrivacy(2));
    const { task } = taskFiles(site);
    for (const bytes of [new Uint8Array(), task.slice(0, 100), task.slice(0, -1)])
      fails('MALFORMED', () => core.contribute({ ...taskFiles(site), task: bytes }, now));
    fails('EXPIRED', () => core.contribute(taskFiles(site), now + day));
    fails('AUTHENTICATION', () => core.contribute(
      { ...taskFiles(site), leaderKey: site.files['helper-key'] }, now));
  },

  async 'the memory budget is a code, not a trap'(site) {
    const core = await site.load();
    core.open(options(site, { memoryBudget: 4096 }), [], now);
    fails('OUT_OF_MEMORY', () => core.loadModel(model(site), now));
    core.open(options(site, { memoryBudget: 200_000 }), [], now);
    core.loadModel(model(site), now);
    fails('OUT_OF_MEMORY', () => core.contribute(taskFiles(site), now));
    const records = [{ key: 'log/x', bytes: new Uint8Array(300_000) }];
    fails('OUT_OF_MEMORY', () => core.open(options(site, { memoryBudget: 100_000 }), records, now));
    same(core.recommend({ count: 2 }, now).length, 2, 'the device before goes on');
  },

  async 'damaged records: recommending goes on, contributing does not'(site) {
    const { core, storage } = await visitor(site);
    like(core, storage, [1, 11, 21]);
    const ledger = storage.records.get('ledger/state');
    storage.records.set('ledger/state', ledger.map((byte, i) => (i === 20 ? byte ^ 4 : byte)));
    const { damage } = core.open(options(site), storage.all(), now);
    check(damage.ledger && !damage.log.headLost, 'the ledger alone is damaged');
    core.loadModel(model(site), now);
    same(core.overviewPrivacy().state, 'damaged');
    check(core.recommend({}, now + day).length > 0, 'lists');
    fails('BUDGET_EXHAUSTED', () => core.contribute(taskFiles(site), now));
  },
};
