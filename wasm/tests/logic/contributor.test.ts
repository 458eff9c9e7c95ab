// Contributor with the real core, storage, and a server over HTTP.
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Contributor } from '../../src/engine/contributor.js';
import type { Device } from '../../src/engine/device.js';
import { SiteClient, hex } from '../../src/engine/site_client.js';
import { Database } from '../../src/engine/database.js';
import { problem, SiteServer } from './site_server.js';
import { World, file, like, minute, openDevice, settle, start } from './world.js';

let server: SiteServer;
let world: World;
let device: Device;
let contributor: Contributor;
let allowed: boolean;
let told: number;
let id: string;

async function begin(): Promise<void> {
  const client = new SiteClient({ site: 'shop.example', leader: server.url });
  device = await openDevice(world, { siteUrl: server.siteUrl, more: { budget: { windowRho: 2, lifetimeRho: 8 } } });
  await like(device, world, 'item-3');
  await like(device, world, 'item-13');
  contributor = new Contributor(world, device, () => client, () => allowed,
    { changed: () => { told += 1; }, outdated: () => Promise.resolve() });
  const read = device.use((core) => core.readTask(file('task')));
  id = hex(read.id);
  server.tasks = [{ id, file: 'task' }];
  server.keys = { 'leader-key': hex(read.leaderKey), 'helper-key': hex(read.helperKey) };
}

beforeEach(async () => {
  server = await new SiteServer().start();
  world = new World();
  allowed = true;
  told = 0;
  await begin();
  world.diary.length = 0;
});
afterEach(async () => {
  contributor.close();
  await server.stop();
});

const entry = () => device.settings.contributions[0];
const waiting = () => device.use((core) => core.listOutbox(world.time)).entries.filter(({ state }) => state === 'waiting');
const spent = () => device.use((core) => core.overviewPrivacy()).lifetime.spentRho;
/** Moves the clock to when the report is due, and sends. */
async function sendDue(): Promise<void> {
  world.time = Math.max(world.time, entry()!.sendAt);
  await contributor.send();
}

