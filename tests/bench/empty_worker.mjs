// The least that a worker with the core holds: the module, and no site.
import '/bench/package_probe.js';
import { SottoCore } from '/sotto/core.js';

globalThis.core = await SottoCore.load(fetch('/sotto/sotto.wasm'));
postMessage('loaded');
