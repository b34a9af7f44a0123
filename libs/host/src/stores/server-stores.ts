import { readFileSync } from 'node:fs';
import type { OpenedStores } from '@seatbook/runtime';
import { SealingKeyUnusable, parseKey } from '@seatbook/sealing';
import { openEventStoreDb } from '@seatbook/store-eventstoredb';
import { openMongoStores } from '@seatbook/store-mongodb';
import type { Configuration, OnServers } from '../settings/configuration.js';
import type { StoresContext } from './stores-context.js';

/** The log in EventStoreDB and all else in MongoDB, both shared with other processes. */
export async function openServerStores(
  { servers, data }: OnServers & Pick<Configuration, 'data'>,
  { clock, ids, notice = () => undefined }: StoresContext,
): Promise<OpenedStores> {
  const { eventStoreDb, mongoDb, prefix } = servers;
  const key = configuredKey(data);
  const { anchors, ...stores } = await openMongoStores({ url: mongoDb, key, clock, ids, notice });
  try {
    const { events, notices } = await openEventStoreDb({ address: eventStoreDb, prefix, anchors, clock });
    return {
      ...stores,
      events,
      notices: [...stores.notices, ...notices],
      async close() {
        await events.close();
        await stores.close();
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/**
 * The sealing key, from the environment or a mounted file, whose mode is up to those who mount it. None is ever made
 * here: several processes share what it seals.
 * @throws SealingKeyUnusable
 */
function configuredKey({ key, keyFile }: Configuration['data']): Buffer {
  if (key !== null) return parseKey(key, 'SEATBOOK_KEY');
  if (keyFile === null) {
    throw new SealingKeyUnusable(
      'SEATBOOK_KEY or SEATBOOK_KEY_FILE must be given: with servers, no process makes a sealing key. Make one with: openssl rand -base64 32',
    );
  }
  try {
    return parseKey(readFileSync(keyFile, 'utf8'), keyFile);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new SealingKeyUnusable(`the sealing key cannot be read from ${keyFile}: ${message}`);
  }
}
