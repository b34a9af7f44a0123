import { execFileSync, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { check, figure, rate, shown } from './figure.js';
import { withPostgresql } from './postgresql.js';
import { freePort, listening } from './processes.js';
import { UID, adamIdOf, pause, serialOf } from './product.js';
import { ROUNDS, inTurns, quotients, spreadOf } from './rounds.js';
import { benchName } from './server-log.js';
import { withServers } from './servers.js';

const POSTS = Number(process.env['POSTS'] ?? 300);
const CONNECTIONS = Number(process.env['CONNECTIONS'] ?? 8);
const OWNER_KEY = 'bench-owner-key-0123456789-0123456789';
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const root = fileURLToPath(new URL('..', import.meta.url));
const COUNTED = [
  '--import',
  new URL('counted-calls.js', import.meta.url).href,
  ...(process.env['CPU_PROFILE'] ? ['--cpu-prof', '--cpu-prof-dir', process.env['CPU_PROFILE']] : []),
];
const crud = fileURLToPath(new URL('crud-service/', import.meta.url));

/**
 * @typedef {{ url: string, path: string, pid: number, headers: () => Record<string, string> }} Service
 * @typedef {Service & { calls: () => Promise<ReadonlyMap<string, number>> }} Product
 */

/** What an order of one pair appends, in size and shape. */
const METADATA = JSON.stringify({
  version: 1,
  commandId: randomUUID(),
  principal: 'owner',
  correlationId: randomUUID(),
  causationId: randomUUID(),
  recordedAt: 1_750_000_000_000,
  bodyHash: 'a'.repeat(64),
});
const TERMS = { kind: 'AssignLicense', uId: UID, ifShort: 'wait', fromReserve: false, platform: null };
const HOLDERS = { serialNumbers: [serialOf(1)], userIds: [] };
const ORDER_EVENTS = [
  {
    type: 'order.placed',
    data: {
      ...TERMS,
      assets: [{ adamId: adamIdOf(1), pricingParam: 'STDQ' }],
      holders: 1,
      ...HOLDERS,
      at: 0,
    },
    metadata: METADATA,
  },
  {
    type: 'order.reservation-asked',
    data: { ...TERMS, part: 0, adamId: adamIdOf(1), pricingParam: 'STDQ', ...HOLDERS, at: 0, answerBy: 0 },
    metadata: METADATA,
  },
];

let posted = 0;

await figure({
  name: 'api-post',
  title: 'processor time of an API for each POST of an order ÷ that of a plain Nest service with PostgreSQL',
  measure: (say) =>
    withCrud((plain) =>
      withServers((servers) =>
        withProduct(servers, async (api) => {
          const before = await api.calls();
          const { ours, baseline } = await inTurns({ ours: () => post(api), baseline: () => post(plain) });
          const calls = eachOf(before, await api.calls(), POSTS * (ROUNDS + 1));
          const alone = await clientsAlone(servers, calls);
          say(
            `${POSTS} orders of one pair over ${CONNECTIONS} connections; user and system time of the process`,
          );
          say(`the API's stores: ${servers.labels.esdb}; ${servers.labels.mongodb}`);
          for (const [name, runs] of /** @type {const} */ ([
            ['ours ', ours],
            ['plain', baseline],
          ])) {
            const { median } = spreadOf(runs.map(({ msOfEach }) => msOfEach));
            say(
              `${name} ${shown(median)} ms of processor time each; ${rate(runs.map(({ perSecond }) => perSecond))}`,
            );
          }
          say(
            `asked of the servers for each: ${[...calls].map(([call, times]) => `${shown(times)} × ${call}`).join(', ')}`,
          );
          say(`of ours, the clients alone need ${shown(spreadOf(alone).median)} ms for the same calls`);
          const each = (/** @type {typeof ours} */ runs) => runs.map(({ msOfEach }) => msOfEach);
          return [
            {
              what: 'processor time ÷ that of the plain service',
              values: quotients(each(ours), each(baseline)),
              floor: 8,
              goal: 1.25,
              atMost: true,
            },
          ];
        }),
      ),
    ),
});

/**
 * How often each call is made for one of so many; what is not made for every tenth is the process's own.
 * @param {ReadonlyMap<string, number>} before
 * @param {ReadonlyMap<string, number>} after
 * @param {number} posts
 */
function eachOf(before, after, posts) {
  return new Map(
    [...after]
      .map(([call, times]) => /** @type {const} */ ([call, (times - (before.get(call) ?? 0)) / posts]))
      .filter(([, times]) => times >= 0.1),
  );
}

/**
 * Processor time of the clients alone for the calls of one order.
 * @param {import('./servers.js').Servers} servers
 * @param {ReadonlyMap<string, number>} calls
 */
async function clientsAlone({ esdb, mongodb }, calls) {
  const address = new URL(mongodb);
  address.pathname = `/${benchName()}`;
  const child = fork(fileURLToPath(new URL('clients-alone.js', import.meta.url)), {
    env: { ...process.env, BARE_ESDB: esdb, BARE_MONGODB: address.href },
  });
  try {
    await listening(child);
    const queries = [...calls].reduce(
      (sum, [call, times]) => sum + (call.startsWith('find ') ? times : 0),
      0,
    );
    const round = {
      posts: POSTS,
      connections: CONNECTIONS,
      events: ORDER_EVENTS,
      queries,
    };
    const values = [];
    for (let count = 0; count <= ROUNDS; count += 1) {
      child.send(round);
      const [answer] = await once(child, 'message');
      if (count > 0) values.push(/** @type {number} */ (answer.msOfEach));
    }
    return values;
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
}

/**
 * One round against a service.
 * @param {Service} service
 */
async function post({ url, path, pid, headers }) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const before = processorMs(pid);
  const started = performance.now();
  let left = POSTS;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      posted += 1;
      const body = JSON.stringify({
        kind: 'AssignLicense',
        accountId: UID,
        assetIds: [adamIdOf(1)],
        serialNumbers: [serialOf(posted)],
      });
      const { status, text } = await send(agent, `${url}${path}`, body, headers());
      check(status >= 200 && status < 300, `${status} ${text.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
  const ms = performance.now() - started;
  const msOfEach = (processorMs(pid) - before) / POSTS;
  agent.destroy();
  return { msOfEach, perSecond: (POSTS / ms) * 1_000 };
}

/**
 * @param {Agent} agent
 * @param {string} url
 * @param {string} body
 * @param {Record<string, string>} headers
 * @returns {Promise<{ status: number, text: string }>}
 */
function send(agent, url, body, headers) {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    asked.on('error', reject);
    asked.on('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asked.end(body);
  });
}

/** @param {number} pid */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[11]) + Number(fields[12])) / TICKS) * 1_000;
}

/**
 * The plain service and its database.
 * @template T
 * @param {(service: Service) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withCrud(work) {
  if (!existsSync(`${crud}node_modules/postgres`))
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: crud,
      stdio: 'inherit',
    });
  return withPostgresql(await freePort(), async (database) => {
    const child = fork(`${crud}service.js`, {
      env: { ...process.env, NODE_ENV: 'production', CRUD_DATABASE: database },
    });
    try {
      const url = `http://127.0.0.1:${await listening(child)}`;
      return await work({ url, path: '/orders', pid: child.pid ?? 0, headers: () => ({}) });
    } finally {
      await ended(child);
    }
  });
}

