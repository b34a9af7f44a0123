import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { pause } from './product.js';
import { percentile } from './rounds.js';

const ATTACKERS = 1_000;
const ROUNDS = 3;
const QUIET_MS = 6_000;
const ATTACKED_MS = 15_000;
/** What an attack leaves behind is over by then. */
const REST_MS = 3_000;

/**
 * @typedef {{ p50: number, p99: number }} Times
 * @typedef {{ quiet: Times, attacked: Times, grownMiB: number, linesOfAKind: number, requests: number }} Round
 */

await figure({
  name: 'under-attack',
  title: `/livez while ${ATTACKERS.toLocaleString('en')} clients without a key send slow, half, endless, nested, oversized and cut requests to every door`,
  async measure(say) {
    const rounds = await inFolder(measureRounds);
    for (const { quiet, attacked, requests } of rounds) {
      say(
        `${requests} requests in ${ATTACKED_MS / 1_000} s; /livez p50 ${shown(attacked.p50)} ms, quiet ${shown(quiet.p50)} ms; p99 ${shown(attacked.p99)} ms, quiet ${shown(quiet.p99)} ms`,
      );
    }
    const bound = { floor: 40, goal: 5, atMost: true };
    return [
      {
        what: 'p50 ÷ quiet',
        values: rounds.map(({ quiet, attacked }) => attacked.p50 / quiet.p50),
        ...bound,
      },
      {
        what: 'p99 ÷ quiet',
        values: rounds.map(({ quiet, attacked }) => attacked.p99 / quiet.p99),
        ...bound,
        goal: 20,
      },
      {
        what: 'resident memory above quiet',
        values: rounds.map(({ grownMiB }) => grownMiB),
        floor: 150,
        goal: 50,
        atMost: true,
        unit: ' MiB',
      },
      {
        what: 'log lines of one kind in a minute',
        values: rounds.map(({ linesOfAKind }) => linesOfAKind),
        floor: 1,
        goal: 1,
        atMost: true,
      },
    ];
  },
});

/**
 * Quiet and attacked in turn, of one product, so that whatever the machine does besides meets both. Who asks is a process
 * of its own, and so are the attackers, which give way to the product and to who asks: they stand for other machines.
 * @param {string} folder
 * @returns {Promise<Round[]>}
 */
async function measureRounds(folder) {
  const processes = await startProcesses(folder);
  const asker = fork(fileURLToPath(new URL('./asker.js', import.meta.url)), [processes.url], {
    execArgv: [],
  });
  /** @param {number} forMs @returns {Promise<Times>} */
  const timesOf = async (forMs) => {
    asker.send(forMs);
    const times = await messageOf(asker);
    check(Array.isArray(times) && times.length > forMs / 50, 'too few requests came through');
    const sorted = times.sort((/** @type {number} */ one, /** @type {number} */ other) => one - other);
    return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
  };
  try {
    await timesOf(QUIET_MS);
    const restingMiB = processes.residentMiB();
    // The first attack warms up and does not count.
    await attacked(processes, () => timesOf(REST_MS));
    await pause(REST_MS);
    /** @type {Round[]} */
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const quiet = await timesOf(QUIET_MS);
      const already = processes.logged().length;
      const { times, requests, residentMiB } = await attacked(processes, () => timesOf(ATTACKED_MS));
      check(requests >= ATTACKERS, `only ${requests} requests came through`);
      const linesOfAKind = mostOfAKind(processes.logged().slice(already));
      rounds.push({ quiet, attacked: times, grownMiB: residentMiB - restingMiB, linesOfAKind, requests });
      await pause(REST_MS);
    }
    return rounds;
  } finally {
    asker.disconnect();
    await processes.stop();
  }
}

/**
 * Measures while the attackers are at work.
 * @param {Awaited<ReturnType<typeof startProcesses>>} processes
 * @param {() => Promise<Times>} measure
 */
async function attacked({ url, residentMiB: resident }, measure) {
  const program = fileURLToPath(new URL('./attackers.js', import.meta.url));
  const attackers = fork(program, [new URL(url).port, String(ATTACKERS)], { execArgv: [] });
  try {
    await messageOf(attackers);
    const times = await measure();
    const residentMiB = resident();
    attackers.send('how many');
    /** @type {{ sent: number }} */
    const { sent } = await messageOf(attackers);
    return { times, residentMiB, requests: sent };
  } finally {
    attackers.disconnect();
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<any>}
 */
function messageOf(child) {
  return new Promise((resolve, reject) => {
    const ended = (/** @type {number | null} */ code) => reject(new Error(`a process has ended: ${code}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
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
