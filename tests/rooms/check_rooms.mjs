// Fails on any dependency between rooms that the table in docs/rooms.md does not list.
// Usage: node check_rooms.mjs PROJECT_ROOT
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The table: Map of room -> Set of rooms that it may use. */
export function parseTable(markdown) {
  const rows = markdown
    .split('\n')
    .map((line) => line.match(/^\| *([a-z_]+) *\|[^|]*\|([^|]*)\|$/))
    .filter((match) => match && match[1] !== 'room');
  return new Map(rows.map((match) => [match[1], new Set(match[2].trim().split(/\s+/).filter(Boolean))]));
}

/** Every line that includes a header of a room: [{line, room}]. */
function roomIncludes(source, table) {
  const found = [];
  source.split('\n').forEach((text, i) => {
    const match = text.match(/^\s*#\s*include\s*["<]([a-z_]+)\//);
    if (match && table.has(match[1])) found.push({ line: i + 1, room: match[1] });
  });
  return found;
}

/** The rooms after a keyword of sotto_room(), however its lines are broken. */
function declaredDepends(cmake) {
  const call = cmake.replace(/#.*$/gm, '').match(/sotto_room\(([^)]*)\)/);
  if (!call) return null;
  const words = call[1].split(/\s+/).filter(Boolean);
  const rooms = new Set();
  let keyword = '';
  for (const word of words.slice(1)) {
    if (/^(SOURCES|DEPENDS|PRIVATE|PUBLIC)$/.test(word)) keyword = word;
    else if (keyword === 'DEPENDS') rooms.add(word);
    else if (word.startsWith('sotto::')) rooms.add(word.slice('sotto::'.length));
  }
  return rooms;
}

/**
 * All violations, as lines for people.
 * @param {Map<string, Set<string>>} table
 * @param {Map<string, string>} files path below shared/ (room/file) -> text
 */
export function violations(table, files) {
  const out = [];
  const visiting = [];
  const visit = (room) => {
    if (visiting.includes(room)) return out.push(`docs/rooms.md: circle ${[...visiting, room].join(' -> ')}`);
    visiting.push(room);
    for (const used of table.get(room)) {
      if (table.has(used)) visit(used);
      else out.push(`docs/rooms.md: ${room} may use ${used}, which is not a room`);
    }
    visiting.pop();
  };
  for (const room of table.keys()) visit(room);

  for (const [path, text] of files) {
    const room = path.split('/')[0];
    const allowed = table.get(room);
    if (!allowed) {
      out.push(`shared/${path}: room ${room} is not in docs/rooms.md`);
      continue;
    }
    if (basename(path) === 'CMakeLists.txt') {
      if (/\btarget_(link_libraries|include_directories)\b|\binclude_directories\b/.test(text))
        out.push(`shared/${path}: a room links and includes only through sotto_room()`);
      for (const used of declaredDepends(text) ?? []) {
        if (table.has(used) && !allowed.has(used)) out.push(`shared/${path}: ${room} may not depend on ${used}`);
      }
      continue;
    }
    const declared = declaredDepends(files.get(`${room}/CMakeLists.txt`) ?? '') ?? new Set();
    for (const { line, room: used } of roomIncludes(text, table)) {
      if (used === room) continue;
      if (!allowed.has(used)) out.push(`shared/${path}:${line}: ${room} may not include ${used}`);
      else if (!declared.has(used)) out.push(`shared/${path}:${line}: ${used} is missing in DEPENDS of ${room}`);
    }
    if (/#\s*include\s*["<][^">]*\.\./.test(text)) out.push(`shared/${path}: include by "room/header.hpp", not through ".."`);
    if (room !== 'crypto' && /#\s*include\s*["<]sodium/.test(text)) out.push(`shared/${path}: only crypto includes sodium.h`);
  }
  return out;
}

/** Every source and CMakeLists.txt of every room. */
function readRooms(shared) {
  const files = new Map();
  const read = (folder) => {
    for (const entry of readdirSync(join(shared, folder), { withFileTypes: true })) {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      if (entry.isDirectory()) read(path);
      else if (folder && /(\.(hpp|cpp|h|c|inc)|^CMakeLists\.txt)$/.test(entry.name))
        files.set(path, readFileSync(join(shared, path), 'utf8'));
    }
  };
  read('');
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = process.argv[2];
  const doc = join(root, 'docs/rooms.md');
  if (!existsSync(doc)) throw new Error(`${doc} is missing`);
  const table = parseTable(readFileSync(doc, 'utf8'));
  const files = readRooms(join(root, 'shared'));
  if (table.size === 0 || files.size === 0) throw new Error('found no rooms to check');
  const found = violations(table, files);
  for (const line of found) console.error(line);
  console.log(`${files.size} files of ${table.size} rooms: ${found.length} violations`);
  process.exitCode = found.length === 0 ? 0 : 1;
}
