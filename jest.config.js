import { availableParallelism } from 'node:os';

export default {
  rootDir: '.',
  testEnvironment: 'node',
  // Only what hangs is to meet it: journeys in virtual time need real processor time, and build machines are busy.
  testTimeout: 120_000,
  // Jest would leave one processor idle, and specs that start processes or cut connections wait for most of their time.
  maxWorkers: availableParallelism() + 1,
  testSequencer: '<rootDir>/test/sequencer.js',
  globalSetup: '<rootDir>/test/global-setup.js',
  globalTeardown: '<rootDir>/test/global-teardown.js',
  testRegex: '.*\\.spec\\.ts$',
  testPathIgnorePatterns: ['/dist/', '/node_modules/'],
  modulePathIgnorePatterns: ['<rootDir>/(apps|libs)/[^/]+/dist/', '<rootDir>/libs/stores/[^/]+/dist/'],
  moduleFileExtensions: ['ts', 'js', 'json'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@seatbook/test-support/(.*)$': '<rootDir>/test/support/src/$1.ts',
    '^@seatbook/simulator$': '<rootDir>/apps/simulator/src/index.ts',
    '^@seatbook/(apple|mdm)/formats$': '<rootDir>/libs/$1/src/formats.ts',
    '^@seatbook/store-(.*)$': '<rootDir>/libs/stores/$1/src/index.ts',
    '^@seatbook/(.*)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
};
