// What failed, by a stable code: the core's (shared/base/result.hpp), a server's
// (docs/http-api.md), or the page's own (wasm/src/types.ts).
// @ts-check

export class SottoError extends Error {
  /** @param {string} code @param {string} message @param {unknown} [cause] */
  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SottoError';
    this.code = code;
  }
}
