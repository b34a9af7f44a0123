import type { Clock, Ids } from '@seatbook/kernel';
import type { BuilderStores, OpenedStores } from '@seatbook/runtime';
import type { Configuration } from '../settings/configuration.js';

/**
 * Opens the stores that are configured. A driver is loaded when it is opened and not before: a process never loads the
 * native library of a store that it does not use.
 * @throws what the driver says of stores that are locked, damaged or sealed with another key
 */
export async function openStores(
  settings: Pick<Configuration, 'data'>,
  context: { readonly clock: Clock; readonly ids: Ids },
): Promise<OpenedStores> {
  const { openEmbeddedStores } = await import('./embedded-stores.js');
  return openEmbeddedStores(settings.data, context);
}

/** Opens them once more, for a thread that builds read models. */
export async function openBuilderStores(settings: {
  readonly data: Pick<Configuration['data'], 'folder'>;
}): Promise<BuilderStores> {
  const { openEmbeddedBuilder } = await import('./embedded-stores.js');
  return openEmbeddedBuilder(settings.data);
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
