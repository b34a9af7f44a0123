import { fork } from 'node:child_process';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { pause } from './product.js';
import { percentile } from './rounds.js';

const ATTACKERS = 1_000;
const RUNS = 3;
const MEASURED_MS = 15_000;
const ASK_EVERY_MS = 20;

/**
 * @typedef {{ p50: number, p99: number }} Times
 * @typedef {{ quiet: Times, attacked: Times, grownMiB: number, linesOfAKind: number, requests: number }} Run
 */

await figure({
  name: 'under-attack',
  title: `/livez while ${ATTACKERS.toLocaleString('en')} clients without a key send slow, half, endless, nested, oversized and cut requests to every door`,
  async measure(say) {
    /** @type {Run[]} */
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await inFolder(measureRun));
    for (const { quiet, attacked, requests } of runs) {
      say(
        `${requests} requests in ${MEASURED_MS / 1_000} s; /livez p50 ${shown(attacked.p50)} ms, quiet ${shown(quiet.p50)} ms; p99 ${shown(attacked.p99)} ms, quiet ${shown(quiet.p99)} ms`,
      );
    }
    const bound = { floor: 40, goal: 5, atMost: true };
    return [
      { what: 'p50 ÷ quiet', values: runs.map(({ quiet, attacked }) => attacked.p50 / quiet.p50), ...bound },
      {
        what: 'p99 ÷ quiet',
        values: runs.map(({ quiet, attacked }) => attacked.p99 / quiet.p99),
        ...bound,
        goal: 20,
      },
      {
        what: 'resident memory above quiet',
        values: runs.map(({ grownMiB }) => grownMiB),
        floor: 150,
        goal: 50,
        atMost: true,
        unit: ' MiB',
      },
      {
        what: 'log lines of one kind in a minute',
        values: runs.map(({ linesOfAKind }) => linesOfAKind),
        floor: 1,
        goal: 1,
        atMost: true,
      },
    ];
  },
});

/**
 * @param {string} folder
 * @returns {Promise<Run>}
 */
async function measureRun(folder) {
  const processes = await startProcesses(folder);
  const { url, residentMiB, logged } = processes;
  try {
    await timesOf(url, 2_000);
    const quiet = await timesOf(url, MEASURED_MS / 3);
    const before = residentMiB();
    const already = logged().length;
    const attackers = fork(
      fileURLToPath(new URL('./attackers.js', import.meta.url)),
      [new URL(url).port, String(ATTACKERS)],
      { execArgv: [] },
    );
    await new Promise((resolve) => attackers.once('message', resolve));
    const attacked = await timesOf(url, MEASURED_MS);
    const grownMiB = residentMiB() - before;
    /** @type {Promise<number>} */
    const counted = new Promise((resolve) =>
      attackers.once('message', (/** @type {any} */ { sent }) => resolve(sent)),
    );
    attackers.send('how many');
    const requests = await counted;
    attackers.disconnect();
    check(requests >= ATTACKERS, `only ${requests} requests came through`);
    return { quiet, attacked, grownMiB, linesOfAKind: mostOfAKind(logged().slice(already)), requests };
  } finally {
    await processes.stop();
  }
}

/** @param {string[]} lines */
function mostOfAKind(lines) {
  /** @type {Map<string, number>} */
  const kinds = new Map();
  for (const line of lines) {
    const { level, msg, status, route } = JSON.parse(line);
    const kind = [level, msg, status, route].join(' ');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return Math.max(0, ...kinds.values());
}

/**
 * Asks at a steady pace, however long the answers take, so that a stall is felt by every request that it holds up.
 * @param {string} url
 * @param {number} forMs
 * @returns {Promise<Times>}
 */
async function timesOf(url, forMs) {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  /** @type {Promise<number>[]} */
  const asked = [];
  for (const end = performance.now() + forMs; performance.now() < end; await pause(ASK_EVERY_MS)) {
    asked.push(
      new Promise((resolve, reject) => {
        const sent = performance.now();
        get(`${url}/livez`, { agent }, (answer) => {
          check(answer.statusCode === 200, `/livez answered ${answer.statusCode}`);
          answer.resume().on('end', () => resolve(performance.now() - sent));
        }).on('error', reject);
      }),
    );
  }
  const times = (await Promise.all(asked)).sort((one, other) => one - other);
  agent.destroy();
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
