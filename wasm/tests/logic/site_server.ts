// The site's leader as a device sees it (docs/http-api.md), over real HTTP: the fixture's files, and
// answers to uploads as a test has them.
import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { file, minute, start } from './world.js';

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Answers after it. */
  readonly after?: Promise<unknown>;
}
export interface Upload {
  readonly path: string;
  readonly body: Buffer;
}

export const problem = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  ({ status, headers, body: JSON.stringify({ code, detail: 'as the test says' }) });

export class SiteServer {
  readonly uploads: Upload[] = [];
  readonly requests: string[] = [];
  /** Those that are listed: ids, and which file of the fixture each is. */
  tasks: { id: string; file: string }[] = [];
  /** For paths that it matches; null: as usual. */
  answer: (path: string) => Answer | null = () => null;
  onUpload: () => Answer = () => ({ status: 200 });
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  async start(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get siteUrl(): string {
    return `${this.url}/v1/site.json`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push(`${request.method} ${path}`);
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return; // given up while it was sent
    }
    if (request.method === 'PUT') this.uploads.push({ path, body: Buffer.concat(parts) });
    const answer = this.answer(path) ?? (request.method === 'PUT' ? this.onUpload() : this.#file(path));
    await answer.after;
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  #file(path: string): Answer {
    const found = (body: Uint8Array | string): Answer => ({ status: 200, body });
    const json = (value: unknown) => found(JSON.stringify(value));
    const [, , kind, name] = path.split('/');
    if (kind === 'site.json') return json({ site: 'shop.example', leader: this.url });
    if (kind === 'manifest') return found(file('manifest'));
    if (kind === 'files') {
      const named = [file('snapshot'), file('catalogue')].find((bytes) =>
        createHash('sha256').update(bytes).digest('hex') === name);
      if (named !== undefined) return found(named);
    }
    if (kind === 'tasks' && name === undefined)
      return json({ tasks: this.tasks.map(({ id }) => ({ id, model_sequence: 2,
        window_start_ms: start - minute, window_end_ms: start + 30 * minute })) });
    const task = this.tasks.find(({ id }) => kind === 'tasks' && id === name);
    if (task !== undefined) return found(file(task.file));
    if (kind === 'keys') {
      const key = ['leader-key', 'helper-key'].find((role) => this.keys[role] === name);
      if (key !== undefined) return found(file(key));
    }
    return problem(404, 'NOT_FOUND');
  }
  /** Ids of the keys, as the task names them. */
  keys: Record<string, string> = {};

  stop(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((done) => this.#server.close(() => done()));
  }
}
