// A site without servers, for measurements at sizes that no test trains: what make_site wrote, answered
// as a leader would, and pages with the package, all of one origin that is isolated, so that clocks tick
// in 5 microseconds. The files are valid at one time of the past: clocks are set to it.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

import { root } from '../integration/pair.mjs';

const siteName = 'shop.example';
const validAt = 1_700_000_640_000;
const built = join(root, 'build/package/dist');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript',
  '.wasm': 'application/wasm' };
const isolated = { 'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp', 'cross-origin-resource-policy': 'same-origin' };
const cached = { 'cache-control': 'public, max-age=3600' };

/** A script that sets the clock of a page or a worker. */
export const clock = `{ const now = Date.now, shift = ${validAt - Date.now()};
  Date.now = () => now.call(Date) + shift; }\n`;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes) => Buffer.from(bytes).toString('hex');
const readSite = (folder, name) => readFileSync(join(root, 'build/bench', folder, `${name}.bin`));

export const identitiesOf = (folder) => {
  const keys = readSite(folder, 'identities');
  return { publisher: hex(keys.subarray(0, 32)), leader: hex(keys.subarray(32, 64)), helper: hex(keys.subarray(64)) };
};

// What a leader answers below /v1/: `task` is the one that is open, 'none' where there is none.
async function answersOf(url, folder, task) {
  const bytes = (name) => readSite(folder, name);
  const json = (value) => Buffer.from(JSON.stringify(value));
  const answers = new Map([['site.json', json({ site: siteName, leader: url })], ['manifest', bytes('manifest')]]);
  for (const name of ['snapshot', 'catalogue']) answers.set(`files/${sha256(bytes(name))}`, bytes(name));
  if (task === 'none') return answers.set('tasks', json({ tasks: [] }));
  const { SottoCore } = await import(join(built, 'core.js'));
  const core = await SottoCore.load(readFileSync(join(built, 'sotto.wasm')));
  const keys = bytes('identities');
  core.open({ site: siteName, publisher: keys.subarray(0, 32), leader: keys.subarray(32, 64), helper: keys.subarray(64) });
  const { id, modelSequence, windowStart, windowEnd, leaderKey, helperKey } = core.readTask(bytes(task));
  core.close();
  answers.set('tasks', json({ tasks: [{ id: hex(id), model_sequence: modelSequence,
    window_start_ms: windowStart, window_end_ms: windowEnd }] }));
  answers.set(`tasks/${hex(id)}`, bytes(task));
  answers.set(`keys/${hex(leaderKey)}`, bytes('leader-key'));
  return answers.set(`keys/${hex(helperKey)}`, bytes('helper-key'));
}

const folders = { sotto: built, probed: built, bench: join(root, 'tests/bench'), peers: join(root, 'build/bench/peers'),
  published: join(root, 'build/bench') };

function file(pathname) {
  const [, first, ...rest] = pathname.split('/');
  const path = folders[first] && join(folders[first], normalize(`/${rest.join('/')}`));
  if (path === undefined || !existsSync(path)) return null;
  const body = readFileSync(path);
  // The package's worker at the files' time, with what measures it from outside.
  const before = pathname === '/probed/worker.js'
    ? [Buffer.from(clock), readFileSync(join(root, 'tests/bench/package_probe.js'))] : [];
  return { body: Buffer.concat([...before, body]),
    headers: { ...cached, 'content-type': types[extname(path)] ?? 'application/octet-stream' } };
}

/** `/` an empty page; the package below /sotto/, with its worker's clock set and measured below
 * /probed/; sites below /sites/FOLDER/TASK/. */
export async function startStaticSite() {
  const sites = new Map();
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const [, folder, task, name] = /^\/sites\/([^/]+)\/([^/]+)\/v1\/(.+)$/.exec(pathname) ?? [];
    const site = `/sites/${folder}/${task}`;
    if (pathname === '/') {
      response.writeHead(200, { ...isolated, 'content-type': 'text/html' });
      response.end('<!doctype html><html lang="en"><title>Sotto</title><body></body>');
    } else if (name !== undefined) {
      if (!sites.has(site)) sites.set(site, answersOf(url + site, folder, task));
      void sites.get(site).then((answers) => {
        const body = answers.get(name);
        response.writeHead(body === undefined ? 404 : 200, { ...isolated, 'cache-control': 'no-cache' }).end(body);
      });
    } else {
      const found = file(pathname);
      response.writeHead(found === null ? 404 : 200, { ...isolated, ...found?.headers }).end(found?.body);
    }
  });
  server.keepAliveTimeout = 600_000; // whoever fetches may compute for long in between
  // Announcements: accepted, and silent.
  const sockets = new Set();
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    sockets.add(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
      `sec-websocket-accept: ${key.digest('base64')}\r\n\r\n`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, stop() {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  } };
}
