/**
 * Who may import whom. `npm run architecture` checks it, and so does every build of `.ci/run`.
 *
 *   apps → nest → host → application → { runtime, licensing } → kernel
 *   stores → { runtime, sealing, kernel } and their driver; apple, mdm → licensing. All implement ports, and host alone chooses them.
 *   specs and test → @seatbook/test-support → all of these
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */

/** A package of this repository: everything below `libs/x`, `libs/stores/x` or `apps/x`. */
const OWN_PACKAGE = '^(libs/stores/[^/]+|(?:libs|apps)/[^/]+)/';
const ANY_PACKAGE = '^(?:libs|apps)/';
/** The second door of a package: the formats of Apple or NanoMDM, without its client. */
const FORMATS = '^libs/(?:apple|mdm)/src/formats\\.ts$';
const SPEC = '\\.spec\\.ts$';
/** npm packages as they are found, wherever npm puts them. */
const npm = (...names) => `(?:^|/)node_modules/(?:${names.join('|')})(?:/|$)`;

/** What a package may import from this repository, besides itself. Whatever is not listed is an error. */
const MAY_IMPORT = {
  'libs/kernel': [],
  'libs/runtime': ['libs/kernel'],
  'libs/sealing': [],
  'libs/licensing': ['libs/kernel'],
  'libs/apple': ['libs/kernel', 'libs/licensing'],
  'libs/mdm': ['libs/kernel', 'libs/licensing'],
  'libs/application': ['libs/kernel', 'libs/runtime', 'libs/licensing', 'libs/apple', 'libs/mdm'],
  'libs/stores/[^/]+': ['libs/kernel', 'libs/runtime', 'libs/sealing'],
  'libs/host': ['libs/(?!nest/|stores/)[^/]+', 'libs/stores/[^/]+'],
  'libs/nest': ['libs/(?!stores/)[^/]+'],
  'apps/simulator': [],
  'apps/(?!simulator/)[^/]+': ['libs/(?!stores/)[^/]+'],
};

/** npm packages that only these places may use. */
const ONLY_IN = {
  nest: [
    '(?:libs/nest|apps/(?!simulator/)[^/]+)',
    '@nestjs/[^/]+',
    '@fastify/[^/]+',
    'fastify',
    'rxjs',
    'reflect-metadata',
    'class-validator',
    'class-transformer',
  ],
  log: ['libs/host', 'pino'],
  sqlite: ['libs/stores/sqlite', 'better-sqlite3', '@types/better-sqlite3'],
  eventstoredb: ['libs/stores/eventstoredb', '@eventstore/[^/]+'],
  mongodb: ['libs/stores/mongodb', 'mongodb'],
  http: ['libs/apple', 'undici', 'p-limit'],
};

