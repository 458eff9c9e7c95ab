import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/{logic,page}/*.test.ts'],
    testTimeout: 20_000,
  },
});
