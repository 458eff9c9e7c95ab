// The check of rooms checked: planted violations are found, and lawful code is left alone.
// Usage: node check_rooms_test.mjs PROJECT_ROOT
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseTable, violations } from './check_rooms.mjs';

const table = parseTable(readFileSync(join(process.argv[2], 'docs/rooms.md'), 'utf8'));
assert.deepEqual([...table.get('base')], []);
assert.deepEqual([...table.get('vdaf')], ['base', 'crypto']);
for (const room of ['events', 'catalog', 'model', 'retrieval', 'evaluation', 'privacy'])
  assert(!table.get(room).has('crypto'), `${room} must not see cryptography`);

const lawful = {
  'model/CMakeLists.txt': 'sotto_room(model\n  SOURCES a.cpp\n  DEPENDS base # why\n          catalog)\n',
  'model/a.cpp': '#include "model/a.hpp"\n#include <vector>\n#include "base/result.hpp"\n',
};
/** The violations when `files` are added to (or replace) the lawful ones. */
function planted(files) {
  return violations(table, new Map(Object.entries({ ...lawful, ...files })));
}

assert.deepEqual(planted({}), []);
assert.match(planted({ 'model/a.cpp': '\n#include "crypto/random.hpp"\n' })[0], /a\.cpp:2: model may not include crypto/);
assert.match(planted({ 'model/a.cpp': '#  include <crypto/random.hpp>\n' })[0], /may not include crypto/);
assert.match(planted({ 'model/a.cpp': '#include "events/recency.hpp"\n' })[0], /events is missing in DEPENDS/);
assert.match(planted({ 'model/a.cpp': '#include "../crypto/random.hpp"\n' })[0], /not through/);
assert.match(planted({ 'model/a.cpp': '#include <sodium.h>\n' })[0], /only crypto/);
assert.match(planted({ 'base/CMakeLists.txt': 'sotto_room(base SOURCES a.cpp DEPENDS\n  crypto)' })[0], /base may not depend on crypto/);
assert.match(planted({ 'base/CMakeLists.txt': 'sotto_room(base SOURCES a.cpp PRIVATE sotto::crypto)' })[0], /base may not depend on crypto/);
assert.match(planted({ 'base/CMakeLists.txt': 'target_link_libraries(sotto_base sotto::crypto)' })[0], /only through sotto_room/);
assert.match(planted({ 'attic/a.cpp': '' })[0], /attic is not in docs/);
const circle = new Map([['a', new Set(['b'])], ['b', new Set(['a'])]]);
assert.match(violations(circle, new Map())[0], /circle a -> b -> a/);
console.log('every planted violation was found');
