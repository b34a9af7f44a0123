import { randomInt } from 'node:crypto';
import { ServedLog, newEvents } from '@seatbook/test-support/event-store-db/served-log';
import { HostileServer, MANNERS, type Manner, whyUnavailable } from '@seatbook/test-support/hostile-server';
import { seededRandom } from '@seatbook/test-support/seeded-random';

const ANSWER_MS = 500;
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const random = seededRandom(seed);

const hostile = (manner: Manner, port?: number): Promise<HostileServer> =>
  HostileServer.start({ instead: 'eventstoredb', manner, random, ...(port !== undefined && { port }) });

const unavailable = (work: Promise<unknown>): Promise<string> => whyUnavailable(work, seed);

let log: ServedLog;
beforeEach(async () => {
  log = await ServedLog.start();
});
afterEach(() => log.close());

describe.each(['tls=false', 'tls=true'])('opening with %s', (tls) => {
  it.each(MANNERS)(
    'waits for what is no EventStoreDB, and says neither where nor with which password: %s',
    async (manner) => {
      const server = await hostile(manner);
      try {
        const address = `esdb://canary-user:canary-password@127.0.0.1:${server.port}?${tls}`;
        const { events, notices } = await log.opened({ address, answerMs: ANSWER_MS });
        const told = [
          ...notices,
          await unavailable(events.head()),
          await unavailable(events.append('asset-1', newEvents(1), 'absent')),
        ];
        expect(told).toHaveLength(3);
        for (const why of told) {
          expect(why).toMatch(/^EventStoreDB/);
          expect(why).not.toMatch(/canary|127\.0\.0\.1/);
          expect(why).not.toContain(String(server.port));
        }
        expect(server.heard).toBeGreaterThan(0);
        await log.closeStores();
      } finally {
        await server.close();
      }
    },
  );
});

it.each(MANNERS)(
  'a server in whose place another one comes is missed, whatever that does, and found again: %s',
  async (manner) => {
    const { wire } = log.server;
    const store = await log.open({ answerMs: ANSWER_MS });
    await store.append('asset-1', newEvents(1), 'absent');
    const last = await store.head();
    await wire.close();
    const other = await hostile(manner, wire.port);
    expect(await unavailable(store.head())).toMatch(/^EventStoreDB: /);
    expect(await unavailable(store.readStream('asset-1', 0, 10))).toMatch(/^EventStoreDB: /);
    await other.close();
    await wire.open();
    expect((await store.append('asset-1', newEvents(1), 0)).revision).toBe(1);
    expect((await store.head()) > last).toBe(true);
  },
);
