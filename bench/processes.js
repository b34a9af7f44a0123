import { fork } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';
import { pause } from './product.js';

const API = '/api/v1';
const OWNER_KEY = 'bench-owner-key-0123456789-0123456789';
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The port that a process tells us it listens on.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>}
 */
export function listening(child) {
  return new Promise((resolve, reject) => {
    child.on('message', (/** @type {any} */ message) => message.listening && resolve(message.listening));
    child.once('exit', (code, signal) => reject(new Error(`ended before it listened: ${code ?? signal}`)));
  });
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Product and simulated Apple, each a process of its own as a user runs them; everything goes over HTTP.
 * @param {string} folder
 */
export async function startProcesses(folder) {
  const simulator = fork(join(root, 'apps/simulator/dist/main.js'), {
    env: { ...process.env, SIMULATOR_PORT: '0', SIMULATOR_SCENARIO: 'empty', SIMULATOR_SEED: '1' },
    silent: true,
  });
  simulator.stdout?.resume();
  const apple = `http://127.0.0.1:${await listening(simulator)}`;
  const port = await freePort();
  const own = `http://127.0.0.1:${port}`;
  const log = createWriteStream(join(folder, 'product.log'));
  const start = async () => {
    const started = fork(join(root, 'apps/standalone/dist/main.js'), {
      env: {
        ...process.env,
        SEATBOOK_PORT: String(port),
        SEATBOOK_DATA: join(folder, 'data'),
        SEATBOOK_OWNER_KEY: OWNER_KEY,
        SEATBOOK_PUBLIC_URL: own,
        SEATBOOK_ALLOW_HTTP_CALLBACKS: 'true',
        SEATBOOK_APPLE_BASE_URL: `${apple}/mdm/v2`,
      },
      execArgv: ['--import', new URL('./stall-watch.js', import.meta.url).href],
      silent: true,
    });
    started.stdout?.pipe(log, { end: false });
    started.stderr?.pipe(log, { end: false });
    const ready = new Promise((resolve) =>
      started.on('message', (/** @type {any} */ message) => message.ready && resolve(true)),
    );
    await listening(started);
    await ready;
    return started;
  };
  let product = await start();

  /** @param {Response} response */
  const answered = async (response) => {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text.slice(0, 500)}`);
    return text;
  };

  let peakKilobytes = 0;
  const memory = () => readFileSync(`/proc/${product.pid}/status`, 'utf8');
  const sampler = setInterval(() => {
    if (product.exitCode !== null || product.signalCode !== null) return;
    peakKilobytes = Math.max(peakKilobytes, Number(/VmRSS:\s+(\d+)/.exec(memory())?.[1]));
  }, 1_000);

  return {
    /** Address of the product. */
    url: own,
    /** Lines that the product has logged so far. */
    logged: () => readFileSync(join(folder, 'product.log'), 'utf8').split('\n').slice(0, -1),
    /** Resident memory of the product now. */
    residentMiB: () => Number(/VmRSS:\s+(\d+)/.exec(memory())?.[1]) / 1_024,
    /**
     * @param {string} method
     * @param {string} path
     * @param {unknown} [body]
     */
    async api(method, path, body) {
      const headers = {
        authorization: `Bearer ${OWNER_KEY}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      };
      const response = await fetch(own + API + path, {
        method,
        headers,
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return JSON.parse(await answered(response));
    },
    /** @param {string} path */
    async lines(path) {
      const text = await answered(
        await fetch(own + API + path, { headers: { authorization: `Bearer ${OWNER_KEY}` } }),
      );
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    },
    /**
     * @param {string} method
     * @param {string} path
     * @param {unknown} [body]
     */
    async apple(method, path, body) {
      const headers = { 'content-type': 'application/json' };
      const init = method === 'GET' ? { method } : { method, headers, body: JSON.stringify(body ?? {}) };
      return JSON.parse(await answered(await fetch(`${apple}/admin${path}`, init)));
    },
    /**
     * Asks every 50 ms until the answer is wanted.
     * @template T
     * @param {() => Promise<T | null>} ask
     * @param {number} withinMs
     */
    async eventually(ask, withinMs) {
      const end = Date.now() + withinMs;
      for (;;) {
        const answer = await ask();
        if (answer !== null) return answer;
        if (Date.now() > end)
          throw new Error(
            `not within ${withinMs} ms; ${readFileSync(join(folder, 'product.log'), 'utf8').slice(-2_000)}`,
          );
        await pause(50);
      }
    },
    /** Resident memory of the product: the highest of the samples taken every second, and the kernel's own mark. */
    memory: () => ({
      sampledMiB: peakKilobytes / 1_024,
      highWaterMiB: Number(/VmHWM:\s+(\d+)/.exec(memory())?.[1]) / 1_024,
    }),
    forgetStalls: () => product.send({ ask: 'forget stalls' }),
    /** @returns {Promise<number>} */
    longestStallMs() {
      return new Promise((resolve) => {
        product.on('message', (/** @type {any} */ message) => {
          if (message.longestStallMs !== undefined) resolve(message.longestStallMs);
        });
        product.send({ ask: 'longest stall' });
      });
    },
    /** Kills the product and starts it again on the same data. Resolves with the milliseconds until it is ready. */
    async restart() {
      const ended = new Promise((resolve) => product.once('exit', resolve));
      product.kill('SIGKILL');
      await ended;
      const from = performance.now();
      product = await start();
      return performance.now() - from;
    },
    async stop() {
      clearInterval(sampler);
      const gone = [product, simulator].map((child) => new Promise((resolve) => child.once('exit', resolve)));
      product.kill('SIGTERM');
      simulator.kill('SIGTERM');
      await Promise.all(gone);
      log.end();
    },
  };
}
