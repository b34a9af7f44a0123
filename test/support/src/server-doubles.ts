import { EventStoreDb } from './event-store-db/event-store-db.js';
import { MongoServer } from './mongodb/server.js';

/** Doubles of both servers in a process of their own: tells its parent their addresses, and ends with it. */
const [log, rest] = await Promise.all([EventStoreDb.start(), MongoServer.started()]);
process.on('disconnect', () => process.exit(0));
if (!process.connected) process.exit(0);
process.send?.({ addresses: { esdb: log.address, mongodb: rest.url } });
