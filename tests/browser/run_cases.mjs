// tests/wasm/cases.mjs in a browser: name -> null, or what went wrong.
import { SottoCore } from '/core/loader.mjs';
import { cases } from '/wasm/cases.mjs';

const names = ['identities', 'manifest', 'manifest-old', 'manifest-production', 'manifest-tuned',
  'snapshot', 'snapshot-tuned',
  'catalogue', 'task', 'task-device-noise', 'task-small', 'task-small-production', 'leader-key',
  'helper-key'];

export async function runCases() {
  const files = Object.fromEntries(await Promise.all(names.map(async (name) => {
    const response = await fetch(`/site/${name}.bin`);
    return [name, new Uint8Array(await response.arrayBuffer())];
  })));
  const site = { files, load: () => SottoCore.load(fetch('/sotto.wasm')), hashesOf: SottoCore.hashesOf };
  const results = {};
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(site);
      results[name] = null;
    } catch (error) {
      results[name] = `${error}\n${error.stack}`;
    }
  }
  return results;
}
