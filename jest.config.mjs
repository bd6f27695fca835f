const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: { '\\.tsx?$': '<rootDir>/tests/support/esbuild-transform.mjs' },
  modulePathIgnorePatterns: ['/dist/', '/build/'],
  moduleNameMapper: {
    '^node-kvm$': '<rootDir>/node-kvm/index.ts',
    '^node-hostfs$': '<rootDir>/node-hostfs/index.ts',
    '^tsvmm$': '<rootDir>/vmm/index.ts',
  },
};

/**
 * Longest that a test may take which says nothing of it, in milliseconds: no test measures by it, it ends those that hang. A host
 * that is slow and has much else to do may take ten times as long as another.
 */
const TEST_TIMEOUT_MS = 60_000;

/** Three suites: `unit` needs no guest, `guest` boots Linux under /dev/kvm, `long` takes minutes and runs apart. */
export default {
  testTimeout: TEST_TIMEOUT_MS,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/**/*.test.{ts,tsx}'],
      testPathIgnorePatterns: ['/node_modules/', '/tests/guest/', '/tests/long/'],
    },
    { ...base, displayName: 'guest', testMatch: ['<rootDir>/tests/guest/**/*.test.ts'] },
    { ...base, displayName: 'long', testMatch: ['<rootDir>/tests/long/**/*.test.ts'] },
  ],
};