test('decided once, paid for and stored in one transaction before anything is sent, sent when it is due', async () => {
  server.onUpload = () => {
    world.diary.push('upload');
    return { status: 200 };
  };
  await contributor.decide();
  expect(world.diary).toHaveLength(1);
  expect(world.diary[0]).toMatch(/ledger\//);
  expect(world.diary[0]).toMatch(/outbox\//);
  expect(entry()).toMatchObject({ task: id, kind: 'report', state: 'waiting', sent: null, rho: 0.5, created: world.time });
  expect(entry()!.epsilon).toBeGreaterThan(5);
  expect(entry()!.sendAt).toBeGreaterThanOrEqual(world.time);
  expect(spent()).toBe(0.5);
  await contributor.decide();
  expect(device.settings.contributions).toHaveLength(1);
  expect(world.next).toBe(entry()!.sendAt);
  await contributor.send();
  expect(server.uploads).toEqual([]);

  await sendDue();
  expect(server.uploads).toHaveLength(1);
  expect(server.uploads[0]!.path).toMatch(new RegExp(`^/v1/tasks/${id}/reports/[0-9a-f]{32}$`));
  expect(server.uploads[0]!.body).toHaveLength(entry()!.bytes);
  expect(world.diary[1]).toBe('upload');
  expect(entry()).toMatchObject({ state: 'sent', sent: world.time });
  expect(waiting()).toEqual([]);
  expect(told).toBe(2);
  await contributor.send();
  await contributor.decide();
  expect(server.uploads).toHaveLength(1);
});

test('a report that is due the moment it is made waits until it is stored', async () => {
  let release = () => {};
  world.held = new Promise((done) => { release = done; });
  const decided = contributor.decide();
  while (device.use((core) => core.listOutbox(world.time)).entries.length === 0) await settle();
  world.time = device.use((core) => core.listOutbox(world.time)).entries[0]!.sendAt;
  const sent = contributor.send();
  await settle();
  await new Promise((done) => setTimeout(done, 50));
  expect(server.uploads).toEqual([]);
  release();
  await Promise.all([decided, sent]);
  await contributor.send();
  expect(server.uploads).toHaveLength(1);
});

test('the same bytes go out again until a server has them, as politely as it asks', async () => {
  await contributor.decide();
  const answers = [problem(503, 'OVERLOADED', { 'retry-after': '120' }), problem(429, 'RATE_LIMITED'), { status: 502 },
    { status: 200 }];
  server.onUpload = () => answers.shift()!;
  await sendDue();
  expect(world.next! - world.time).toBe(120_000);
  await like(device, world, 'item-23'); // what comes after changes nothing of it
  for (let i = 0; i < 3; i += 1) {
    expect(entry()!.state).toBe('waiting');
    world.time = world.next!;
    await contributor.send();
  }
  expect(entry()!.state).toBe('sent');
  expect(server.uploads).toHaveLength(4);
  expect(new Set(server.uploads.map(({ path, body }) => `${path} ${body.toString('hex')}`)).size).toBe(1);
  expect(spent()).toBe(0.5);
});

test('also after another visit, and after a crash', async () => {
  await contributor.decide();
  server.onUpload = () => ({ status: 503 });
  await sendDue();
  contributor.close();
  await device.close();
  const client = new SiteClient({ site: 'shop.example', leader: server.url });
  const later = await openDevice(world, { settings: { ...device.settings }, more: { budget: { windowRho: 2, lifetimeRho: 8 } } });
  device = later;
  contributor = new Contributor(world, later, () => client, () => true, { changed() {}, outdated: () => Promise.resolve() });
  server.onUpload = () => ({ status: 200 });
  await contributor.send();
  expect(server.uploads[1]).toEqual(server.uploads[0]);
  expect(entry()!.state).toBe('sent');
  expect(spent()).toBe(0.5);
});

test.each([[400, 'MALFORMED'], [404, 'NOT_FOUND'], [409, 'REPLAY'], [409, 'FULL'], [410, 'EXPIRED'], [410, 'CLOSED'], [413, 'TOO_LARGE']])(
  'after %i %s it is refused, and never sent again', async (status, code) => {
    server.onUpload = () => problem(status, code);
    await contributor.decide();
    await sendDue();
    expect(entry()).toMatchObject({ state: 'refused', code, sent: null });
    expect(waiting()).toEqual([]);
    await contributor.send();
    await contributor.decide();
    expect(server.uploads).toHaveLength(1);
    expect(spent()).toBe(0.5);
  });

test('after the window it expires unsent', async () => {
  await contributor.decide();
  allowed = false;
  await sendDue();
  allowed = true;
  world.time = start + 2 * 24 * 60 * minute;
  await contributor.send();
  expect(entry()!.state).toBe('expired');
  expect(waiting()).toEqual([]);
  expect(server.uploads).toEqual([]);
});

test('who is not allowed asks for no task and sends nothing', async () => {
  allowed = false;
  await contributor.decide();
  expect(server.requests).toEqual([]);
  allowed = true;
  await contributor.decide();
  allowed = false;
  await sendDue();
  expect(server.uploads).toEqual([]);
  expect(entry()!.state).toBe('waiting');
});

test('revoked while it is fetched: nothing is made', async () => {
  server.answer = (path) => {
    if (path.includes('/keys/')) allowed = false;
    return null;
  };
  await contributor.decide();
  expect(device.settings.contributions).toEqual([]);
  expect(spent()).toBe(0);
});

test('revoked while it is uploaded: the upload ends, and is never made again', async () => {
  await contributor.decide();
  let arrived = () => {};
  const arriving = new Promise<void>((done) => { arrived = done; });
  let answer = () => {};
  const answering = new Promise<void>((done) => { answer = done; });
  server.onUpload = () => {
    arrived();
    return { status: 200, after: answering };
  };
  const sent = sendDue();
  await arriving;
  allowed = false;
  await contributor.withdraw();
  await sent;
  answer();
  expect(entry()!.state).toBe('withdrawn');
  expect(waiting()).toEqual([]);
  allowed = true;
  await device.commit({ records: device.use((core) => core.setOptedOut(false)) });
  await contributor.send();
  await contributor.decide();
  expect(server.uploads).toHaveLength(1);
  expect(spent()).toBe(0.5);
});

test('what a server has acknowledged by then is told as sent', async () => {
  await contributor.decide();
  const ready = device.ready.bind(device);
  let withdrawn: Promise<void> | null = null;
  device.ready = () => { // the answer is there, and the visitor is faster
    if (withdrawn === null) {
      allowed = false;
      device.ready = ready;
      withdrawn = contributor.withdraw();
    }
    return withdrawn.then(ready);
  };
  await sendDue();
  expect(server.uploads).toHaveLength(1);
  expect(entry()).toMatchObject({ state: 'sent', sent: world.time });
  expect(waiting()).toEqual([]);
});

test('revoked before it is due: withdrawn and gone from the device', async () => {
  await contributor.decide();
  allowed = false;
  await contributor.withdraw();
  expect(entry()!.state).toBe('withdrawn');
  expect(waiting()).toEqual([]);
  expect((await world.stored()).settings.contributions[0]!.state).toBe('withdrawn');
  expect(world.next).toBeNull();
});

test('another writer: nothing leaves', async () => {
  await contributor.decide();
  await new Database(world.name).open();
  await device.commit({ settings: device.settings }).catch(() => {});
  await sendDue();
  expect(server.uploads).toEqual([]);
});

test('a server that is away costs nothing, and the task is tried again', async () => {
  server.answer = (path) => (path.includes('/keys/') ? { status: 503 } : null);
  await contributor.decide();
  expect([spent(), device.settings.contributions.length]).toEqual([0, 0]);
  server.answer = () => null;
  await contributor.decide();
  expect(spent()).toBe(0.5);
});

test('a task that is forged is not tried again', async () => {
  server.answer = (path) => (path === `/v1/tasks/${id}` ? { status: 200, body: file('task').map((byte, i) => (i === 300 ? byte ^ 1 : byte)) } : null);
  await contributor.decide();
  server.requests.length = 0;
  await contributor.decide();
  expect(server.requests).toEqual(['GET /v1/tasks']);
  expect(spent()).toBe(0);
});

test('the preview costs nothing and leaves nothing', async () => {
  const preview = await contributor.preview();
  expect(preview).toMatchObject({ task: id, noiseBy: 'servers', minBatch: 100 });
  expect(preview.computed).toBeInstanceOf(Int32Array);
  expect([spent(), waiting(), server.uploads, world.diary]).toEqual([0, [], [], []]);
  server.tasks = [];
  await expect(contributor.preview()).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
