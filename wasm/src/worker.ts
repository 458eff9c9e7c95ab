// The worker of one page: the engine with the browser's own clock, storage and network.
import { SottoCore } from '../core/loader.mjs';
import { plainError } from './errors.js';
import { Database } from './engine/database.js';
import type { Environment } from './engine/environment.js';
import { Host } from './engine/host.js';
import type { Answer, EngineOptions, Question, Told } from './engine/rpc.js';

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
    findDatabase: () => Database.find(name),
    database: () => new Database(name),
    now: () => Date.now(),
    after(ms, call) {
      const timer = setTimeout(call, Math.min(ms, longestTimerMs));
      return () => clearTimeout(timer);
    },
    exclusive: navigator.locks !== undefined,
  };
}

const tell = (told: Told) => postMessage(told);
let host: Host | null = null;

async function answer({ method, args }: Question): Promise<Answer> {
  if (method === 'open') {
    const options = args[0] as EngineOptions;
    host = new Host(environment(options), options, (notice) => tell({ notice }));
    return host.open();
  }
  if (method !== 'close') return host!.call(method, args);
  await host!.close();
  return { value: undefined };
}

addEventListener('message', ({ data }: MessageEvent<Question>) => {
  const { id } = data;
  answer(data).then((answered) => tell({ id, answer: answered }))
    .catch((error: unknown) => tell({ id, answer: { error: plainError(error) } }));
});
