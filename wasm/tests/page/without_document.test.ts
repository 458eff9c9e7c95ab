// A server that renders pages imports the package, too.
import { expect, test } from 'vitest';

import { defineElements } from '../../src/elements/index.js';
import { observe } from '../../src/observe.js';

test('elements and observe() are imported where there is no document', () => {
  expect(typeof document).toBe('undefined');
  expect([typeof defineElements, typeof observe]).toEqual(['function', 'function']);
});
