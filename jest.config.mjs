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

/** Three suites: `unit` needs no guest, `guest` boots Linux under /dev/kvm, `long` takes minutes and runs apart. */
export default {
  // A host with other things to do may keep a test that takes a second from its processor for many.
  testTimeout: 60_000,
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
