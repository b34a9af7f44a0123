import { accountStream, notificationUrlOf, queryModels, type AccountDocument } from '@seatbook/licensing';
import type { SeatbookWorker } from '@seatbook/application';
import { errorFacts, type Log } from './log.js';

const PAGE_ACCOUNTS = 200;

/**
 * Brings every account's notification address in line with the configuration, once at start: if another one is
 * configured, or if Apple has forgotten ours. Work goes on without it, by polling, so nothing here fails a start.
 */
export async function alignNotificationAddresses(worker: SeatbookWorker, log: Log): Promise<void> {
  const { reads } = worker.foundation.stores;
  const { publicUrl } = worker.ports.settings;
  let cursor: string | undefined;
  do {
    const page = await reads.query(queryModels.accounts, {
      index: 'by-name',
      equals: [],
      limit: PAGE_ACCOUNTS,
      ...(cursor === undefined ? {} : { cursor }),
    });
    for (const account of page.rows) {
      const { uId } = account;
      try {
        await align(worker, account, notificationUrlOf(publicUrl, uId));
      } catch (error) {
        log.warn({ uId, ...errorFacts(error) }, 'the notification address could not be looked at');
      }
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}

async function align(
  worker: SeatbookWorker,
  { uId, usable }: AccountDocument,
  wanted: string | null,
): Promise<void> {
  const stream = accountStream(uId);
  const account = (await worker.foundation.runner.load(stream)).state;
  const { fingerprint, ownedAs, subscribed, notificationUrl } = account;
  if (notificationUrl !== wanted) {
    await want(worker, uId, wanted, 'the configured public URL is another one');
    return;
  }
  if (wanted === null || !subscribed || !usable) return;
  const token = await worker.ports.vault.token(fingerprint);
  const config = await worker.ports.apple.clientConfig({ uId, token, mdmId: ownedAs });
  if (!config.ok || config.value.notificationUrl === wanted) return;
  // Unset and set again, to force a new subscription.
  await want(worker, uId, null, 'Apple has another address');
  await want(worker, uId, wanted, 'Apple has another address');
}

async function want(
  worker: SeatbookWorker,
  uId: string,
  notificationUrl: string | null,
  reason: string,
): Promise<void> {
  const commandId = worker.foundation.ids.next();
  const command = { type: 'WantNotifications', notificationUrl } as const;
  const context = {
    commandId,
    principal: 'seatbook',
    correlationId: commandId,
    causationId: commandId,
    reason,
  };
  await worker.foundation.execute(accountStream(uId), command, context);
}
