import configuration from './jest.config.js';

/** The contract suites against real servers, see `npm run test:servers`. */
export default {
  ...configuration,
  testRegex: 'test/servers/[^/]+\\.ts$',
  testTimeout: 120_000,
  maxWorkers: 1,
};
