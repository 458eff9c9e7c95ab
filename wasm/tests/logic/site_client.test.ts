import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HttpError, SiteClient, fetchSiteInfo } from '../../src/engine/site_client.js';
import { problem, SiteServer } from './site_server.js';

let server: SiteServer;
let client: SiteClient;
beforeEach(async () => {
  server = await new SiteServer().start();
  client = new SiteClient({ site: 'shop.example', leader: server.url });
});
afterEach(async () => {
  vi.useRealTimers();
  await server.stop();
});

const failure = async (work: Promise<unknown>): Promise<HttpError> => {
  const error = await work.then(() => null, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(HttpError);
  return error as HttpError;
};

const day = 24 * 3600 * 1000;
test.each([
  ['120', 120_000, 120_000],
  ['0', 0, 0],
  [new Date(Date.now() + 600_000).toUTCString(), 590_000, 600_000],
  [new Date(Date.now() - 600_000).toUTCString(), 0, 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', day, day],
  ['99999999999999999999999999', day, day],
  ['1'.repeat(400), 0, day],
  ['-30', 0, 0],
  ['1.5', 0, 0],
  ['soon', 0, 0],
  ['', 0, 0],
])('Retry-After: %s', async (header, least, most) => {
  server.answer = () => problem(503, 'OVERLOADED', { 'retry-after': header });
  const { retryAfterMs, code, status, transient } = await failure(client.manifest());
  expect([code, status, transient]).toEqual(['OVERLOADED', 503, true]);
  expect(retryAfterMs).toBeGreaterThanOrEqual(least);
  expect(retryAfterMs).toBeLessThanOrEqual(most);
});

test.each([[408, true], [425, true], [429, true], [500, true], [502, true], [503, true],
  [400, false], [403, false], [404, false], [409, false], [410, false], [413, false]])(
  'after %i the same may go well later: %s', async (status, transient) => {
    server.answer = () => problem(status, 'IO');
    expect((await failure(client.manifest())).transient).toBe(transient);
  });

test.each(['<html>Bad gateway</html>', '', '[]', 'null', '{"code":7,"detail":{}}', '{"code":"rm -rf /"}',
  `{"code":"${'A'.repeat(33)}"}`])('a problem of %j has the code IO', async (body) => {
  server.answer = () => ({ status: 502, body });
  expect((await failure(client.manifest())).code).toBe('IO');
});

test('a problem larger than a problem is not read to its end', async () => {
  server.answer = () => ({ status: 500, body: JSON.stringify({ code: 'FULL', detail: 'x'.repeat(70_000) }) });
  expect((await failure(client.manifest())).code).toBe('IO');
});

test('nobody there, a redirect, and a connection that breaks are UNREACHABLE', async () => {
  server.answer = () => ({ status: 302, headers: { location: '/v1/site.json' } });
  expect((await failure(client.manifest())).code).toBe('UNREACHABLE');
  server.answer = () => ({ status: 200, headers: { 'content-length': '100' }, after: server.stop() });
  const { code, transient } = await failure(client.manifest());
  expect([code, transient]).toEqual(['UNREACHABLE', true]);
  expect((await failure(client.manifest())).code).toBe('UNREACHABLE');
});

test('more bytes than there may be are TOO_LARGE, announced or not', async () => {
  server.answer = () => ({ status: 200, body: new Uint8Array(70_000) });
  expect((await failure(client.manifest())).code).toBe('TOO_LARGE');
  server.answer = () => ({ status: 200, headers: { 'transfer-encoding': 'chunked' }, body: new Uint8Array(70_000) });
  expect((await failure(client.manifest())).code).toBe('TOO_LARGE');
});

test.each(['[]', '{}', 'null', '{"site":"a"}', '{"site":1,"leader":"https://a"}', '{"site":"a","leader":"a"}', 'not json'])(
  'site.json of %s is MALFORMED', async (body) => {
    server.answer = () => ({ status: 200, body });
    await expect(fetchSiteInfo(server.siteUrl)).rejects.toMatchObject({ code: 'MALFORMED' });
  });

test.each(['[]', 'null', '7', '{"items":7}', '{"items":null}'])('popular items of %s are MALFORMED', async (body) => {
  server.answer = () => ({ status: 200, body });
  await expect(client.popular(5)).rejects.toMatchObject({ code: 'MALFORMED' });
});

test.each(['[]', 'null', '7', '{"tasks":7}'])('tasks of %s are MALFORMED', async (body) => {
  server.answer = () => ({ status: 200, body });
  await expect(client.tasks()).rejects.toMatchObject({ code: 'MALFORMED' });
});

test('of lists the sound entries are taken', async () => {
  server.answer = (path) => ({ status: 200, body: path.includes('popular')
    ? JSON.stringify({ items: [null, 7, {}, { item: 'a', popularity: 'high' }, { item: 'b', popularity: 2 }] })
    : JSON.stringify({ tasks: [null, {}, { id: '../../x' }, { id: 'a'.repeat(64), model_sequence: 1,
      window_start_ms: 2, window_end_ms: 3 }] }) });
  expect(await client.popular(5)).toEqual([{ item: 'b', popularity: 2 }]);
  expect(await client.tasks()).toEqual([{ id: 'a'.repeat(64), modelSequence: 1, windowStart: 2, windowEnd: 3 }]);
});

test('an upload that is called off is UNREACHABLE, before and while it waits', async () => {
  const bytes = new Uint8Array(32);
  expect((await failure(client.upload(bytes, bytes, bytes, AbortSignal.abort()))).code).toBe('UNREACHABLE');
  expect(server.uploads).toEqual([]);
  const ending = new AbortController();
  server.onUpload = () => {
    setImmediate(() => ending.abort());
    return { status: 200, after: new Promise((done) => setTimeout(done, 200)) };
  };
  expect((await failure(client.upload(bytes, bytes, bytes, ending.signal))).code).toBe('UNREACHABLE');
});
