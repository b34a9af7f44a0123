import { randomInt } from 'node:crypto';
import { systemClock } from '@seatbook/kernel';
import { eventually } from '@seatbook/test-support/eventually';
import { HostileServer, MANNERS, type Manner, whyUnavailable } from '@seatbook/test-support/hostile-server';
import { MongoServer } from '@seatbook/test-support/mongodb/server';
import { seededIds, seededRandom } from '@seatbook/test-support/seeded-random';
import { openMongoStores, type MongoStores } from './open.js';

const QUICK =
  'connectTimeoutMS=300&serverSelectionTimeoutMS=600&waitQueueTimeoutMS=600&socketTimeoutMS=600&heartbeatFrequencyMS=500';
const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
const random = seededRandom(seed);

const hostile = (manner: Manner, port?: number): Promise<HostileServer> =>
  HostileServer.start({ instead: 'mongodb', manner, random, ...(port !== undefined && { port }) });

const open = (url: string): Promise<MongoStores> =>
  openMongoStores({ url, key: Buffer.alloc(32, 7), clock: systemClock, ids: seededIds(1) });

const unavailable = (work: Promise<unknown>): Promise<string> => whyUnavailable(work, seed);

describe.each(['', '&tls=true'])('opening with "%s"', (tls) => {
  it.each(MANNERS)(
    'fails soon at what is no MongoDB, and says neither where nor with which password: %s',
    async (manner) => {
      const server = await hostile(manner);
      try {
        const address = `mongodb://canary-user:canary-password@127.0.0.1:${server.port}/seatbook`;
        const why = await unavailable(open(`${address}?directConnection=true&${QUICK}${tls}`));
        expect(why).toMatch(/^MongoDB: /);
        expect(why).not.toMatch(/canary|127\.0\.0\.1/);
        expect(why).not.toContain(String(server.port));
        expect(server.heard).toBeGreaterThan(0);
      } finally {
        await server.close();
      }
    },
  );
});

it.each(MANNERS)(
  'a server in whose place another one comes is missed, whatever that does, and found again: %s',
  async (manner) => {
    const server = await MongoServer.started();
    const url = server.url.replace(/heartbeatFrequencyMS.*/, QUICK);
    const stores = await open(url);
    try {
      await stores.secrets.put('token/a', 'one');
      await server.stop();
      const other = await hostile(manner, Number(/:(\d+)\//.exec(url)?.[1]));
      // The driver looks after its server by itself, and may not have noticed anything but that it has to connect again.
      await eventually('it is spoken to', () => other.heard > 0);
      expect(await unavailable(stores.secrets.get('token/a'))).toMatch(/^MongoDB: /);
      expect(await unavailable(stores.leases.all())).toMatch(/^MongoDB: /);
      await other.close();
      await server.start();
      expect(await eventually('it is found', () => stores.secrets.get('token/a'))).toBe('one');
    } finally {
      await stores.close();
      await server.stop();
    }
  },
);
