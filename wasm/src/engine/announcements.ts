// The site's WebSocket (docs/http-api.md, Events): it tells that there is something new, to everybody
// the same; what is new is then fetched and checked like anything else.
import type { Environment } from './environment.js';
import { Backoff } from './backoff.js';
import type { SiteClient } from './site_client.js';

const firstWaitMs = 2_000;
const mostWaitMs = 5 * 60_000;

export interface AnnouncementEvents {
  model(): void;
  task(): void;
}

export class Announcements {
  readonly #environment: Environment;
  readonly #client: SiteClient;
  readonly #events: AnnouncementEvents;
  readonly #backoff = new Backoff(firstWaitMs, mostWaitMs);
  #socket: WebSocket | null = null;
  #after: number | null = null;
  #closed = false;
  #cancelTimer: () => void = () => {};

  constructor(environment: Environment, client: SiteClient, events: AnnouncementEvents) {
    this.#environment = environment;
    this.#client = client;
    this.#events = events;
    this.#connect();
  }

  #connect(): void {
    if (typeof WebSocket === 'undefined') return;
    const socket = this.#client.events(this.#after);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onopen = () => this.#backoff.succeeded();
    socket.onclose = () => {
      if (this.#closed) return;
      this.#cancelTimer = this.#environment.after(this.#backoff.failed(), () => this.#connect());
    };
  }

  #hear(data: unknown): void {
    let message: Readonly<Record<string, unknown>>;
    try {
      message = JSON.parse(String(data)) as typeof message;
    } catch {
      return;
    }
    if (typeof message['id'] === 'number') this.#after = message['id'];
    if (message['missed'] === true || message['type'] === 'model') this.#events.model();
    if (message['missed'] === true || message['type'] === 'task') this.#events.task();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
    this.#socket?.close();
  }
}
