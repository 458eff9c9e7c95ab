import { runCases } from './run_cases.mjs';

postMessage(await runCases());
