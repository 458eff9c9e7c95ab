// What visitors read or watch, and who they are: a generated world with a magazine of articles about it,
// or the films of a MovieLens data set, which are read where they are and never copied into the project.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const heldOut = 0.1; // of the users, by strong generalisation (aggregator/lab/split.hpp)
const worldSeed = 1; // every demo prints the same magazine
const firstDay = Date.UTC(2024, 0, 1); // of a world (web-demo/magazine/articles.ts)
const dayMs = 86_400_000;

/** { data: for --data, items: path of items.jsonl } */
export async function makeWorld({ sotto, state }) {
  const { world, films, visitors, items } = state.settings;
  const folder = state.file(world === 'films' ? 'films' : 'world');
  const itemsFile = join(folder, 'items.jsonl');
  if (world === 'films') {
    if (!existsSync(itemsFile)) await run(sotto, ['import', '--from', `movielens:${films}`, '--out', folder]);
    return { data: `movielens:${films}`, items: itemsFile };
  }
  if (!existsSync(join(folder, 'world.json')))
    await run(sotto, ['world', '--preset', 'demo', '--users', String(Math.ceil(visitors / (1 - heldOut))), '--items', String(items),
      '--seed', String(worldSeed), '--out', folder]);
  return { data: `world:${folder}`, items: itemsFile };
}

const readItems = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

/** An item as it is, without a text: a film, or an article whose magazine is not built. */
function bare(item, kind) {
  const tags = item.tags ?? [];
  return { id: item.id, title: item.title ?? item.id, lead: [...tags, item.year].filter((one) => one !== undefined).join(', '),
    topic: tags[0] ?? kind, kind, tags,
    date: new Date(item.day === undefined ? Date.UTC(item.year ?? 1970, 0, 1) : firstDay + item.day * dayMs).toISOString().slice(0, 10),
    minutes: 0, body: [] };
}

/** contract.ts: DemoArticle, of all items. magazine: path of the built web-demo/magazine/articles.ts. */
export async function readArticles({ world, itemsFile, magazine }) {
  const items = readItems(itemsFile);
  if (world === 'films') return items.map((item) => bare(item, 'film'));
  if (!existsSync(magazine)) return items.map((item) => bare(item, item.tags?.at(-1) ?? 'article'));
  const { makeArticles } = await import(pathToFileURL(magazine).href);
  return makeArticles(items).map(({ id, title, lead, topic, kind, tags, date, minutes, body }) =>
    ({ id, title, lead, topic, kind, tags, date, minutes, body }));
}