module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([from, allowed]) => ({
      name: `direction-of-${from
        .split('/')
        .filter((part) => /^[a-z]+$/.test(part))
        .join('-')}`,
      comment: `${from} may import ${allowed.length === 0 ? 'no other package of this repository' : allowed.join(', ')}.`,
      severity: 'error',
      from: { path: `^(${from})/` },
      to: { path: ANY_PACKAGE, pathNot: ['^$1/', ...allowed.map((path) => `^${path}/`)] },
    })),
    ...Object.entries(ONLY_IN).map(([name, [place, ...packages]]) => ({
      name: `only-in-place-${name}`,
      comment: `${packages.join(', ')}: only in ${place}.`,
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: `^${place}/` },
      to: { path: npm(...packages) },
    })),
    {
      name: 'known-package',
      comment: 'A new package gets its line in MAY_IMPORT: what it may import is decided, not found out.',
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: Object.keys(MAY_IMPORT).map((from) => `^${from}/`) },
      to: {},
    },
    {
      name: 'pure-core-without-npm',
      comment:
        'kernel, runtime, licensing and application use no npm package: they outlive frameworks and drivers.',
      severity: 'error',
      from: { path: '^libs/(?:kernel|runtime|licensing|application)/', pathNot: SPEC },
      to: { path: '(?:^|/)node_modules/' },
    },
    {
      name: 'pure-domain-without-io',
      comment: 'The domain does no I/O, and neither do the runners: what they need comes in through ports.',
      severity: 'error',
      from: { path: '^libs/(?:runtime|licensing)/', pathNot: SPEC },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'halves-apart',
      comment:
        'The edge and the worker may be two processes: what one wants of the other goes through the stores.',
      severity: 'error',
      from: { path: '^libs/application/src/(edge|worker)/' },
      to: { path: '^libs/application/src/(?:edge|worker)/', pathNot: '^libs/application/src/$1/' },
    },
    {
      name: 'foundation-below-halves',
      comment: 'Both halves rest on the foundation, and it knows neither.',
      severity: 'error',
      from: { path: '^libs/application/src/foundation/' },
      to: { path: '^libs/application/src/(?:edge|worker)/' },
    },
    {
      name: 'apple-from-host-alone',
      comment:
        "Apple's client is made by the host and given to the worker's half. All others read Apple's formats, without asking Apple.",
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: ['^libs/(?:apple|host)/', SPEC] },
      to: { path: '^libs/apple/', pathNot: '^libs/apple/src/formats\\.ts$' },
    },
    {
      name: 'mdm-from-host-alone',
      comment:
        "NanoMDM's client is made by the host and given to the worker's half. All others read its formats, without asking it.",
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: ['^libs/(?:mdm|host)/', SPEC] },
      to: { path: '^libs/mdm/', pathNot: '^libs/mdm/src/formats\\.ts$' },
    },
    {
      name: 'drivers-in-one-place',
      comment: 'Stores are imported by the file that opens them.',
      severity: 'error',
      from: { path: '^libs/host/', pathNot: ['^libs/host/src/stores/[^/]+-stores\\.ts$', SPEC] },
      to: { path: '^libs/stores/' },
    },
    {
      name: 'drivers-load-lazily',
      comment: 'A driver is loaded when its store is opened: import() only.',
      severity: 'error',
      from: { path: '^libs/host/', pathNot: SPEC },
      to: {
        path: '^libs/host/src/stores/[^/]+-stores\\.ts$',
        pathNot: '^libs/host/src/stores/open-stores\\.ts$',
        dynamic: false,
      },
    },
    {
      name: 'concepts-meet-in-events',
      comment:
        'Of another concept a concept knows its events, nothing else: commands and states come with the names of streams (streams.ts). So no folder needs another one that needs it.',
      severity: 'error',
      from: { path: '^libs/licensing/src/(?!history/)([^/]+)/', pathNot: SPEC },
      to: { path: '^libs/licensing/src/[^/]+/', pathNot: ['^libs/licensing/src/$1/', '-events\\.ts$'] },
    },
    {
      name: 'no-circular',
      comment: 'Two modules that need each other are one module, or hide a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-folder-circle',
      comment:
        'Folders of a package that need each other are one folder, or hide a third. What needs them all is a file beside them. Concepts of the domain follow from each other both ways: there `concepts-meet-in-events` keeps the way short.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^libs/(?:stores/)?(?!licensing/)[^/]+/src/[^/]+$' },
      to: { circular: true },
    },
    {
      name: 'no-deep-import',
      comment: 'A package shows what its src/index.ts exports, nothing else.',
      severity: 'error',
      from: { path: OWN_PACKAGE },
      to: { path: ANY_PACKAGE, pathNot: ['^$1/', `${OWN_PACKAGE}src/index\\.ts$`, FORMATS] },
    },
    {
      name: 'packages-by-name',
      comment: "Another package is imported as '@seatbook/…', never by a path that leads out of one's own.",
      severity: 'error',
      from: { path: OWN_PACKAGE },
      to: { path: ANY_PACKAGE, pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'test-support-by-name',
      comment: "Specs import test support as '@seatbook/test-support/…', wherever they are.",
      severity: 'error',
      from: { pathNot: '^test/support/' },
      to: { path: '^test/support/', dependencyTypes: ['local'], dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'own-package-by-path',
      comment: 'Inside a package files name each other by path: an import of its own index goes in a circle.',
      severity: 'error',
      from: { path: OWN_PACKAGE },
      to: { path: '^$1/', pathNot: '/node_modules/', dependencyTypesNot: ['local'] },
    },
    {
      name: 'no-index-below',
      comment: 'One index.ts for each package, in src/.',
      severity: 'error',
      from: { path: `${ANY_PACKAGE}.*/index\\.ts$`, pathNot: `${OWN_PACKAGE}src/index\\.ts$` },
      to: {},
    },
    {
      name: 'no-barrel',
      comment: 'Only src/index.ts passes on what another file exports.',
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: [`${OWN_PACKAGE}src/index\\.ts$`, FORMATS] },
      to: { dependencyTypes: ['export'] },
    },
    {
      name: 'no-empty-name',
      comment: 'A name says what a thing is: common, shared, utils, helpers and manager say nothing.',
      severity: 'error',
      from: {
        path: '[/-](?:common|shared|utils?|helpers?|managers?)(?:/|\\.[cm]?[jt]s$)',
        pathNot: 'node_modules',
      },
      to: {},
    },
    {
      name: 'no-empty-name-imported',
      comment: 'As above, for a file that imports nothing itself.',
      severity: 'error',
      from: {},
      to: {
        path: '^(?:libs|apps|test)/.*[/-](?:common|shared|utils?|helpers?|managers?)(?:/|\\.[cm]?[jt]s$)',
        pathNot: 'node_modules',
      },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere: a misspelt name, or a path past the exports of a package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared-dependency',
      comment: 'What a package uses stands in its own package.json, as a dependency.',
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: [SPEC, '/(?:testing|doubles)/'] },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-to-spec',
      comment: 'Nothing rests on a test, and what ships rests on no test double.',
      severity: 'error',
      from: { path: ANY_PACKAGE, pathNot: [SPEC, '/(?:testing|doubles)/'] },
      to: { path: [SPEC, '^test/', '^(?:libs|apps)/.*/(?:testing|doubles)/'] },
    },
  ],
  options: {
    // Types count: a type that leads the wrong way is the wrong way.
    tsPreCompilationDeps: true,
    // Maps '@seatbook/…' to sources, so the check needs no build.
    tsConfig: { fileName: 'tsconfig.specs.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: `${OWN_PACKAGE}dist/` },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
    },
  },
};
