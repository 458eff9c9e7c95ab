// The worker of one page: the engine with the browser's own clock, storage and network.
import { expose } from 'comlink';

import { SottoCore } from '../core/loader.mjs';
import { plainError } from './errors.js';
import { Database, databaseExists } from './engine/database.js';
import type { Environment } from './engine/environment.js';
import { Host } from './engine/host.js';
import type { Answer, EngineOptions, Method, NoticeMessage, State, WorkerApi } from './engine/rpc.js';

// Static, so that every bundler finds the files.
const builds = {
  plain: () => new URL('./sotto.wasm', import.meta.url),
  proofs: () => new URL('./sotto-proofs.wasm', import.meta.url),
};
const longestTimerMs = 2 ** 31 - 1;

function environment({ siteUrl, wasmUrl, proofsWasmUrl }: EngineOptions): Environment {
  const name = `sotto:${siteUrl}`;
  return {
    loadCore: (proofs) => SottoCore.load(fetch(
      proofs ? (proofsWasmUrl ?? builds.proofs()) : (wasmUrl ?? builds.plain()))),
    isStored: () => databaseExists(name),
    database: () => new Database(name),
    now: () => Date.now(),
    after(ms, call) {
      const timer = setTimeout(call, Math.min(ms, longestTimerMs));
      return () => clearTimeout(timer);
    },
    exclusive: navigator.locks !== undefined,
  };
}

class Worker implements WorkerApi {
  #host: Host | null = null;

  async open(options: EngineOptions): Promise<Answer> {
    try {
      this.#host = new Host(environment(options), options,
        (notice) => postMessage({ notice } satisfies NoticeMessage));
      await this.#host.open();
    } catch (error) {
      return { error: plainError(error) };
    }
    return this.#host.call('state', []) as Promise<{ value: State }>;
  }

  async call(method: Method, args: readonly unknown[]): Promise<Answer> {
    return this.#host!.call(method, args);
  }

  async close(): Promise<void> {
    await this.#host?.close();
  }
}

expose(new Worker());
