// Keeper with the real core, storage, and a server over HTTP: when it asks for a model, and whom it tells.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Keeper, type KeeperEvents } from '../../src/engine/keeper.js';
import { SiteServer, problem } from './site_server.js';
import { World, agreed, openDevice, options, settle, start } from './world.js';

let server: SiteServer;
let world: World;
let told: Parameters<KeeperEvents['notice']>[0][];

beforeEach(async () => {
  server = await new SiteServer().start();
  world = new World();
  told = [];
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.stop();
});

const openKeeper = () => Keeper.open(world, options(server.siteUrl), {
  notice: (notice) => told.push(notice),
  fenced: () => {},
});
const asked = (path: string) => vi.waitFor(() => expect(server.requests).toContain(`GET ${path}`));

test('who has a model makes lists before a newer one is asked for', async () => {
  const site = { site: 'shop.example', leader: server.url };
  const device = await openDevice(world, { siteUrl: server.siteUrl, settings: { ...agreed, site } });
  await device.close();
  const keeper = await openKeeper();
  world.moveTo(start + 149);
  expect(await keeper.recommend({ count: 5 })).toHaveLength(5);
  expect(server.requests).toEqual([]);
  world.moveTo(start + 150);
  await asked('/v1/manifest');
  await keeper.close();
  // Closed before then, it never asks.
  server.requests.length = 0;
  const next = await openKeeper();
  await next.close();
  world.moveTo(start + 1000);
  await settle();
  expect(server.requests).toEqual([]);
});

test('who has none asks at once', async () => {
  const keeper = await openKeeper();
  await asked('/v1/manifest');
  await vi.waitFor(() => expect(told.map(({ kind }) => kind)).toContain('change'));
  expect(keeper.state().status.model?.sequence).toBe(2);
  await keeper.close();
});

test('once it is closed it tells nothing of what was under way', async () => {
  let answer = (): void => {};
  const held = new Promise<void>((done) => {
    answer = done;
  });
  const { fetch } = globalThis;
  const fetched: Promise<unknown>[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation((...given) => {
    const response = fetch(...given);
    fetched.push(response);
    return response;
  });
  server.answer = (path) => (path.startsWith('/v1/files/') ? { ...problem(500, 'INTERNAL'), after: held } : null);
  const keeper = await openKeeper();
  await vi.waitFor(() => expect(server.requests.filter((line) => line.includes('/v1/files/'))).toHaveLength(2));
  await keeper.close();
  told.length = 0;
  answer();
  await Promise.allSettled(fetched);
  await settle();
  expect(told).toEqual([]);
});
