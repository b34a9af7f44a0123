import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ esdb: string, mongodb: string, labels: { esdb: string, mongodb: string } }} Servers */

/**
 * The servers that ESDB_URL and MONGODB_URL name; in place of one that is not named a double, in a process of its own.
 * Rates through doubles say nothing of EventStoreDB or MongoDB, only how ours and the bare client compare on them.
 * @template T
 * @param {(servers: Servers) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServers(work) {
  const { ESDB_URL, MONGODB_URL } = process.env;
  const labels = {
    esdb: ESDB_URL
      ? 'the server of ESDB_URL'
      : 'a DOUBLE of EventStoreDB, whose rates are not those of a server',
    mongodb: MONGODB_URL
      ? 'the server of MONGODB_URL'
      : 'a DOUBLE of MongoDB, whose rates are not those of a server',
  };
  const doubles = ESDB_URL && MONGODB_URL ? null : await startDoubles();
  try {
    return await work({
      esdb: ESDB_URL || (doubles?.esdb ?? ''),
      mongodb: MONGODB_URL || (doubles?.mongodb ?? ''),
      labels,
    });
  } finally {
    await doubles?.stop();
  }
}

export async function startDoubles() {
  const child = fork('test/support/src/server-doubles.ts', {
    cwd: root,
    execArgv: ['--import', './test/simulation/typescript.js'],
  });
  const addresses = await new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', (code, signal) => reject(new Error(`the doubles ended: ${code ?? signal}`)));
  });
  const { esdb, mongodb } = /** @type {{ addresses: { esdb: string, mongodb: string } }} */ (addresses)
    .addresses;
  return {
    esdb,
    mongodb,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.disconnect();
      await ended;
    },
  };
}
