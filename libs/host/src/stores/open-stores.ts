import type { OpenedStores } from '@seatbook/runtime';
import { copyStores, type CopiedStores } from './copy.js';
import { usesServers, type Configuration, type OnServers } from '../settings/configuration.js';
import type { StoresContext } from './stores-context.js';

/**
 * Opens the stores that are configured. A driver is loaded when it is opened and not before: a process never loads the
 * native library of a store that it does not use.
 * @throws what the driver says of stores that are locked, damaged, out of reach or sealed with another key
 */
export async function openStores(
  settings: Pick<Configuration, 'data' | 'servers'>,
  context: StoresContext,
): Promise<OpenedStores> {
  if (usesServers(settings)) {
    const { openServerStores } = await import('./server-stores.js');
    return openServerStores(settings, context);
  }
  const { openEmbeddedStores } = await import('./embedded-stores.js');
  return openEmbeddedStores(settings.data, context);
}

/**
 * Copies the embedded stores of the data folder into the configured servers, with the sealing key that is configured for
 * both. Nothing may use either meanwhile.
 * @throws CopyRefused when the servers hold anything but the beginning of this copy
 */
export async function copyToServers(
  settings: OnServers & Pick<Configuration, 'data'>,
  { tell, ...context }: StoresContext & { readonly tell: (events: number) => void },
): Promise<CopiedStores> {
  const { openEmbeddedStores } = await import('./embedded-stores.js');
  const { openServerStores } = await import('./server-stores.js');
  const from = await openEmbeddedStores(settings.data, context);
  try {
    const to = await openServerStores(settings, context);
    try {
      return await copyStores(from, to, tell);
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** What was found in a log. */
export interface VerifiedLog {
  readonly file: string;
  readonly events: number;
  readonly streams: number;
}

/** Checks every event of an embedded log. @throws what is wrong with it, naming the first event */
export async function verifyLog({ folder }: Pick<Configuration['data'], 'folder'>): Promise<VerifiedLog> {
  const stores = await import('./embedded-stores.js');
  return stores.verifyLog(folder);
}

/** Copies an embedded log, also while it is written, and verifies the copy. */
export async function backupLog(
  { folder }: Pick<Configuration['data'], 'folder'>,
  target: string,
): Promise<VerifiedLog> {
  const stores = await import('./embedded-stores.js');
  return stores.backupLog(folder, target);
}
