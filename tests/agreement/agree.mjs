// Runs the script of agreement.cpp and compares what it prints with results.txt: digests to the
// bit, floats to a part in 10,000 of the largest one of their line.
//   node agree.mjs PROGRAM DIR            the test
//   node agree.mjs PROGRAM DIR --write    writes results.txt anew; run it with the native program
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [program, folder, mode] = process.argv.slice(2);
const command = program.endsWith('.js')
  ? [process.execPath, ['--no-experimental-fetch', program, folder]]
  : [program, [folder]];
const printed = execFileSync(...command, { encoding: 'utf8', maxBuffer: 1 << 26 });
const results = new URL('results.txt', import.meta.url);
if (mode === '--write') {
  writeFileSync(results, printed);
  process.exit();
}

const lines = (text) => text.trimEnd().split('\n').map((line) => line.split(' '));
const expected = lines(readFileSync(results, 'utf8'));
const found = lines(printed);
let wrong = expected.length === found.length ? 0 : 1;
if (wrong) console.log(`${found.length} results, not ${expected.length}`);
let largest = 0;
expected.forEach(([kind, name, ...values], i) => {
  const [otherKind, otherName, ...others] = found[i] ?? [];
  let same = kind === otherKind && name === otherName && values.length === others.length;
  if (same && kind === 'floats') {
    const scale = Math.max(...values.map((value) => Math.abs(Number(value))), 1e-30);
    const off = Math.max(...values.map((value, j) => Math.abs(value - others[j]))) / scale;
    largest = Math.max(largest, off);
    same = off <= 1e-4;
  } else if (same) {
    same = values.every((value, j) => value === others[j]);
  }
  if (!same) console.log(`${kind} ${name}: differs from results.txt`);
  wrong += same ? 0 : 1;
});
console.log(`${found.length - wrong} of ${expected.length} results agree; floats to ${largest}`);
process.exitCode = wrong === 0 ? 0 : 1;
