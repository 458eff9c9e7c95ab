// Renders on the server what is the same for everybody; the visitor's own order comes in the browser.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { renderPage } from './page.mjs';

const dist = dirname(createRequire(import.meta.url).resolve('sotto/sotto.wasm'));
const types = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
const assets = /^\/(sotto\/(?:[\w-]+\/)?[\w-]+\.(?:js|wasm)|client\.mjs|page\.mjs|identities\.json)$/;

createServer(async ({ url }, response) => {
  const [, asset] = assets.exec(url) ?? [];
  if (asset === undefined) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(renderPage(['i1', 'i2', 'i3', 'i4']));
    return;
  }
  const path = asset.startsWith('sotto/') ? join(dist, asset.slice(6)) : new URL(asset, import.meta.url);
  const body = await readFile(path).catch(() => null);
  response.writeHead(body === null ? 404 : 200, { 'content-type': types[extname(asset)] }).end(body);
}).listen(Number(process.env.PORT ?? 8080), '127.0.0.1');
