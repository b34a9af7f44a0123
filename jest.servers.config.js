import configuration from './jest.config.js';

/** Suites by the variable that names their server, or its program. Where none is named all of them run, and fail. */
const named = Object.entries({ ESDB_URL: 'eventstoredb', MONGODB_URL: 'mongodb', NANOMDM: 'nanomdm' }).filter(
  ([variable]) => process.env[variable],
);

/** The contract suites and a rollout against real servers, see `npm run test:servers`. */
export default {
  ...configuration,
  testRegex:
    named.length === 0 ? 'test/servers/[^/]+\\.ts$' : named.map(([, name]) => `test/servers/${name}\\.ts$`),
  testTimeout: 120_000,
  maxWorkers: 1,
};
