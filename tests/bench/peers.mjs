// What finds the same top 50 elsewhere: one matrix product and a top-k, in one thread of WebAssembly.
// Weights are float32 [dim, n]: item i is column i. Each gives (query: Float32Array) => rows, best first.
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import * as ort from 'onnxruntime-web/wasm';

const utf8 = new TextEncoder();

// --- ONNX, as protobuf ----------------------------------------------------------------------------

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}
const whole = (field, value) => Uint8Array.from([...varint(field * 8), ...varint(value)]);
function block(field, ...parts) {
  const all = parts.flat();
  const size = all.reduce((sum, { length }) => sum + length, 0);
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(size)]), ...all];
}
const text = (field, value) => block(field, utf8.encode(value));
const raw = (floats) => new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);

const [float32, int64] = [1, 7];
const tensor = (name, type, shape, bytes) => block(5, // GraphProto.initializer
  shape.map((n) => whole(1, n)), whole(2, type), text(8, name), block(9, bytes));
const valueOf = (field, name, type, shape) => block(field, text(1, name), block(2, block(1, whole(1, type),
  block(2, shape.map((n) => block(1, whole(1, n))).flat()))));
const node = (type, inputs, outputs) => block(1,
  inputs.flatMap((name) => text(1, name)), outputs.flatMap((name) => text(2, name)), text(4, type));

/** ModelProto: scores = query [1, dim] * weights [dim, n]; top `count` of them. */
function topModel(weights, dim, n, count) {
  const graph = block(7,
    node('MatMul', ['query', 'weights'], ['scores']),
    node('TopK', ['scores', 'count'], ['values', 'rows']),
    text(2, 'top'),
    tensor('weights', float32, [dim, n], raw(weights)),
    tensor('count', int64, [1], new Uint8Array(new BigInt64Array([BigInt(count)]).buffer)),
    valueOf(11, 'query', float32, [1, dim]),
    valueOf(12, 'values', float32, [1, count]),
    valueOf(12, 'rows', int64, [1, count]));
  const parts = [whole(1, 8), ...graph, ...block(8, whole(2, 13))]; // IR 8, operator set 13
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param {string} assets URL of the packages' folder */
export async function openOnnx(assets, weights, dim, n, count) {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.wasm.wasmBinary ??=
    await (await fetch(`${assets}/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm`)).arrayBuffer();
  const session = await ort.InferenceSession.create(topModel(weights, dim, n, count), { executionProviders: ['wasm'] });
  return {
    async top(query) {
      const { rows } = await session.run({ query: new ort.Tensor('float32', query, [1, dim]) }, ['rows']);
      return Array.from(rows.data, Number);
    },
    close: () => session.release(),
  };
}

/** @param {string} assets URL of the packages' folder */
export async function openTensorflow(assets, weights, dim, n, count) {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  setThreadsCount(1);
  setWasmPaths(`${assets}/@tensorflow/tfjs-backend-wasm/dist/`, true);
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs: no WebAssembly backend');
  const matrix = tf.tensor2d(weights, [dim, n]);
  return {
    async top(query) {
      return tf.tidy(() => {
        const { indices } = tf.topk(tf.matMul(tf.tensor2d(query, [1, dim]), matrix), count);
        return Array.from(indices.dataSync());
      });
    },
    close: () => matrix.dispose(),
  };
}
