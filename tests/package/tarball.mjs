// The package as npm would publish it, and projects that have it installed.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';

import { root } from '../integration/pair.mjs';

export const built = join(root, 'build/package');
export const examples = join(root, 'wasm/examples');
export const tool = (path) => join(root, 'wasm/node_modules', path);

/** `npm pack` into `folder`: the tarball and what is in it. */
export function pack(folder) {
  const [{ filename, files }] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: built, encoding: 'utf8' }));
  return { file: join(folder, filename), files: files.map(({ path }) => path).sort() };
}

/** A new folder with the package installed from its tarball. */
export function project() {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-project-'));
  const { file } = pack(folder);
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}\n');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', file], { cwd: folder, stdio: 'pipe' });
  return folder;
}

/** An example in a project of its own, for a site at `url`: its address is all that is changed. */
export function copyExample(name, folder, { url, identities }) {
  const to = join(folder, name);
  cpSync(join(examples, name), to, { recursive: true });
  for (const file of ['main.js', 'app.js', 'page.mjs', 'index.html'].map((path) => join(to, path))) {
    let text;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue; // not every example has every file
    }
    text = text.replaceAll('https://rec.example.org', url);
    for (const role of ['publisher', 'leader', 'helper'])
      text = text.replace(new RegExp(`data-${role}="\\w+"`), `data-${role}="${identities[role]}"`);
    writeFileSync(file, text);
  }
  writeFileSync(join(to, 'identities.json'), JSON.stringify(identities));
  return to;
}

/** The header that the README names, for a site at `url`. */
export function policyFor(url) {
  const [, policy] = /^Content-Security-Policy: (.*)$/m.exec(readFileSync(join(root, 'wasm/README.md'), 'utf8'));
  return policy.replace('https://rec.example.org', url).replace('wss://rec.example.org', url.replace('http', 'ws'));
}

const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript',
  '.wasm': 'application/wasm', '.json': 'application/json', '.css': 'text/css' };

/** Serves whatever `mount(folder, headers)` was called with last. */
export async function serve() {
  let [folder, headers] = ['', {}];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://page');
    const path = resolve(join(folder, pathname === '/' ? 'index.html' : pathname));
    try {
      const body = readFileSync(path);
      response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream', ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}`,
    mount(path, more = {}) { [folder, headers] = [path, more]; },
    stop: () => (server.closeAllConnections(), new Promise((done) => server.close(done))) };
}
