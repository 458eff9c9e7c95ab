// The binary forms of capi.h in JavaScript: little-endian, no padding.
// @ts-check

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** The names of the C++ enums, by number. */
export const eventTypes = /** @type {const} */ (['impression', 'click', 'view', 'dwell', 'scroll', 'like', 'dislike',
  'save', 'share', 'purchase', 'hide', 'rating']); // from 1
export const dropReasons = /** @type {const} */ (['invalid', 'future', 'duplicate', 'event_rate', 'item_rate',
  'unmeasured']);
export const repairs = /** @type {const} */ (['imputed_from_user', 'imputed_from_neighbors', 'imputed_from_catalogue',
  'winsorized', 'clock_ahead', 'clock_behind']);
export const listSources = /** @type {const} */ (['personal', 'content', 'popular']); // from 1
export const participations = /** @type {const} */ (['report', 'zero_report', 'declined', 'decided']); // from 1
export const taskKinds = /** @type {const} */ (['learning', 'evaluation', 'experiment']); // from 1
export const noiseBy = /** @type {const} */ (['leader', 'servers', 'servers+device']); // from 1
export const outboxStates = /** @type {const} */ (['waiting', 'sent', 'declined']); // from 1
export const ledgerStates = /** @type {const} */ (['open', 'opted_out', 'damaged']);

// Ids are short and ASCII. A coder costs a microsecond or more for each, which is most of what a list
// of them costs to read.
const shortText = 64;

/** @param {string} value @returns {Uint8Array | null} null: it is longer, or not ASCII */
function ascii(value) {
  if (value.length > shortText) return null;
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; ++i) {
    const unit = value.charCodeAt(i);
    if (unit > 0x7f) return null;
    bytes[i] = unit;
  }
  return bytes;
}

/** @returns {string | null} as ascii() */
function asciiAt(/** @type {Uint8Array} */ bytes, /** @type {number} */ at, /** @type {number} */ n) {
  if (n > shortText) return null;
  let value = '';
  for (let i = at; i < at + n; ++i) {
    const byte = /** @type {number} */ (bytes[i]);
    if (byte > 0x7f) return null;
    value += String.fromCharCode(byte);
  }
  return value;
}

/** Appends to a growing buffer. Numbers must be numbers: anything else is a TypeError that names
 * the argument, so that no NaN becomes a zero on the way. */
export class Writer {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  /** @returns {number} where `n` new bytes begin */
  #grow(/** @type {number} */ n) {
    const at = this.#size;
    this.#size += n;
    if (this.#size > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#size);
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
  u8(/** @type {number | boolean} */ value, name = 'value') {
    const byte = whole(Number(value), name, 0xff);
    const at = this.#grow(1);
    this.#view.setUint8(at, byte);
    return this;
  }
  u16(/** @type {number} */ value, name = 'value') {
    const checked = whole(value, name, 0xffff);
    const at = this.#grow(2);
    this.#view.setUint16(at, checked, true);
    return this;
  }
  u32(/** @type {number} */ value, name = 'value') {
    const checked = whole(value, name, 0xffffffff);
    const at = this.#grow(4);
    this.#view.setUint32(at, checked, true);
    return this;
  }
  u64(/** @type {number} */ value, name = 'value') {
    const checked = BigInt(whole(value, name, Number.MAX_SAFE_INTEGER));
    const at = this.#grow(8);
    this.#view.setBigUint64(at, checked, true);
    return this;
  }
  /** Milliseconds; fractions are dropped. */
  time(/** @type {number} */ value, name = 'timestamp') {
    const checked = Math.trunc(number(value, name));
    if (!Number.isSafeInteger(checked)) throw new RangeError(`${name}: must be a time in ms`);
    const at = this.#grow(8);
    this.#view.setBigInt64(at, BigInt(checked), true);
    return this;
  }
  f32(/** @type {number} */ value, name = 'value') {
    const checked = number(value, name);
    const at = this.#grow(4);
    this.#view.setFloat32(at, checked, true);
    return this;
  }
  f64(/** @type {number} */ value, name = 'value') {
    const checked = number(value, name);
    const at = this.#grow(8);
    this.#view.setFloat64(at, checked, true);
    return this;
  }
  raw(/** @type {Uint8Array} */ bytes) {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }
  text(/** @type {string} */ value, name = 'value') {
    if (typeof value !== 'string') throw new TypeError(`${name}: must be a string`);
    const bytes = ascii(value) ?? utf8.encode(value);
    if (bytes.length > 0xffff) throw new RangeError(`${name}: too long`);
    return this.u16(bytes.length).raw(bytes);
  }
  ids(/** @type {Iterable<string>} */ values, name = 'ids') {
    const list = [...values];
    this.u32(list.length);
    for (const id of list) this.text(id, name);
    return this;
  }
  /** @param {Iterable<{key: string, bytes: Uint8Array | null}>} list */
  changes(list) {
    const records = [...list];
    this.u32(records.length);
    for (const { key, bytes } of records) {
      this.text(key, 'key').u8(bytes === null).u32(bytes?.length ?? 0);
      if (bytes !== null) this.raw(bytes);
    }
    return this;
  }
  bytes() {
    return this.#bytes.subarray(0, this.#size);
  }
}

/** Reads what the core wrote. Copies what it hands out. */
export class Reader {
  #bytes;
  #view;
  #at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  #take(/** @type {number} */ n) {
    const at = this.#at;
    this.#at += n;
    return at;
  }
  u8() { return this.#view.getUint8(this.#take(1)); }
  u16() { return this.#view.getUint16(this.#take(2), true); }
  u32() { return this.#view.getUint32(this.#take(4), true); }
  u64() { return Number(this.#view.getBigUint64(this.#take(8), true)); }
  i64() { return Number(this.#view.getBigInt64(this.#take(8), true)); }
  f32() { return this.#view.getFloat32(this.#take(4), true); }
  f64() { return this.#view.getFloat64(this.#take(8), true); }
  raw(/** @type {number} */ n) {
    const at = this.#take(n);
    return this.#bytes.slice(at, at + n);
  }
  text() {
    const n = this.u16();
    const at = this.#take(n);
    return asciiAt(this.#bytes, at, n) ?? text.decode(this.#bytes.subarray(at, at + n));
  }
  /** A number as its name; numbers begin with `first`.
   * @template {string | null} T @param {readonly T[]} names @returns {T} */
  named(names, first = 1) {
    const number = this.u8();
    const name = names[number - first];
    if (name === undefined) throw new RangeError(`${number}: none of ${names.join(', ')}`);
    return name;
  }
  /** @template T @param {() => T} item @returns {T[]} */
  list(item, n = this.u32()) {
    const items = [];
    for (let i = 0; i < n; ++i) items.push(item());
    return items;
  }
  /** @returns {{key: string, bytes: Uint8Array | null}[]} */
  changes() {
    return this.list(() => {
      const key = this.text();
      const deleted = this.u8() === 1;
      const bytes = this.raw(this.u32());
      return { key, bytes: deleted ? null : bytes };
    });
  }
}

/** @param {unknown} value @param {string} name */
export function number(value, name) {
  if (typeof value !== 'number') throw new TypeError(`${name}: must be a number`);
  return value;
}

/** @param {unknown} value @param {string} name @param {number} most */
export function whole(value, name, most) {
  const checked = number(value, name);
  if (!Number.isInteger(checked) || checked < 0 || checked > most)
    throw new RangeError(`${name}: must be a whole number of 0 .. ${most}`);
  return checked;
}
