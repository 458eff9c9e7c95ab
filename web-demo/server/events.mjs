// The leader's WebSocket (docs/http-api.md), which Node 18 has no client for. It announces only; a
// connection that breaks is made again, from the last announcement on.
import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, 1.3
const text = 1, close = 8, ping = 9, pong = 10;
const largest = 1 << 20;
const again = { first: 250, most: 5000 };

/** A client's frame: masked, RFC 6455, 5.2; at most 125 bytes, as control frames are. */
function frame(opcode, payload) {
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask,
    payload.map((byte, i) => byte ^ mask[i % 4])]);
}

/** The first frame in the bytes: { opcode, payload, rest }; null: not whole yet. Throws for what a server may not send. */
export function readFrame(bytes) {
  if (bytes.length < 2) return null;
  if (!(bytes[0] & 0x80) || bytes[1] & 0x80) throw new Error('events: a fragmented or masked frame');
  let length = bytes[1] & 0x7f;
  let at = 2;
  if (length === 126) {
    if (bytes.length < 4) return null;
    length = bytes.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return null;
    length = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  if (length > largest) throw new Error('events: a frame that is too long');
  if (bytes.length < at + length) return null;
  return { opcode: bytes[0] & 0x0f, payload: bytes.subarray(at, at + length), rest: bytes.subarray(at + length) };
}

export class LeaderEvents {
  #after = null;
  #wait = again.first;
  #socket = null;
  #timer = null;
  #stopped = false;

  /** onEvent(event) for each announcement, and {missed: true} when there were too many to tell. */
  constructor(leaderUrl, onEvent) {
    this.url = new URL('/v1/events', leaderUrl);
    this.onEvent = onEvent;
  }

  start() {
    if (this.#stopped) return;
    const key = randomBytes(16).toString('base64');
    const target = this.#after === null ? this.url : new URL(`?after=${this.#after}`, this.url);
    const asked = request(target, { headers: { connection: 'Upgrade', upgrade: 'websocket',
      'sec-websocket-key': key, 'sec-websocket-version': '13' } });
    this.#socket = asked;
    asked.once('response', (answer) => {
      answer.resume();
      this.#later();
    });
    asked.once('error', () => this.#later());
    asked.once('upgrade', (answer, socket, head) => {
      const expected = createHash('sha1').update(key + magic).digest('base64');
      if (this.#stopped || answer.headers['sec-websocket-accept'] !== expected) socket.destroy();
      this.#socket = socket;
      this.#wait = again.first;
      socket.on('error', () => {});
      socket.once('close', () => this.#later());
      let bytes = head;
      const take = (more) => {
        bytes = more ? Buffer.concat([bytes, more]) : bytes;
        try {
          for (let one; (one = readFrame(bytes)); bytes = one.rest) this.#take(one, socket);
        } catch {
          socket.destroy();
        }
      };
      take();
      socket.on('data', take);
    });
    asked.end();
  }

  #take({ opcode, payload }, socket) {
    if (opcode === ping) socket.write(frame(pong, payload));
    else if (opcode === close) socket.end(frame(close, payload.subarray(0, 2)));
    else if (opcode === text) {
      const event = JSON.parse(payload.toString());
      this.#after = event.id;
      this.onEvent(event);
    }
  }

  #later() {
    if (this.#stopped || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.start();
    }, this.#wait);
    this.#wait = Math.min(again.most, this.#wait * 2);
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#socket?.destroy();
  }
}
