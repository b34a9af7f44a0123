import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { seedDemo } from './demo-scenario.js';
import { createHttpServer } from './http-server.js';
import { seededRandom } from './seeded-random.js';
import { createSimulator, type Simulator } from './simulator.js';
import type { Deliver } from './transport.js';

/** A client that has not answered a notification by then has not received it. */
const notificationTimeoutMs = 10_000;

/** How long a shutdown waits for requests in flight. */
const shutdownMs = 2_000;

// Nobody reads our log any more: no reason to fail while we shut down.
process.stdout.on('error', () => undefined);

function log(event: string, facts: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...facts })}\n`);
}

/** An environment variable that is a whole number. */
function wholeOf(name: string, absent: number): number {
  const value = process.env[name];
  if (value === undefined || value === '') return absent;
  if (!/^\d+$/.test(value)) throw new Error(`${name} must be a whole number, not "${value}"`);
  return Number(value);
}

const deliver: Deliver = async ({ url, headers, body }) => {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(notificationTimeoutMs),
  });
  // The connection can be used again only after the body was read.
  await response.arrayBuffer();
  return { status: response.status };
};

const host = process.env['SIMULATOR_HOST'] ?? '127.0.0.1';
const wantedPort = wholeOf('SIMULATOR_PORT', 3999);
const dataFolder = process.env['SIMULATOR_DATA'];
const seed = wholeOf('SIMULATOR_SEED', Date.now() % 4294967296);
const scenario = process.env['SIMULATOR_SCENARIO'] ?? 'demo';
if (scenario !== 'demo' && scenario !== 'empty') {
  throw new Error(`SIMULATOR_SCENARIO must be demo or empty, not "${scenario}"`);
}

function saveTokenIn(folder: string): (fileName: string, text: string) => string {
  const absolute = resolve(folder);
  mkdirSync(absolute, { recursive: true });
  return (fileName, text) => {
    const path = join(absolute, fileName);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    log('token file', { path });
    return path;
  };
}

/** Built when the port is known, since service/config names it; nothing is accepted before. */
let simulator: Simulator | null = null;

// The process that forked us ended before we were loaded: nothing tells us any more.
if (process.send && !process.connected) process.exit();

const server = createHttpServer(
  async (request) => {
    if (simulator === null) throw new Error('not started');
    const startedAt = performance.now();
    const response = await simulator.handle(request);
    const status = response.dead === undefined && response.reset === undefined ? response.status : null;
    // Whoever looks at the state of the simulator may do so every second.
    if (request.method === 'GET' && request.path.startsWith('/admin/') && status === 200) return response;
    const ms = Math.round(performance.now() - startedAt);
    log('request', { method: request.method, path: request.path, status, ms });
    return response;
  },
  (error) =>
    log('error', { message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
);

server.on('error', (error) => {
  log('error', { message: error.message });
  process.exitCode = 1;
  // With an IPC channel the process would stay alive.
  if (process.connected) process.disconnect();
});

server.listen(wantedPort, host, () => {
  const { port } = server.address() as AddressInfo;
  const reachable = host.includes(':') ? `[${host}]` : host;
  const baseUrl = process.env['SIMULATOR_BASE_URL'] ?? `http://${reachable}:${port}`;
  simulator = createSimulator({
    clock: {
      now: () => Date.now(),
      after: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return () => clearTimeout(timer);
      },
    },
    random: seededRandom(seed),
    deliver,
    baseUrl,
    faults: {
      allowHttpCallbacks: (process.env['SIMULATOR_ALLOW_HTTP_CALLBACKS'] ?? 'true') === 'true',
      // As over a network; it also makes page requests really overlap.
      latencyMs: { min: 5, max: 25 },
    },
    ...(dataFolder === undefined ? {} : { saveToken: saveTokenIn(dataFolder) }),
  });
  if (scenario === 'demo') seedDemo(simulator.admin);
  log('listening', {
    url: baseUrl,
    port,
    scenario,
    seed,
    tokens: dataFolder === undefined ? null : resolve(dataFolder),
  });
  process.send?.({ listening: port });
});

let stopping = false;

function shutDown(signal: string): void {
  if (stopping) return;
  stopping = true;
  log('stopping', { signal });
  server.close(() => {
    simulator?.stop();
    log('stopped');
    if (process.connected) process.disconnect();
  });
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), shutdownMs).unref();
}

process.on('SIGTERM', () => shutDown('SIGTERM'));
process.on('SIGINT', () => shutDown('SIGINT'));
process.on('disconnect', () => shutDown('disconnect'));
