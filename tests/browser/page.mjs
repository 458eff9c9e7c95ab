// The cases in the page, and then in a module worker.
import { runCases } from './run_cases.mjs';

const inPage = await runCases();
const worker = new Worker('/browser/worker.mjs', { type: 'module' });
const inWorker = await new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = ({ message }) => reject(new Error(message));
});
globalThis.results = { page: inPage, worker: inWorker };
