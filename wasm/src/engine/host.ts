// One page's worker: answers its page, itself or through the tab that has the seat.
import { SottoError, plainError } from '../errors.js';
import type { Environment } from './environment.js';
import { Keeper } from './keeper.js';
import type { Answer, EngineOptions, Method, Notice, PageState, Signals, State } from './rpc.js';
import { Seat } from './seat.js';
import { Fenced } from './storage.js';

export class Host {
  readonly #environment: Environment;
  readonly #options: EngineOptions;
  readonly #notify: (notice: Notice) => void;
  readonly #seat: Seat;
  #keeper: Keeper | null = null;
  #isOpen = false;

  constructor(environment: Environment, options: EngineOptions, notify: (notice: Notice) => void) {
    this.#environment = environment;
    this.#options = options;
    this.#notify = notify;
    this.#seat = new Seat(`sotto:${options.siteUrl}`, {
      take: () => this.#take(),
      leave: () => this.#leave(),
      answer: (method, args) => this.#answer(method, args),
      signals: (signals: Signals) => this.#keeper?.signal(signals),
      notice: (notice) => this.#hear(notice),
    }, options.signals);
  }

  /** Answers with the PageState; a seat that is taken later is told. */
  async open(): Promise<Answer> {
    await this.#seat.open();
    const answer = await this.#seat.call('state', []);
    this.#isOpen = true;
    return 'error' in answer ? answer : { value: this.#pageState(answer.value as State) };
  }

  async #take(): Promise<void> {
    this.#keeper = await Keeper.open(this.#environment, this.#options, {
      notice: (notice) => {
        const told = notice.kind === 'status'
          ? { ...notice, status: { ...notice.status, seat: 'writer' as const } }
          : notice;
        this.#notify(told);
        this.#seat.tell(told);
      },
      fenced: () => void this.#seat.giveUp(),
    });
    if (this.#isOpen) this.#tellState(this.#keeper.state());
  }

  async #leave(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = null;
    await keeper?.close();
  }

  #hear(notice: Notice): void {
    this.#notify(notice.kind === 'status'
      ? { ...notice, status: { ...notice.status, seat: 'follower' } }
      : notice);
  }

  #pageState({ privacy, status }: State): PageState {
    return { privacy, status: { ...status, seat: this.#keeper !== null ? 'writer' : 'follower' } };
  }
  #tellState(state: State): void {
    const { privacy, status } = this.#pageState(state);
    this.#notify({ kind: 'privacy', privacy });
    this.#notify({ kind: 'status', status });
  }

  async #answer(method: Method, args: readonly unknown[]): Promise<Answer | null> {
    try {
      const keeper = this.#keeper;
      if (keeper === null) return null;
      const handler = keeper[method] as ((...args: readonly unknown[]) => unknown) | undefined;
      if (handler === undefined) throw new SottoError('UNSUPPORTED', `${method}: another version of this package`);
      return { value: await handler.apply(keeper, [...args]) };
    } catch (error) {
      return error instanceof Fenced ? null : { error: plainError(error) };
    }
  }

  call(method: Method, args: readonly unknown[]): Promise<Answer> {
    return this.#seat.call(method, args);
  }

  close(): Promise<void> {
    return this.#seat.close();
  }
}
