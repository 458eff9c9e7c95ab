// Errors across threads and tabs: structured clones keep neither the class nor `code`.
import { SottoError } from '../core/error.mjs';

export { SottoError };

export interface PlainError {
  readonly name: string;
  readonly code: string | null;
  readonly message: string;
}

const misuse: Readonly<Record<string, new (message: string) => Error>> = { RangeError, TypeError };

export function plainError(error: unknown): PlainError {
  if (error instanceof SottoError)
    return { name: error.name, code: error.code, message: error.message };
  if (error instanceof Error && error.name in misuse)
    return { name: error.name, code: null, message: error.message };
  return { name: 'SottoError', code: 'INTERNAL', message: String(error) };
}

export function revivedError({ name, code, message }: PlainError): Error {
  const Misuse = misuse[name];
  return code === null && Misuse !== undefined
    ? new Misuse(message)
    : new SottoError(code ?? 'INTERNAL', message);
}
