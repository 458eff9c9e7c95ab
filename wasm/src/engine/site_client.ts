// The site's server over HTTP (docs/http-api.md): what is fetched is the same for everybody and
// nothing says who asks: no cookies, no credentials, no referrer. What comes back is data from
// outside: bounded here, verified by the core.
import { SottoError } from '../../core/error.mjs';
import type { SiteInfo } from './storage.js';
import { isFields, readSiteInfo } from './settings.js';

const kilobyte = 1024;
const shortMs = 20_000;
const longMs = 180_000;

/** What the server answered instead, or that it did not. */
export class HttpError extends SottoError {
  /** 0: no answer. */
  readonly status: number;
  /** What it asks to wait; 0: nothing. */
  readonly retryAfterMs: number;

  constructor(code: string, message: string, status: number, retryAfterMs = 0) {
    super(code, message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may do better later. 408 and 425 are of whoever stands in between. */
  get transient(): boolean {
    return [0, 408, 425, 429].includes(this.status) || this.status >= 500;
  }
}

/** Seconds or a date; a day at most. */
function retryAfter(header: string | null): number {
  if (header === null) return 0;
  const ms = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), 24 * 3600 * 1000) : 0;
}

async function bodyOf(response: Response, most: number): Promise<Uint8Array> {
  const tooLarge = () => new HttpError('TOO_LARGE', `${response.url}: more than ${most} bytes`, response.status);
  if (Number(response.headers.get('content-length') ?? 0) > most) throw tooLarge();
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (part === undefined || part.done) break;
    size += part.value.length;
    if (size > most) {
      await reader?.cancel();
      throw tooLarge();
    }
    parts.push(part.value);
  }
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The code of a problem document (RFC 9457). */
async function problemOf(response: Response): Promise<HttpError> {
  let code = 'IO';
  let detail = `HTTP ${response.status}`;
  try {
    const problem: unknown = JSON.parse(new TextDecoder().decode(await bodyOf(response, 64 * kilobyte)));
    const { code: given, detail: told } = problem as Readonly<Record<string, unknown>>;
    if (typeof given === 'string' && /^[A-Z_]{1,32}$/.test(given)) code = given;
    if (typeof told === 'string') detail += `: ${told.slice(0, 200)}`;
  } catch {
    // a proxy's own page
  }
  return new HttpError(code, `${response.url}: ${detail}`, response.status,
    retryAfter(response.headers.get('retry-after')));
}

// The time is for the whole answer, its body included.
async function request(url: string, init: RequestInit, ms: number): Promise<Response> {
  const ending = new AbortController();
  init.signal?.addEventListener('abort', () => ending.abort(), { once: true });
  if (init.signal?.aborted === true) ending.abort();
  setTimeout(() => ending.abort(), ms);
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      signal: ending.signal,
    });
  } catch (error) {
    throw new HttpError('UNREACHABLE', `${url}: ${String(error)}`, 0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function get(url: string, most: number, cache: RequestCache, ms = shortMs): Promise<Uint8Array> {
  const response = await request(url, { cache }, ms);
  try {
    return await bodyOf(response, most);
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError('UNREACHABLE', `${url}: ${String(error)}`, 0);
  }
}

function json(bytes: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new SottoError('MALFORMED', `${url}: no JSON`);
  }
}

/** The array `name` of a JSON object; its entries are unchecked. */
async function getList(url: string, name: string, cache: RequestCache): Promise<readonly unknown[]> {
  const answer = json(await get(url, 1024 * kilobyte, cache), url);
  const list = isFields(answer) ? answer[name] : null;
  if (!Array.isArray(list)) throw new SottoError('MALFORMED', `${url}: no ${name}`);
  return list;
}

export async function fetchSiteInfo(url: string): Promise<SiteInfo> {
  const info = readSiteInfo(json(await get(url, 64 * kilobyte, 'no-cache'), url));
  if (info === null) throw new SottoError('MALFORMED', `${url}: must name site and leader`);
  return info;
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** An open task, as the list of /v1/tasks names it. Unchecked. */
export interface ListedTask {
  readonly id: string;
  readonly modelSequence: number;
  readonly windowStart: number;
  readonly windowEnd: number;
}

function listedTask(value: unknown): ListedTask | null {
  if (!isFields(value)) return null;
  const { id, model_sequence, window_start_ms, window_end_ms } = value;
  if (typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return null;
  const [modelSequence, windowStart, windowEnd] = [model_sequence, window_start_ms, window_end_ms].map(Number);
  return { id, modelSequence: modelSequence!, windowStart: windowStart!, windowEnd: windowEnd! };
}

interface Popular {
  readonly item: string;
  readonly popularity: number;
}
const isPopular = (value: unknown): value is Popular =>
  isFields(value) && typeof value['item'] === 'string' && typeof value['popularity'] === 'number';

export class SiteClient {
  readonly leader: string;

  constructor({ leader }: SiteInfo) {
    this.leader = leader;
  }

  /** The browser's cache asks by ETag. */
  manifest(): Promise<Uint8Array> {
    return get(`${this.leader}/v1/manifest`, 64 * kilobyte, 'no-cache');
  }
  /** By its hash, so it never changes. */
  file(hash: Uint8Array, size: number): Promise<Uint8Array> {
    return get(`${this.leader}/v1/files/${hex(hash)}`, size, 'default', longMs);
  }
  async popular(count: number): Promise<readonly Popular[]> {
    const items = await getList(`${this.leader}/v1/popular?count=${count}`, 'items', 'default');
    return items.filter(isPopular);
  }
  async tasks(): Promise<readonly ListedTask[]> {
    return (await getList(`${this.leader}/v1/tasks`, 'tasks', 'no-cache')).map(listedTask).filter((task) => task !== null);
  }
  task(id: string): Promise<Uint8Array> {
    return get(`${this.leader}/v1/tasks/${id}`, 4096 * kilobyte, 'default', longMs);
  }
  key(id: Uint8Array): Promise<Uint8Array> {
    return get(`${this.leader}/v1/keys/${hex(id)}`, kilobyte, 'default');
  }
  /** Resolves when the report is durable there. */
  async upload(task: Uint8Array, report: Uint8Array, body: Uint8Array, signal: AbortSignal): Promise<void> {
    const url = `${this.leader}/v1/tasks/${hex(task)}/reports/${hex(report)}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const response = await request(url,
      { method: 'PUT', body: body as BodyInit, headers, cache: 'no-store', signal }, longMs);
    await response.body?.cancel();
  }
  events(after: number | null): WebSocket {
    const url = `${this.leader.replace(/^http/, 'ws')}/v1/events${after === null ? '' : `?after=${after}`}`;
    return new WebSocket(url);
  }
}
