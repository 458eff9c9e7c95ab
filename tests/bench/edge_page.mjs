import { SottoCore } from '/core/loader.mjs';
import { measureAll } from '/bench/edge.mjs';

const query = new URLSearchParams(location.search);
const binary = await (await fetch('/sotto.wasm')).arrayBuffer();
const module = await WebAssembly.compile(binary);
const sites = (folder) => async (name) =>
  new Uint8Array(await (await fetch(`/sites/${folder}/${name}.bin`)).arrayBuffer());
globalThis.results = await measureAll(sites, () => SottoCore.load(module),
  query.get('sizes').split(',').map(Number), query.get('quick') === '1');