/**
 * A simulated Apple, a worker and an API, each a process of its own; a location is imported and read.
 * @template T
 * @param {import('./servers.js').Servers} servers
 * @param {(product: Product) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withProduct({ esdb, mongodb }, work) {
  const name = benchName();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  /** @type {import('node:child_process').ChildProcess[]} */
  const children = [];
  const run = (
    /** @type {string} */ entry,
    /** @type {Record<string, string>} */ env,
    /** @type {string[]} */ execArgv = [],
  ) => {
    const child = fork(`${root}${entry}`, {
      env: { ...process.env, NODE_ENV: 'production', ...env },
      execArgv,
      silent: true,
    });
    child.stdout?.resume();
    child.stderr?.pipe(process.stderr);
    children.push(child);
    return child;
  };
  try {
    const simulator = run('apps/simulator/dist/main.js', {
      SIMULATOR_PORT: '0',
      SIMULATOR_SCENARIO: 'empty',
      SIMULATOR_SEED: '1',
    });
    const apple = `http://127.0.0.1:${await listening(simulator)}`;
    const address = new URL(mongodb);
    address.pathname = `/${name}`;
    const settings = {
      SEATBOOK_EVENTSTOREDB_URL: esdb,
      SEATBOOK_EVENTSTOREDB_PREFIX: name,
      SEATBOOK_MONGODB_URL: address.href,
      SEATBOOK_KEY: Buffer.alloc(32, 7).toString('base64'),
      SEATBOOK_OWNER_KEY: OWNER_KEY,
      SEATBOOK_APPLE_BASE_URL: `${apple}/mdm/v2`,
      SEATBOOK_LOG_LEVEL: 'error',
    };
    run('apps/worker/dist/main.js', { ...settings, SEATBOOK_PORT: '0' });
    const api = run('apps/api/dist/main.js', { ...settings, SEATBOOK_PORT: String(port) }, COUNTED);
    const calls = async () => {
      api.send('calls');
      for (;;) {
        const [told] = await once(api, 'message');
        if (told.calls) return new Map(/** @type {[string, number][]} */ (told.calls));
      }
    };
    await importLocation(url, apple);
    const headers = () => ({ authorization: `Bearer ${OWNER_KEY}`, 'idempotency-key': randomUUID() });
    return await work({ url, path: '/api/v1/orders', pid: api.pid ?? 0, headers, calls });
  } finally {
    for (const child of children.reverse()) await ended(child);
  }
}

/**
 * @param {string} url
 * @param {string} apple
 */
async function importLocation(url, apple) {
  const ask = async (
    /** @type {string} */ address,
    /** @type {string} */ method,
    /** @type {object} */ body,
  ) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${OWNER_KEY}` };
    const answer = await fetch(address, {
      method,
      headers,
      ...(method === 'POST' && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${address}: ${answer.status} ${(await answer.text()).slice(0, 300)}`);
    return /** @type {Promise<any>} */ (answer.json());
  };
  for (const end = Date.now() + 60_000; ; await pause(100)) {
    const { ok } = await fetch(`${url}/readyz`).catch(() => ({ ok: false }));
    if (ok) break;
    if (Date.now() > end) throw new Error('the API is not ready');
  }
  const { token } = await ask(`${apple}/admin/locations`, 'POST', { uId: UID, name: 'Bench', country: 'DE' });
  const assets = [{ adamId: adamIdOf(1), name: 'App', total: 1_000_000 }];
  await ask(`${apple}/admin/locations/${UID}/assets`, 'POST', { assets });
  await ask(`${url}/api/v1/accounts`, 'POST', {
    token,
    name: 'Bench',
    platform: 'iOS',
    assignmentType: 'device',
  });
  for (const end = Date.now() + 60_000; ; await pause(100)) {
    const { firstRead } = await ask(`${url}/api/v1/accounts/${UID}`, 'GET', {});
    if (firstRead.completed) return;
    if (Date.now() > end) throw new Error('the location was not read');
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}
