import type { Document, Envelope, Position, ReadModel } from '@seatbook/kernel';
import {
  activationKey,
  queryModels,
  type ActivationDocument,
  type ActivationEvent,
  type PairDocument,
} from '@seatbook/licensing';
import type { Site, World } from '../world.js';

type Known = Envelope<ActivationEvent>;

const isOfActivation = (event: Envelope): event is Known => event.type.startsWith('activation.');

const ENDS_LEAVING: ReadonlySet<string> = new Set([
  'activation.withdrawn',
  'activation.retired',
  'activation.found-retired',
  'activation.failed',
]);

/** Who was to leave, and neither has nor could be refused. */
export function leavingOpen(log: readonly Envelope[]): string[] {
  const leaving = new Set<string>();
  for (const event of log) {
    if (!isOfActivation(event)) continue;
    const { uId } = event.data;
    const each = 'userIds' in event.data ? event.data.userIds : [];
    for (const userId of each) {
      const key = activationKey(uId, userId);
      if (event.type === 'activation.leaving') leaving.add(key);
      else if (ENDS_LEAVING.has(event.type)) leaving.delete(key);
    }
    if (event.type === 'activation.closed')
      for (const key of leaving) if (key.startsWith(activationKey(uId, ''))) leaving.delete(key);
  }
  return [...leaving].map((key) => `${key} was to leave, and is still there`);
}

/** Whoever is retired has given back first what was held before it was known that this person leaves. */
export async function auditLeavers(log: readonly Envelope[], { virtual }: World): Promise<string[]> {
  const wrong: string[] = [];
  if (!log.some(({ type }) => type === 'activation.retirement-opened')) return wrong;
  const pairs = new Map<string, PairDocument>();
  const heldSince = new Map<string, Position>();
  const leavingSince = new Map<string, Position>();
  const model = queryModels.pairs as unknown as ReadModel<Document>;
  for (const event of log) {
    for (const { key, evolve } of model.changesBy(event)) {
      const before = pairs.get(key) ?? null;
      const after = evolve(before) as PairDocument | null;
      if (after === null || after.state === 'failed') heldSince.delete(key);
      else if (!heldSince.has(key)) heldSince.set(key, event.position);
      if (after === null) pairs.delete(key);
      else pairs.set(key, after);
    }
    if (!isOfActivation(event) || !('userIds' in event.data)) continue;
    const { uId, userIds } = event.data;
    for (const userId of userIds) {
      const person = activationKey(uId, userId);
      if (event.type === 'activation.leaving') leavingSince.set(person, event.position);
      if (event.type !== 'activation.retirement-opened') continue;
      const since = leavingSince.get(person) ?? event.position;
      for (const [key, { asset, holder, uId: of, state }] of pairs) {
        if (of !== uId || holder !== `u:${userId}` || (heldSince.get(key) ?? since) >= since) continue;
        const document = await virtual.stores.reads.get(queryModels.assets, asset);
        if (document?.revocable !== false) wrong.push(`${person} is retired, and ${asset} is ${state}`);
      }
    }
  }
  return wrong;
}

/** What is said of a person is what Apple says of the living record, and Apple has been told what the organisation says. */
export async function auditPersons(
  { uId }: Site,
  rows: readonly ActivationDocument[],
  { virtual }: World,
): Promise<string[]> {
  const users = virtual.simulator.admin.users(uId).filter(({ status }) => status !== 'Retired');
  const living = new Map(users.map((user) => [user['clientUserId'], user]));
  const named = rows.filter((row) => row.uId === uId).map(({ userId }) => userId);
  const entries = named.length === 0 ? [] : await virtual.stores.directory.entries(named);
  const atApple = new Map(
    entries.filter((entry) => entry.uId === uId).map((entry) => [entry.userId, entry.clientUserId]),
  );
  const emails = new Map(
    entries.flatMap(({ uId: of, userId, email }) => (of === '' ? [[userId, email]] : [])),
  );
  return rows.flatMap(({ uId: of, userId, state, errorNumber }) => {
    if (of !== uId) return [];
    const user = living.get(atApple.get(userId) ?? userId);
    const status = user?.['status'];
    const right =
      (state !== 'associated' || status === 'Associated') &&
      (state !== 'invited' || status !== undefined) &&
      ((state !== 'retired' && state !== 'failed') || status === undefined);
    if (!right) return [`${userId} is ${state} at ${uId}, and Apple says ${String(status)}`];
    const email = emails.get(userId) ?? null;
    // What Apple has refused of a person, it says again whenever it is told.
    const told = email === null || errorNumber !== null || !user || user['email'] === email;
    return told ? [] : [`Apple was not told at ${uId} what has changed of ${userId}`];
  });
}
