import { defaultAppleSettings } from '@seatbook/apple';
import { timingTable } from '@seatbook/licensing';
import {
  BUILDER_LEASE_MS,
  DUE_RUNNER_LIMITS,
  LEASE_KEEPER_LIMITS,
  PLANNER_LOOP_LIMITS,
  PROCESSOR_LIMITS,
  REACTOR_LIMITS,
} from '@seatbook/runtime';
import {
  flag,
  list,
  numbers,
  oneOf,
  optionalAddress,
  optionalSecret,
  optionalText,
  optionalUrl,
  optionalWhole,
  text,
  url,
  waits,
  whole,
} from './setting.js';

const MIB = 1024 * 1024;

/**
 * Every address, limit and interval of the product. This one table drives parsing, defaults and the documentation
 * (libs/host/CONFIGURATION.md, which a test compares with it).
 */
export const settingTable = {
  http: {
    host: text(['SEATBOOK_HOST', 'Address to listen on.'], '127.0.0.1'),
    port: whole(['SEATBOOK_PORT', 'Port to listen on; 0 picks a free one.'], 3_000, { min: 0, max: 65_535 }),
    publicUrl: optionalUrl([
      'SEATBOOK_PUBLIC_URL',
      'Where Apple reaches this server, without a path. Without it Apple cannot send notifications: the product polls, and each account says so.',
    ]),
    allowHttpCallbacks: flag([
      'SEATBOOK_ALLOW_HTTP_CALLBACKS',
      'Accepts a public URL with plain HTTP. Only for local work with the simulator: Apple requires HTTPS.',
    ]),
    bodyLimit: whole(
      [
        'SEATBOOK_BODY_LIMIT',
        'Largest request body in bytes. An order for 100,000 devices has about 1.5 MB.',
      ],
      8 * MIB,
      { min: 64 * 1024, max: 64 * MIB },
    ),
    notificationBodyLimit: whole(
      ['SEATBOOK_NOTIFICATION_BODY_LIMIT', 'Largest notification from Apple in bytes.'],
      MIB,
      { min: 16 * 1024, max: 16 * MIB },
    ),
    requestTimeoutMs: whole(
      ['SEATBOOK_REQUEST_TIMEOUT_MS', 'A request must have arrived completely within this time.'],
      30_000,
      { min: 1_000, max: 600_000 },
    ),
    headersTimeoutMs: whole(
      ['SEATBOOK_HEADERS_TIMEOUT_MS', 'The headers of a request must have arrived within this time.'],
      10_000,
      { min: 1_000, max: 600_000 },
    ),
    maxConnections: whole(
      ['SEATBOOK_MAX_CONNECTIONS', 'Most open connections; one more is closed at once.'],
      2_000,
      { min: 10, max: 100_000 },
    ),
    trustProxy: flag([
      'SEATBOOK_TRUST_PROXY',
      'The server is behind a reverse proxy: take the client address from X-Forwarded-For.',
    ]),
    waitMaxMs: whole(
      [
        'SEATBOOK_WAIT_MAX_MS',
        'Longest time that a request waits for the outcomes of its order (`Prefer: wait=N`).',
      ],
      60_000,
      { min: 0, max: 600_000 },
    ),
    importWaitMs: whole(
      [
        'SEATBOOK_IMPORT_WAIT_MS',
        'Longest time that a request waits for its import; after that the import goes on by itself.',
      ],
      40_000,
      { min: 0, max: 600_000 },
    ),
    positionWaitMs: whole(
      ['SEATBOOK_POSITION_WAIT_MS', 'Longest time that a query waits for a position (`Seatbook-Position`).'],
      10_000,
      { min: 0, max: 600_000 },
    ),
    shutdownMs: whole(['SEATBOOK_SHUTDOWN_MS', 'A shutdown that takes longer is aborted.'], 20_000, {
      min: 1_000,
      max: 600_000,
    }),
  },
  throttle: numbers(
    'SEATBOOK_THROTTLE',
    { requestsPerSecond: 500, failuresPerMinute: 60 },
    {
      requestsPerSecond:
        'Requests per second of one key, and of one client address without a key. Four times as many may come at once; more are refused with 429.',
      failuresPerMinute:
        'Requests per minute of one client address without the right key. More are refused with 429; the right key is never refused for them.',
    },
  ),
  expectAbove: {
    licences: whole(
      [
        'SEATBOOK_EXPECT_ABOVE_LICENCES',
        'An order that takes away more licences than this is refused unless it says in `expect` what it is to do.',
      ],
      5_000,
      { min: 1, max: 1_000_000 },
    ),
    percent: whole(
      [
        'SEATBOOK_EXPECT_ABOVE_PERCENT',
        "The same for an order that takes away a larger share of the account's used licences; 100 for no such limit.",
      ],
      100,
      { min: 1, max: 100 },
    ),
  },
  servers: {
    eventStoreDb: optionalAddress(
      [
        'SEATBOOK_EVENTSTOREDB_URL',
        'EventStoreDB with the log, and SEATBOOK_MONGODB_URL with everything else. Without both, the embedded store in SEATBOOK_DATA is used.',
      ],
      ['esdb://', 'esdb+discover://'],
    ),
    prefix: text(
      [
        'SEATBOOK_EVENTSTOREDB_PREFIX',
        'Word that the names of all streams begin with on the server; 1 to 32 letters, digits or underscores. It must never change.',
      ],
      'seatbook',
    ),
    mongoDb: optionalAddress(
      [
        'SEATBOOK_MONGODB_URL',
        'MongoDB with read models, leases, secrets and persons. The database is the one that the address names, else `seatbook`.',
      ],
      ['mongodb://', 'mongodb+srv://'],
    ),
  },
  data: {
    folder: text(
      ['SEATBOOK_DATA', 'Folder of the log (events.db), the read models and the sealing key.'],
      './data/seatbook',
    ),
    keyFile: optionalText(
      [
        'SEATBOOK_KEY_FILE',
        'File with the key that seals tokens and secrets. With the embedded store it is created on first start, mode 0600; with servers it must exist.',
      ],
      'path; default `seatbook.key` in the data folder',
    ),
    key: optionalSecret(
      [
        'SEATBOOK_KEY',
        'The sealing key itself, 32 bytes in base64 or 64 hexadecimal digits. Takes precedence over the key file.',
      ],
      { minLength: 43 },
    ),
  },
  owner: {
    key: optionalSecret(
      [
        'SEATBOOK_OWNER_KEY',
        'An owner key of your own; replaces the stored one. Without it, one is created and shown on first start; with servers it must be given.',
      ],
      { minLength: 32, fileVariable: 'SEATBOOK_OWNER_KEY_FILE' },
    ),
    resetKey: flag([
      'SEATBOOK_RESET_OWNER_KEY',
      'Creates a new owner key at this start and shows it; the old one becomes invalid. Remove the setting afterwards.',
    ]),
  },
  mdm: {
    id: optionalText(
      [
        'SEATBOOK_MDM_ID',
        'How this deployment marks locations as its own at Apple (`mdmInfo.id`). Without it, one is created on first start and kept with the log.',
      ],
      'text; must never change',
    ),
    name: text(['SEATBOOK_MDM_NAME', 'Name that other MDM servers see on our locations.'], 'Seatbook'),
  },
  nanoMdm: {
    url: optionalUrl([
      'SEATBOOK_NANO_MDM_URL',
      "NanoMDM's API, without `/v1`. Without it nothing is installed on devices; with it, both keys must be given, and NanoMDM's `-webhook-url` must lead to `/mdm/webhook` of this server.",
    ]),
    apiKey: optionalSecret(['SEATBOOK_NANO_MDM_API_KEY', "NanoMDM's `-api` key."], {
      minLength: 7,
      fileVariable: 'SEATBOOK_NANO_MDM_API_KEY_FILE',
    }),
    webhookKey: optionalSecret(['SEATBOOK_NANO_MDM_WEBHOOK_KEY', "NanoMDM's `-webhook-hmac-key`."], {
      minLength: 16,
      fileVariable: 'SEATBOOK_NANO_MDM_WEBHOOK_KEY_FILE',
    }),
    timeoutMs: whole(['SEATBOOK_NANO_MDM_TIMEOUT_MS', 'Time-out of a request to NanoMDM.'], 20_000, {
      min: 100,
      max: 60_000,
    }),
    requireEnrolled: flag(
      [
        'SEATBOOK_NANO_MDM_REQUIRE_ENROLLED',
        'Orders to assign are refused for devices that are neither enrolled nor registered, unless they say `allowUnenrolled`. Only where NanoMDM is configured.',
      ],
      true,
    ),
  },
  log: {
    level: oneOf(
      ['SEATBOOK_LOG_LEVEL', 'What is logged, as JSON lines on standard output.'],
      ['debug', 'info', 'warn', 'error', 'silent'],
      'info',
    ),
    file: optionalText(
      [
        'SEATBOOK_LOG_FILE',
        'Writes the log to this file instead. At 10 MiB it is put aside under another name; the last five are kept.',
      ],
      'path',
    ),
  },
  apple: {
    baseUrl: url(['SEATBOOK_APPLE_BASE_URL', "Apple's Apps and Books API."], defaultAppleSettings.baseUrl),
    contentMetadataUrl: url(
      [
        'SEATBOOK_APPLE_CONTENT_METADATA_URL',
        "Lookup of names and icons, unless Apple's service/config names one.",
      ],
      defaultAppleSettings.contentMetadataUrl,
    ),
    trustedDomains: list(
      ['SEATBOOK_APPLE_TRUSTED_DOMAINS', "Domains to which Apple's service/config may send us, over HTTPS."],
      defaultAppleSettings.trustedDomains,
    ),
    notificationTypes: list(
      ['SEATBOOK_APPLE_NOTIFICATION_TYPES', 'Types of notifications to subscribe to.'],
      defaultAppleSettings.notificationTypes,
    ),
    maxRequestsPerSecond: optionalWhole(
      [
        'SEATBOOK_APPLE_MAX_REQUESTS_PER_SECOND',
        "Lowers the rate per location that Apple's service/config allows; without it, Apple's rate.",
      ],
      { min: 1, max: 1_000 },
    ),
    ...numbers('SEATBOOK_APPLE', defaultAppleSettings, {
      windowMs:
        'Length of "a second" for the pacing; a little more than one, because requests bunch up on the network.',
      maxParallelPages: 'Concurrent page requests per location. Apple allows 5.',
      maxInFlight: 'Requests in flight per location.',
      maxQueued: 'Requests that may wait per location; one more is rejected.',
      maxQueueMs: 'How long a request may wait for its turn.',
      readTimeoutMs: 'Time-out of a read.',
      writeTimeoutMs: 'Time-out of a write. Must be shorter than SEATBOOK_TIMINGS_DOUBTFUL_AFTER_MS.',
      serviceConfigFreshMs: 'Limits and addresses are read this often. Apple requires five minutes.',
      serviceConfigRetryMs: 'After a failure they are not read again for this long.',
      serviceConfigTimeoutMs: 'Time-out of that read.',
      pageRetries: 'Retries of a page that failed transiently.',
      pageBackoffMs: 'Upper end of the pause before the first retry; doubles with each.',
      walkMs: 'A walk through all pages that takes longer fails.',
      maxPages: 'Most pages of one walk.',
      organisationBackoffMs: 'First pause of all locations after "too many requests" (9646); doubles.',
      organisationBackoffCapMs: 'Longest such pause.',
      maxRetryAfterMs: 'A longer `Retry-After` is considered a mistake and cut to this.',
      contentBatch: 'Items of one lookup of names and icons.',
    }),
    ...numbers(
      'SEATBOOK_APPLE',
      { connectTimeoutMs: 10_000, keepAliveMs: 10_000, maxAnswerBytes: 32 * MIB },
      {
        connectTimeoutMs: 'Time-out of the TCP and TLS handshake.',
        keepAliveMs: 'How long an idle connection is kept.',
        maxAnswerBytes: 'A longer answer is aborted.',
      },
    ),
  },
  timings: waits('SEATBOOK_TIMINGS', timingTable),
  health: numbers(
    'SEATBOOK_HEALTH',
    { patienceMs: 60_000 },
    {
      patienceMs:
        'The product is not ready while a read model is further behind than this, or while work has had no worker for longer.',
    },
  ),
  leases: numbers(
    'SEATBOOK_LEASES',
    { ...LEASE_KEEPER_LIMITS, buildersMs: BUILDER_LEASE_MS },
    {
      beatMs:
        'A worker says this often that it is still there, and what keeps it from its work. At most a third of every lease.',
      buildersMs: 'Another worker builds a read model when this one has been silent for this long.',
    },
  ),
  reactor: numbers('SEATBOOK_REACTOR', REACTOR_LIMITS, {
    batchEvents: 'Events per batch of the reactions.',
    concurrentStreams: 'Streams to which reactions send commands at once.',
    pollMs: 'Requests to retry parked work are looked for this often.',
    attempts: 'A command of a reaction that fails this often in a row is parked.',
    retryDelayMs: 'Pause after the first failure; doubles.',
    maxRetryDelayMs: 'Longest such pause.',
    leaseMs: 'Another worker takes the reactions over when this one has been silent for this long.',
  }),
  planner: numbers('SEATBOOK_PLANNER', PLANNER_LOOP_LIMITS, {
    pollMs: 'Whether there is open work is looked at this often, even if nothing changed.',
    restMs: 'Pause between two looks while open work keeps coming in.',
    sameRowsMs:
      'Open work of an account of which nothing could be planned is looked at this often while nothing changes.',
    maxRows: 'Rows of open work of one account that one plan considers.',
    leaseMs: 'Another worker plans for an account when this one has been silent for this long.',
    maxPauseMs: 'Longest pause after failures in a row.',
  }),
  due: numbers('SEATBOOK_DUE', DUE_RUNNER_LIMITS, {
    concurrency: 'Streams whose due work is done at once, not counting work behind the gate of an account.',
    concurrencyPerGate: 'Streams of one account whose due work is done at once.',
    gatedConcurrency: 'Streams of all accounts whose due work is done at once.',
    pollMs: 'Due work is looked for this often, even if nothing changed.',
    attempts: 'A step that fails this often in a row is parked.',
    retryDelayMs: 'Pause after the first failure; doubles.',
    notNowMs: 'A step that says "not now" is asked again after this long.',
    stepLeaseMs: 'Another worker takes due work over when this one has been silent for this long.',
    gateLeaseMs: 'The same for the due work of an account.',
    gateLeaseLeftMs: 'No due work of an account begins with less than this left of the lease.',
  }),
  views: {
    ...numbers('SEATBOOK_VIEWS', PROCESSOR_LIMITS, {
      batchEvents: 'Events read at once.',
      batchKeys: 'Documents touched between two commits while there is much to catch up with.',
      liveBatchKeys: 'As many once it has caught up: what work waits for must not wait for long.',
      attempts: 'A read model that fails this often in a row at one event halts; /api/v1/health shows it.',
      retryDelayMs: 'Pause after the first failure; doubles.',
    }),
    ...numbers(
      'SEATBOOK_VIEWS',
      { restartMs: 500, restartMaxMs: 30_000 },
      {
        restartMs: 'Pause before the thread that builds read models is restarted; doubles.',
        restartMaxMs: 'Longest such pause.',
      },
    ),
  },
} as const;
