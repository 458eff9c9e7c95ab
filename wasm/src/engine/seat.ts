// Who keeps the profile: of all tabs of an origin one worker, the writer; the others ask it. The seat
// is a Web Lock, so it is free the moment its tab is gone; who waits longest takes it.
//
//   follower -> channel: { ask, from, id, method, args }     writer -> channel: { answer, to, id }
//   writer   -> channel: { notice }                          { writer }: a new one; ask again
//
// A writer that does not answer (it may hang) is robbed of its seat; the epoch in the database keeps
// it from writing afterwards. Without Web Locks every tab is a writer, the latest one wins in the
// database, and contributing is off.
import { SottoError } from '../../core/error.mjs';
import type { Answer, Method, Notice, Signals } from './rpc.js';

/** Longer than anything that a writer does at a stretch. */
const patienceMs = 10_000;

type Message =
  | { readonly kind: 'ask'; readonly from: string; readonly id: number; readonly method: Method;
      readonly args: readonly unknown[] }
  | { readonly kind: 'answer'; readonly to: string; readonly id: number; readonly answer: Answer }
  | { readonly kind: 'notice'; readonly notice: Notice }
  | { readonly kind: 'signals'; readonly signals: Signals }
  | { readonly kind: 'writer' };

export interface SeatHolder {
  /** The seat is ours: resolves when calls can be answered. */
  take(): Promise<void>;
  /** It is not any more: resolves when everything is closed. */
  leave(): Promise<void>;
  /** Only while it is ours. null: it was taken away meanwhile, the next writer is to be asked. */
  answer(method: Method, args: readonly unknown[]): Promise<Answer | null>;
  signals(signals: Signals): void;
  /** From the writer, while the seat is another's. */
  notice(notice: Notice): void;
}

interface Waiting {
  readonly method: Method;
  readonly args: readonly unknown[];
  readonly resolve: (answer: Answer) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Seat {
  readonly #name: string;
  readonly #holder: SeatHolder;
  readonly #signals: Signals;
  readonly #channel: BroadcastChannel | null;
  readonly #self = Math.random().toString(36).slice(2);
  readonly #waiting = new Map<number, Waiting>();
  readonly #ending = new AbortController();
  #next = 1;
  #held = false;
  /** Whether another tab may be listening: telling nobody costs every event 0.2 ms before its list. */
  #followed = true;
  #ready: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  constructor(name: string, holder: SeatHolder, signals: Signals) {
    this.#name = name;
    this.#holder = holder;
    this.#signals = signals;
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(name);
    if (this.#channel !== null) this.#channel.onmessage = ({ data }) => this.#hear(data as Message);
  }

  get held(): boolean {
    return this.#held;
  }

  /** Resolves when it is known whose the seat is, and calls can be made. */
  async open(): Promise<void> {
    if (navigator.locks === undefined) return this.#take();
    await new Promise<void>((known, failed) => {
      navigator.locks.request(this.#name, { ifAvailable: true }, (lock) => {
        if (lock === null) {
          this.#queue({});
          known();
          return undefined;
        }
        this.#followed = false; // who was there before waits for the lock, and would have got it
        return this.#hold(known, failed);
      }).catch(() => this.#robbed());
    });
    if (!this.#held) this.#send({ kind: 'signals', signals: this.#signals });
  }

  #queue(options: LockOptions): void {
    if (this.#ending.signal.aborted) return;
    navigator.locks.request(this.#name, options.steal === true ? options : { ...options, signal: this.#ending.signal },
      () => this.#hold(() => {}, () => {})).catch(() => this.#robbed());
  }

  // The lock is ours for as long as the promise that this returns is pending.
  #hold(known: () => void, failed: (error: unknown) => void): Promise<void> {
    return new Promise((release) => {
      this.#release = release;
      this.#take().then(known, (error) => {
        failed(error);
        this.#release();
      });
    });
  }

  async #take(): Promise<void> {
    this.#held = true;
    this.#ready = this.#holder.take();
    try {
      await this.#ready;
    } catch (error) {
      this.#held = false;
      throw error;
    }
    this.#send({ kind: 'writer' });
    for (const [id, { method, args, resolve, timer }] of this.#waiting) {
      clearTimeout(timer);
      this.#waiting.delete(id);
      void this.call(method, args).then(resolve);
    }
  }

  // Our request for the lock was refused (closing), or somebody took the lock away from us.
  #robbed(): void {
    if (!this.#held || this.#ending.signal.aborted) return;
    void this.giveUp();
  }

  /** Leaves the seat to others, and waits for it again. */
  async giveUp(): Promise<void> {
    if (!this.#held) return;
    this.#held = false;
    await this.#holder.leave();
    this.#release();
    if (navigator.locks !== undefined) this.#queue({});
    else await this.#take();
  }

  async call(method: Method, args: readonly unknown[]): Promise<Answer> {
    if (this.#held) {
      await this.#ready;
      const answer = await this.#holder.answer(method, args);
      if (answer !== null) return answer;
    }
    const id = this.#next;
    this.#next += 1;
    return new Promise((resolve) => {
      this.#waiting.set(id, { method, args, resolve, timer: this.#impatient(id) });
      this.#send({ kind: 'ask', from: this.#self, id, method, args });
    });
  }

  #impatient(id: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      if (!this.#waiting.has(id)) return;
      this.#queue({ steal: true });
      this.#waiting.get(id)!.timer = setTimeout(() => {
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        const error = new SottoError('TIMEOUT', 'the tab that keeps the profile does not answer');
        waiting?.resolve({ error: { name: error.name, code: error.code, message: error.message } });
      }, patienceMs);
    }, patienceMs);
  }

  #hear(message: Message): void {
    this.#followed = true;
    switch (message.kind) {
      case 'ask':
        if (this.#held) void this.#answer(message);
        break;
      case 'answer': {
        if (message.to !== this.#self) break;
        const waiting = this.#waiting.get(message.id);
        if (waiting === undefined) break;
        clearTimeout(waiting.timer);
        this.#waiting.delete(message.id);
        waiting.resolve(message.answer);
        break;
      }
      case 'notice':
        if (!this.#held) this.#holder.notice(message.notice);
        break;
      case 'signals':
        if (this.#held) this.#holder.signals(message.signals);
        break;
      case 'writer':
        if (this.#held) break;
        this.#send({ kind: 'signals', signals: this.#signals });
        for (const [id, { method, args }] of this.#waiting)
          this.#send({ kind: 'ask', from: this.#self, id, method, args });
        break;
    }
  }

  async #answer({ from, id, method, args }: Extract<Message, { kind: 'ask' }>): Promise<void> {
    try {
      await this.#ready;
    } catch {
      return; // the next writer will be asked again
    }
    if (!this.#held) return;
    const answer = await this.#holder.answer(method, args);
    if (answer !== null) this.#send({ kind: 'answer', to: from, id, answer });
  }

  /** To the other tabs. */
  tell(notice: Notice): void {
    if (this.#followed) this.#send({ kind: 'notice', notice });
  }

  #send(message: Message): void {
    if (!this.#ending.signal.aborted) this.#channel?.postMessage(message);
  }

  async close(): Promise<void> {
    this.#ending.abort();
    for (const { timer, resolve } of this.#waiting.values()) {
      clearTimeout(timer);
      resolve({ error: { name: 'SottoError', code: 'CLOSED', message: 'closed' } });
    }
    this.#waiting.clear();
    if (this.#held) {
      this.#held = false;
      await this.#holder.leave();
      this.#release();
    }
    this.#channel?.close();
  }
}
