import { check, figure, shown } from './figure.js';
import { inFolder } from './folder.js';
import { startProcesses } from './processes.js';
import { UID, adamIdOf, serialOf } from './product.js';

const ASSETS = 25;
const DEVICES = 4_000;
const PAIRS = ASSETS * DEVICES;
/** Apple takes 25 assets and 1,000 devices in a call, so fewer calls cannot carry the pairs. */
const LOWER_BOUND = Math.ceil(PAIRS / 25_000);
const RUNS = 3;

await figure({
  name: 'order-25x4000',
  title: 'one order of 25 apps for 4,000 devices, from POST to the last outcome, over HTTP',
  async measure(say) {
    /** @type {Awaited<ReturnType<typeof placeAndWait>>[]} */
    const runs = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await inFolder(placeAndWait));
    say(`${PAIRS} pairs, ${RUNS} runs; product and simulated Apple are processes of their own; no faults;`);
    say(
      '15 requests/s, answers after 5–25 ms, events after 0.2–2 s, notifications of 100 pairs; synchronous=FULL',
    );
    /** @param {keyof (typeof runs)[number]} name */
    const all = (name) => runs.map((run) => run[name]);
    /** @param {keyof (typeof runs)[number]} name */
    const list = (name) => all(name).map(shown).join(', ');
    say(`wall time ${list('seconds')} s; answer to the POST after ${list('postMs')} ms`);
    say(`events ${list('events')}, with those of appleEvent- and appleNotification- ${list('allEvents')}`);
    say(
      `peak resident memory ${list('sampledMiB')} MiB sampled every second (high-water mark ${list('highWaterMiB')} MiB)`,
    );
    say(`longest stall of the event loop ${list('longestStallMs')} ms`);
    return [
      {
        what: 'associate calls ÷ lower bound',
        values: all('calls').map((calls) => calls / LOWER_BOUND),
        floor: 1,
        goal: 1,
        atMost: true,
      },
      { what: 'events', values: all('events'), floor: 1_500, goal: 1_500, atMost: true },
      { what: 'peak memory', values: all('sampledMiB'), floor: 512, goal: 512, atMost: true, unit: ' MiB' },
    ];
  },
});

/** @param {string} folder */
async function placeAndWait(folder) {
  const processes = await startProcesses(folder);
  try {
    const { api, apple, eventually } = processes;
    const assets = Array.from({ length: ASSETS }, (_asset, number) => adamIdOf(number + 1));
    const { token } = await apple('POST', '/locations', { uId: UID, name: 'Bench', country: 'DE' });
    await apple('POST', `/locations/${UID}/assets`, {
      assets: assets.map((adamId) => ({ adamId, name: `App ${adamId}`, total: DEVICES })),
    });
    await api('POST', '/accounts', { token, name: 'Bench', platform: 'iOS', assignmentType: 'device' });
    await eventually(
      async () => ((await api('GET', `/accounts/${UID}`)).firstRead.completed ? true : null),
      60_000,
    );
    await apple('POST', '/reset-stats');
    processes.forgetStalls();
    const started = performance.now();
    const order = await api('POST', '/orders', {
      kind: 'AssignLicense',
      accountId: UID,
      assetIds: assets,
      serialNumbers: Array.from({ length: DEVICES }, (_serial, number) => serialOf(number)),
    });
    const postMs = performance.now() - started;
    const done = await eventually(async () => {
      const now = await api('GET', `/orders/${order.orderId}`);
      return now.state === 'finished' ? now : null;
    }, 120_000);
    const seconds = (performance.now() - started) / 1_000;
    const longestStallMs = await processes.longestStallMs();
    check(done.progress.assigned === PAIRS, `${JSON.stringify(done.progress)}`);
    const atApple = await apple('GET', `/locations/${UID}/assignments`);
    const held = Object.values(atApple.assets).reduce((sum, devices) => sum + devices.length, 0);
    check(held === PAIRS, `${held} pairs at Apple`);
    const { associateReceived } = await apple('GET', '/stats');
    const events = await processes.lines('/history');
    const { sampledMiB, highWaterMiB } = processes.memory();
    return {
      seconds,
      postMs,
      calls: associateReceived,
      events: events.filter(({ stream }) => !/^apple(Event|Notification)-/.test(stream)).length,
      allEvents: events.length,
      sampledMiB,
      highWaterMiB,
      longestStallMs,
    };
  } finally {
    await processes.stop();
  }
}
