// The site: built pages, and what they ask for below /demo/ (src/contract.ts).
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { gzip } from 'node:zlib';
import { promisify } from 'node:util';

const compress = promisify(gzip);
const triesOfPorts = 50;
const leastToCompress = 600;

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.json': 'application/json; charset=utf-8', '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8', '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm', '.png': 'image/png', '.jpg': 'image/jpeg', '.webp': 'image/webp', '.avif': 'image/avif',
  '.ico': 'image/x-icon', '.woff2': 'font/woff2',
};
const compressible = /^(text|application\/(json|wasm|manifest)|image\/svg)/;

function policyFor(leaderUrl) {
  const leader = leaderUrl ? ` ${leaderUrl} ${leaderUrl.replace(/^http/, 'ws')}` : '';
  return ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "img-src 'self' data: blob:",
    "font-src 'self'", "worker-src 'self'", "manifest-src 'self'", `connect-src 'self'${leader}`,
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"].join('; ');
}

/** The path below a folder that a request means; null: none that may be asked for. */
export function pathOf(url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, 'http://site').pathname);
  } catch {
    return null;
  }
  if (/[\0\\]/.test(path) || path.split('/').some((part) => part.startsWith('.'))) return null;
  return path;
}

export class Site {
  #compressed = new Map(); // etag -> bytes
  #articles = new Map();
  /** Set when the pair runs. */
  leaderUrl = null;
  config = null;
  items = null;
  /** () => contract.ts: Crowd. */
  crowd = null;
  /** () => null, or why the attack cannot begin. */
  attack = null;

  /** pages: folder of the built pages. */
  constructor({ pages }) {
    this.pages = pages;
    this.server = createServer((request, response) => {
      this.#answer(request, response).catch(() => {
        if (!response.headersSent) response.writeHead(500);
        response.end();
      });
    });
  }

  set articles(articles) {
    this.#articles = new Map(articles.map((article) => [article.id, article]));
    this.items = articles.map(({ body, ...item }) => item);
  }

  /** On `port` (0: any that is free); where null, on 8080 or the next one that is free. Resolves to the URL. */
  async listen(port) {
    const first = port ?? 8080;
    for (let tried = first; ; tried++) {
      try {
        await new Promise((done, failed) => {
          this.server.once('error', failed);
          this.server.listen(tried, '127.0.0.1', () => {
            this.server.off('error', failed);
            done();
          });
        });
        this.port = this.server.address().port;
        return `http://127.0.0.1:${this.port}`;
      } catch (error) {
        const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
        if (!taken || port !== null || tried - first >= triesOfPorts)
          throw new Error(`--port: cannot listen on ${tried}: ${error.message}`);
      }
    }
  }

  origins() {
    return [`http://127.0.0.1:${this.port}`, `http://localhost:${this.port}`];
  }

  async #answer(request, response) {
    response.setHeader('content-security-policy', policyFor(this.leaderUrl));
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    const path = pathOf(request.url);
    if (path === null) return this.#problem(response, 400, 'no such path');
    if (path === '/demo/attack') return this.#startAttack(request, response);
    if (!['GET', 'HEAD'].includes(request.method)) {
      response.setHeader('allow', 'GET, HEAD');
      return this.#problem(response, 405, 'GET and HEAD only');
    }
    if (path.startsWith('/demo/')) return this.#data(request, response, path);
    return this.#page(request, response, path);
  }

  #startAttack(request, response) {
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST');
      return this.#problem(response, 405, 'POST only');
    }
    // Any page may make a browser post; ours says where it comes from.
    if (!this.origins().includes(request.headers.origin)) return this.#problem(response, 403, 'for pages of this site only');
    request.resume();
    if (!this.attack) return this.#problem(response, 503, 'still starting');
    const why = this.attack();
    return why === null ? this.#send(request, response, 202, '.json', JSON.stringify({ started: true }), 'no-store') : this.#problem(response, 409, why);
  }

  #data(request, response, path) {
    if (!this.config) return this.#problem(response, 503, 'still starting');
    const json = (value, cache) => this.#send(request, response, 200, '.json', JSON.stringify(value), cache);
    if (path === '/demo/config.json') return json(this.config, 'no-cache');
    if (path === '/demo/items.json') return json(this.items, 'no-cache');
    if (path === '/demo/crowd.json') return json(this.crowd(), 'no-store');
    const article = this.#articles.get(/^\/demo\/items\/([^/]+)\.json$/.exec(path)?.[1]);
    return article ? json(article, 'no-cache') : this.#problem(response, 404, 'there is no such path here');
  }

  async #page(request, response, path) {
    const wanted = path.endsWith('/') ? [`${path}index.html`] : [path, `${path}.html`, `${path}/index.html`];
    // A page that draws itself by its address.
    if (extname(path) === '' && (request.headers.accept ?? '').includes('text/html')) wanted.push('/index.html');
    for (const one of wanted) {
      const file = join(this.pages, one);
      if (!file.startsWith(this.pages + sep)) break;
      if (!(await stat(file).then((found) => found.isFile(), () => false))) continue;
      // Vite names what is below assets/ by its content.
      const cache = one.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
      return this.#send(request, response, 200, extname(one), await readFile(file), cache);
    }
    return this.#problem(response, 404, 'there is no such page here');
  }

  async #send(request, response, status, extension, body, cache) {
    const bytes = Buffer.from(body);
    const type = types[extension] ?? 'application/octet-stream';
    const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 24)}"`;
    const headers = { 'content-type': type, 'cache-control': cache };
    if (cache !== 'no-store') headers.etag = etag;
    if (cache !== 'no-store' && (request.headers['if-none-match'] ?? '').split(/\s*,\s*/).includes(etag))
      return response.writeHead(304, headers).end();
    let sent = bytes;
    if (compressible.test(type) && bytes.length >= leastToCompress) {
      headers.vary = 'accept-encoding';
      if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
        headers['content-encoding'] = 'gzip';
        sent = this.#compressed.get(etag) ?? (await compress(bytes));
        if (cache !== 'no-store') this.#compressed.set(etag, sent);
      }
    }
    response.writeHead(status, { ...headers, 'content-length': sent.length });
    response.end(request.method === 'HEAD' ? undefined : sent);
  }

  #problem(response, status, detail) {
    response.writeHead(status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ type: 'about:blank', status, detail }));
  }

  async close() {
    if (!this.server.listening) return;
    const closed = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections?.(); // Node 18.2
    await closed;
  }
}
