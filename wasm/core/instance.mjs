// One instance of sotto.wasm: its imports, its memory, its calls. Nothing here knows what they mean.
// @ts-check
import { SottoError } from './error.mjs';

/** The ABI that this loader speaks: SOTTO_ABI_VERSION of capi.h. */
export const abiVersion = 6;

const text = new TextDecoder();
// The most that crypto.getRandomValues gives in one call.
const mostEntropy = 65536;

/** @typedef {Response | BufferSource | WebAssembly.Module} Source */

/** @param {Source} source @returns {Promise<WebAssembly.Module>} */
async function compile(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof Response === 'undefined' || !(source instanceof Response))
    return WebAssembly.compile(/** @type {BufferSource} */ (source));
  if (!source.ok) throw new SottoError('IO', `sotto.wasm: the server answers ${source.status}`);
  return WebAssembly.compile(await source.arrayBuffer());
}

/** Node 18 has no global crypto. */
export async function hostCrypto() {
  return globalThis.crypto ?? (await import('node:crypto')).webcrypto;
}

/** Calls go in with numbers and bytes; bytes come out. After a trap the instance is dead: it refuses
 * every call with CORE_CRASHED, because nothing is known of what it holds. */
export class Instance {
  /** @type {any} */ #exports;
  #out = 0;
  /** @type {SottoError | null} */ #crash = null;

  /** @param {Source | Promise<Source>} source */
  static async load(source) {
    const module = await compile(await source);
    const crypto = await hostCrypto();
    const instance = new Instance();
    instance.#exports = (await WebAssembly.instantiate(module, {
      env: {
        emscripten_notify_memory_growth() {},
        sotto_random_get: (/** @type {number} */ at, /** @type {number} */ size) => {
          for (let end = at + size; at < end; at += mostEntropy)
            crypto.getRandomValues(instance.#view(at, Math.min(end - at, mostEntropy)));
        },
      },
      wasi_snapshot_preview1: {
        proc_exit(/** @type {number} */ code) {
          throw new Error(`the core exited with ${code}`);
        },
      },
    })).exports;
    instance.#start();
    return instance;
  }

  #start() {
    this.#run('_initialize');
    const version = this.#exports.sotto_abi_version?.();
    if (version !== abiVersion)
      throw new SottoError('UNSUPPORTED', `sotto.wasm: ABI ${version}, not ${abiVersion}`);
    const failed = this.#run('sotto_self_test');
    if (failed !== 0) throw new SottoError('INTERNAL', `sotto.wasm: self test ${failed}`);
    this.#out = this.#allocate(8);
  }

  // Views are made anew each time: memory that grew has left the old ones empty.
  #view(/** @type {number} */ at, /** @type {number} */ size) {
    return new Uint8Array(this.#exports.memory.buffer, at, size);
  }

  #run(/** @type {string} */ name, /** @type {number[]} */ ...numbers) {
    if (this.#crash !== null) throw this.#crash;
    try {
      return this.#exports[name](...numbers);
    } catch (cause) {
      this.#crash = new SottoError('CORE_CRASHED', `${name}: ${cause}`, cause);
      throw this.#crash;
    }
  }

  /** @param {number} size */
  #allocate(size) {
    const at = this.#run('sotto_alloc', size) >>> 0;
    if (at === 0 && size > 0) throw new SottoError('OUT_OF_MEMORY', `no ${size} bytes of memory`);
    return at;
  }

  get crashed() {
    return this.#crash !== null;
  }

  /** A call without buffers. @param {string} name @param {number[]} numbers @returns {number} */
  number(name, ...numbers) {
    return this.#run(name, ...numbers);
  }

  /** The NUL-terminated constant that a call returns. @param {string} name @param {number[]} numbers */
  constant(name, ...numbers) {
    const at = this.#run(name, ...numbers) >>> 0;
    const bytes = new Uint8Array(this.#exports.memory.buffer, at);
    return text.decode(bytes.slice(0, bytes.indexOf(0)));
  }

  /** A call on a handle. A Uint8Array becomes pointer and size (`fixed`: the pointer alone). The
   * result is a copy.
   * @param {string} name @param {number} handle
   * @param {(number | Uint8Array | {fixed: Uint8Array})[]} args */
  call(name, handle, ...args) {
    /** @type {number[]} */ const numbers = [];
    /** @type {number[]} */ const held = [];
    try {
      for (const arg of args) {
        if (typeof arg === 'number') {
          numbers.push(arg);
          continue;
        }
        const bytes = arg instanceof Uint8Array ? arg : arg.fixed;
        const at = this.#allocate(bytes.length);
        held.push(at);
        this.#view(at, bytes.length).set(bytes);
        numbers.push(at);
        if (arg instanceof Uint8Array) numbers.push(bytes.length);
      }
      const code = this.#run(name, handle, ...numbers, this.#out);
      if (code !== 0)
        throw new SottoError(this.constant('sotto_error_name', code), this.#message(handle));
      return this.#result();
    } finally {
      if (!this.crashed) for (const at of held) this.#run('sotto_free', at);
    }
  }

  #message(/** @type {number} */ handle) {
    this.#run('sotto_last_error', handle, this.#out);
    return text.decode(this.#result());
  }

  #result() {
    const written = new DataView(this.#exports.memory.buffer, this.#out, 8);
    return this.#view(written.getUint32(0, true), written.getUint32(4, true)).slice();
  }
}
