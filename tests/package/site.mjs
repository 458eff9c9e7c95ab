// A whole site for tests of the npm package: a real leader and helper, a proxy before the leader that
// keeps a log of every request and can misbehave, and a web server with pages that use the package.
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

import { freePort, makePair, releaseBinary, remove, root, until } from '../integration/pair.mjs';

export { until };

const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript',
  '.wasm': 'application/wasm', '.json': 'application/json', '.map': 'application/json' };

const blockedStorage = `const refuse = () => { throw new DOMException('blocked', 'SecurityError'); };
Object.defineProperty(self, 'indexedDB', { value: { open: refuse, deleteDatabase: refuse } });
`;

const listening = async (server, port = 0) => {
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return `http://127.0.0.1:${server.address().port}`;
};

/** Passes requests on to `target` and logs them. `intercept(request)` may return null (pass on),
 * { status, headers, body } (answer itself), { delay: ms }, { cut: true } (break the connection in the
 * middle of the request's body), or { change: (bytes) => bytes } (tamper with the answer). */
export class Proxy {
  log = [];
  intercept = () => null;

  static async start(target, port) {
    const proxy = new Proxy();
    proxy.target = new URL(target);
    proxy.server = createServer((request, response) => void proxy.#pass(request, response));
    proxy.server.on('upgrade', (request, socket, head) => proxy.#upgrade(request, socket, head));
    proxy.url = await listening(proxy.server, port);
    return proxy;
  }

  async #pass(request, response) {
    const entry = { method: request.method, path: request.url, headers: request.headers, bytes: 0, status: 0 };
    this.log.push(entry);
    const what = this.intercept(entry) ?? {};
    if (what.cut) {
      request.once('data', () => request.socket.destroy());
      return;
    }
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    entry.bytes = body.length;
    entry.body = body;
    if (what.delay) await new Promise((done) => setTimeout(done, what.delay));
    const cors = { 'access-control-allow-origin': request.headers.origin ?? '*',
      'access-control-expose-headers': 'retry-after' };
    if (what.status) {
      entry.status = what.status;
      response.writeHead(what.status, { ...cors, ...what.headers });
      response.end(what.body ?? '');
      return;
    }
    const { hostname, port } = this.target;
    const onward = httpRequest({ hostname, port, path: request.url, method: request.method,
      headers: { ...request.headers, host: this.target.host } }, (answer) => {
      const received = [];
      answer.on('data', (part) => received.push(part));
      answer.on('end', () => {
        entry.status = answer.statusCode;
        let bytes = Buffer.concat(received);
        if (what.change) bytes = Buffer.from(what.change(bytes));
        const headers = { ...answer.headers, 'content-length': bytes.length };
        response.writeHead(answer.statusCode, headers);
        response.end(request.method === 'HEAD' ? undefined : bytes);
      });
    });
    onward.on('error', () => response.destroy());
    onward.end(body);
  }

  #upgrade(request, socket, head) {
    this.log.push({ method: 'UPGRADE', path: request.url, headers: request.headers, bytes: 0 });
    const onward = connect(this.target.port, this.target.hostname, () => {
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
      onward.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => { onward.destroy(); socket.destroy(); });
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((done) => this.server.close(done));
  }
}

/** Pages: `/` (an empty page with the identities in it), `/strict` (the same under a strict CSP), the
 * package below /sotto/, below /blocked/ for a browser whose storage is blocked, files of `folders`
 * below their names. */
export async function servePages({ html, folders = {} }) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const [, first] = pathname.split('/');
    const dist = join(root, 'build/package/dist');
    const folder = { sotto: dist, blocked: dist, ...folders }[first];
    if (folder === undefined) {
      const csp = pathname.startsWith('/strict')
        ? { 'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; " +
            "worker-src 'self'; connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*" }
        : {};
      response.writeHead(200, { 'content-type': 'text/html', ...csp });
      response.end(html);
      return;
    }
    const path = join(folder, pathname.slice(first.length + 1));
    if (!path.startsWith(folder) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
    if (pathname === '/blocked/worker.js') response.write(blockedStorage);
    response.end(readFileSync(path));
  });
  const url = await listening(server);
  return { url, stop: () => (server.closeAllConnections(), new Promise((done) => server.close(done))) };
}

/** A site that runs: pair, proxy, pages. origins: of more pages that may use it. Others: as makePair. */
export async function startSite({ training = {}, world = {}, binary = releaseBinary, origins = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-package-'));
  const proxyPort = await freePort();
  const pages = await servePages({ html: '<!doctype html><html lang="en"><title>Sotto</title><body></body>',
    folders: { pages: join(root, 'tests/package/pages') } });
  const pair = await makePair(folder, { binary, world, training: { ...training },
    leader: { server: { public_url: `http://127.0.0.1:${proxyPort}`, origins: [pages.url, ...origins] } } });
  await pair.start();
  const proxy = await Proxy.start(pair.leader.url, proxyPort);
  return { folder, pair, proxy, pages,
    identities: JSON.parse(readFileSync(pair.identities, 'utf8')),
    async stop() {
      await pages.stop();
      await proxy.stop();
      await pair.stop();
      remove(folder);
    } };
}
