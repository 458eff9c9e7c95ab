// Loads sotto.wasm with nothing but the imports that are documented, and calls every export.
// Usage: node module_test.mjs sotto.wasm
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';

const module = await WebAssembly.compile(readFileSync(process.argv[2]));

const imports = WebAssembly.Module.imports(module).map((i) => `${i.module}.${i.name}`);
const documented = [
  'env.emscripten_notify_memory_growth',
  'env.sotto_random_get',
  'wasi_snapshot_preview1.proc_exit',
];
for (const name of imports) assert(documented.includes(name), `undocumented import ${name}`);
assert(imports.includes('env.sotto_random_get'), 'entropy comes from the host');

async function instantiate(randomGet) {
  const { exports } = await WebAssembly.instantiate(module, {
    env: { emscripten_notify_memory_growth() {}, sotto_random_get: (...a) => randomGet(exports, ...a) },
    wasi_snapshot_preview1: {
      proc_exit(code) {
        throw new Error(`the module exited with ${code}`);
      },
    },
  });
  exports._initialize();
  return exports;
}

let largestRequest = 0;
const sotto = await instantiate((exports, out, size) => {
  largestRequest = Math.max(largestRequest, size);
  randomFillSync(new Uint8Array(exports.memory.buffer, out, size));
});

assert.equal(sotto.sotto_abi_version(), 6);
assert.equal(sotto.sotto_self_test(), 0, 'crypto, entropy and SIMD work');
assert(largestRequest > 0 && largestRequest <= 65536);

// Memory grows on demand, and what was freed is used again.
const big = sotto.sotto_alloc(64 << 20);
assert.notEqual(big, 0);
new Uint8Array(sotto.memory.buffer, big, 64 << 20).fill(0xa5);
const grown = sotto.memory.buffer.byteLength;
sotto.sotto_free(big);
for (let i = 0; i < 10; ++i) sotto.sotto_free(sotto.sotto_alloc(64 << 20));
assert.equal(sotto.memory.buffer.byteLength, grown);
assert.equal(sotto.sotto_alloc(0xf0000000), 0, 'no memory is NULL, not a trap');

// The self test notices a host whose entropy is constant.
const broken = await instantiate((exports, out, size) => {
  new Uint8Array(exports.memory.buffer, out, size).fill(7);
});
assert.equal(broken.sotto_self_test(), 2);

console.log(`sotto.wasm: ${readFileSync(process.argv[2]).length} bytes, imports ${imports.join(', ')}`);
