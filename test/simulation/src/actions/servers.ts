import type { World } from '../world.js';
import type { Action } from './action.js';

const AWAY_SECONDS = [1, 5, 20, 70, 200];

/** A server is out of reach for a while, then there again with its data. */
async function leave(world: World, which: 'log' | 'rest', name: string): Promise<void> {
  const { dice, servers, virtual } = world;
  const seconds = dice.of(AWAY_SECONDS);
  world.tell(`${name} is away for ${seconds} s`);
  await servers?.leave(which);
  virtual.clock.after(seconds * 1_000, () => void servers?.comeBack(which));
}

/** What happens to servers, where the stores are on some. */
export const servers: readonly Action[] = [
  {
    name: 'EventStoreDB is away',
    weight: 2,
    run: (world) => leave(world, 'log', 'EventStoreDB'),
  },
  {
    name: 'MongoDB is away',
    weight: 2,
    run: (world) => leave(world, 'rest', 'MongoDB'),
  },
  {
    name: 'connections break',
    weight: 3,
    run(world) {
      world.tell('all connections to the servers break');
      world.servers?.log.wire.cut();
      world.servers?.rest.cutConnections();
    },
  },
  {
    name: 'the primary steps down',
    weight: 2,
    run(world) {
      const { dice, servers, virtual } = world;
      const seconds = dice.of(AWAY_SECONDS);
      world.tell(`MongoDB has no primary for ${seconds} s`);
      servers?.rest.stepDown();
      virtual.clock.after(seconds * 1_000, () => servers?.rest.stepUp());
    },
  },
  {
    name: 'subscriptions are dropped',
    weight: 2,
    run(world) {
      const { dice, servers, virtual } = world;
      const after = dice.of([1, 3, 10]);
      world.tell(`for a minute each subscription is dropped after ${after} events`);
      if (!servers) return;
      servers.log.dropAfter = after;
      virtual.clock.after(60_000, () => (servers.log.dropAfter = Infinity));
    },
  },
];
