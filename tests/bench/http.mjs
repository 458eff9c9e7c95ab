// Our HTTP server beside nginx, driven by wrk turn by turn, and ten thousand idle WebSockets.
// Usage: node http.mjs [SECONDS]; needs wrk and nginx, and build/release/bench_http.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const seconds = Number(process.argv[2] ?? 5);
const rounds = 3;
const program = fileURLToPath(new URL('../../build/release/bench_http', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sotto-http-'));

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The same file from memory of the system, as nginx does it best: sendfile, no log. */
function startNginx(port) {
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, `
${process.getuid() === 0 ? 'user root;' : ''} daemon off; worker_processes 2; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi; open_file_cache max=10;
  server { listen 127.0.0.1:${port}; root ${folder};
    location = /small { return 200 ok; } } }
`);
  return spawn('nginx', ['-p', folder, '-c', config], { stdio: 'ignore' });
}

function wrk(url, script) {
  const more = script ? ['-s', script] : [];
  const text = execFileSync('wrk', ['-t1', '-c16', `-d${seconds}s`, ...more, url],
    { encoding: 'utf8' });
  const errors = text.match(/Non-2xx.*|Socket errors.*/);
  if (errors) throw new Error(`${url}: ${errors[0]}`);
  return Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function until(condition) {
  for (let i = 0; i < 100; ++i) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('a server did not start');
}

const file = join(folder, 'file');
writeFileSync(file, Buffer.alloc(1 << 20, 'f'));
const put = join(folder, 'put.lua');
writeFileSync(put, 'wrk.method = "PUT"\nwrk.body = string.rep("b", 1000)\n');
const nginxPort = await freePort();
const nginx = startNginx(nginxPort);
const ours = spawn(program, ['--serve', '0', file], { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const lines = createInterface({ input: ours.stdout });
  const port = Number((await new Promise((resolve) => lines.once('line', resolve))));
  const urls = { ours: `http://127.0.0.1:${port}`, nginx: `http://127.0.0.1:${nginxPort}` };
  await until(async () => (await fetch(`${urls.nginx}/small`)).ok);

  console.log(`requests a second, medians of ${rounds} turns of ${seconds} s, 16 connections`);
  for (const [name, path] of [['GET, 1 MiB', '/file'], ['GET, 2 bytes', '/small']]) {
    const rates = { ours: [], nginx: [] };
    for (let round = 0; round < rounds; ++round)
      for (const who of ['ours', 'nginx']) rates[who].push(wrk(urls[who] + path));
    const [a, b] = [median(rates.ours), median(rates.nginx)];
    console.log(`${name.padEnd(16)} ours ${a.toFixed(0).padStart(8)}   nginx ` +
      `${b.toFixed(0).padStart(8)}   ratio ${(a / b).toFixed(2)}`);
  }
  console.log(`${'PUT, 1 kB'.padEnd(16)} ours ${wrk(`${urls.ours}/put`, put).toFixed(0).padStart(8)}`);
  console.log(execFileSync(program, ['--websockets', '10000', String(port)], { encoding: 'utf8' }));
} finally {
  ours.stdin.end();
  nginx.kill('SIGQUIT');
  await new Promise((resolve) => nginx.once('exit', resolve));
  rmSync(folder, { recursive: true });
}
