import type { Due, Position } from '@seatbook/kernel';
import {
  activationKey,
  appleEventStream,
  assetKey,
  assetStream,
  callStream,
  canonicalHolder,
  deviceAppsStream,
  deviceIdOf,
  deviceStream,
  installationKey,
  pairKey,
  placesInLine,
  queryModels,
  reconciliationStream,
  whyOf,
  type AccountDocument,
  type AppSettings,
  type AssetId,
  type Circumstances,
  type HolderKey,
  type InstallationDocument,
  type PairDocument,
  type Why,
} from '@seatbook/licensing';
import { dueModel } from '@seatbook/runtime';
import { inForce, sentWith } from './app-settings.js';
import { noSuchAsset } from './assets.js';
import { isHeld } from './orders.js';
import { installationsOfPerson } from './person-installations.js';
import type { Reflected } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { entriesOf, type TimelineEntry } from './timeline.js';
import { lastEvents, type PairInQuestion } from './why-chain.js';

export interface WantedWhy {
  readonly uId: string;
  readonly asset: AssetId;
  readonly holder: HolderKey;
  readonly position?: Position | undefined;
}

/** One app for one holder: why it is not there, what happens next, and how it came to this. */
export interface WhyFound extends Why, PairInQuestion {
  readonly name: string | null;
  /** In force now. */
  readonly settings: AppSettings;
  /** That the last command was sent with; null where none was sent. */
  readonly sentWith: AppSettings | null;
  /** The account that holds the work; null where that goes on. */
  readonly heldBy: AccountDocument | null;
  /** From the request on to the last that is known, the oldest first. */
  readonly chain: readonly TimelineEntry[];
  readonly asOf: Reflected;
}

/** @throws Refusal NOT_FOUND_ASSET */
export async function getWhy(
  seatbook: SeatbookEdge,
  { uId, asset, holder: named, position }: WantedWhy,
): Promise<WhyFound> {
  const { reader } = seatbook;
  const holder = canonicalHolder(named);
  const { document: known } = await reader.get(queryModels.assets, assetKey(uId, asset), position);
  if (!known) throw noSuchAsset(asset);
  await reader.reach(queryModels.pairs, position);
  const asOf = await reader.reflected(queryModels.installations, position);
  const id = holder.slice(2);
  const installation = holder.startsWith('d:')
    ? await installationOf(seatbook, deviceIdOf(id), uId, asset)
    : await ofPerson(seatbook, id, uId, asset);
  const own = await pairOf(seatbook, assetKey(uId, asset), holder);
  const pair = own ?? (await pairOfPerson(seatbook, { uId, asset, installation }));
  const account = await seatbook.stores.reads.get(queryModels.accounts, uId);
  const question = { uId, asset, holder, pair, installation };
  const events = await lastEvents(seatbook, question);
  return {
    ...question,
    ...(await explained(seatbook, question, account)),
    name: known.name,
    settings: await inForce(seatbook, uId, asset),
    sentWith: await sentWith(seatbook, installation),
    heldBy: isHeld(account) ? account : null,
    chain: await entriesOf(seatbook, events, holder),
    asOf,
  };
}

/** Why an app is not there, without how it came to this. */
export async function explained(
  seatbook: SeatbookEdge,
  { uId, asset, holder, pair, installation }: PairInQuestion,
  account: AccountDocument | null,
): Promise<Why> {
  const circumstances = await circumstancesOf(seatbook, { uId, asset, holder, pair, installation });
  return whyOf({ ...circumstances, installation, held: isHeld(account) }, seatbook.timings);
}

/** The pair of the person by whose licence an app is on a device; null where it is there by the device's own. */
export const pairOfPerson = async (
  seatbook: SeatbookEdge,
  { uId, asset, installation }: Pick<PairInQuestion, 'uId' | 'asset' | 'installation'>,
): Promise<PairDocument | null> =>
  installation?.userId == null ? null : pairOf(seatbook, assetKey(uId, asset), `u:${installation.userId}`);

/** A holder's pair is found in the canonical spelling, whatever Apple's is. */
async function pairOf(
  { reader, stores }: SeatbookEdge,
  asset: string,
  holder: HolderKey,
): Promise<PairDocument | null> {
  const plain = await stores.reads.get(queryModels.pairs, pairKey(asset, holder));
  if (plain) return plain;
  const range = { from: asset, to: asset };
  const rows = { index: 'by-holder', equals: [holder], range } as const;
  const { rows: found } = await reader.page(queryModels.pairs, rows, { part: { limit: 1 } });
  return found[0] ?? null;
}

/** An app is on a device once; another account may have put it there. */
async function installationOf(
  { stores }: SeatbookEdge,
  device: string,
  uId: string,
  { adamId }: AssetId,
): Promise<InstallationDocument | null> {
  const row = await stores.reads.get(queryModels.installations, installationKey(device, adamId));
  return row?.uId === uId ? row : null;
}

/** Of what a person is to have: the part that is farthest from being installed. */
async function ofPerson(
  seatbook: SeatbookEdge,
  userId: string,
  uId: string,
  asset: AssetId,
): Promise<InstallationDocument | null> {
  const all = await installationsOfPerson(seatbook, userId, { uId, ...asset });
  const there = all.filter(({ device }) => device !== null);
  return there.find(({ state }) => state !== 'installed') ?? there.at(-1) ?? all.at(-1) ?? null;
}

async function circumstancesOf(
  seatbook: SeatbookEdge,
  { uId, asset, holder, pair, installation }: PairInQuestion,
): Promise<Omit<Circumstances, 'held' | 'installation'>> {
  const { runner, stores } = seatbook;
  const person = holder.startsWith('u:');
  const id = holder.slice(2);
  const waits = pair?.state === 'waiting' && pair.orderId !== null ? pair.orderId : null;
  const place =
    waits === null
      ? null
      : await runner.look(
          assetStream(uId, asset),
          (ledger) =>
            placesInLine(ledger, waits, new Set([pair?.spelledAs ?? holder]))
              .values()
              .next().value,
        );
  const activation = person ? await stores.reads.get(queryModels.activations, activationKey(uId, id)) : null;
  const deviceId = person ? (installation?.device ?? null) : deviceIdOf(id);
  return {
    person,
    pair,
    place: place ?? null,
    callDue: pair?.callId == null ? null : await dueOfCall(seatbook, pair.callId),
    readingDue: waits === null ? null : await dueOf(seatbook, reconciliationStream(uId)),
    activation: activation?.state ?? null,
    device: deviceId === null ? 'unknown' : await runner.look(deviceStream(deviceId), ({ phase }) => phase),
    giveUpAt:
      deviceId === null
        ? null
        : await runner.look(
            deviceAppsStream(deviceId),
            ({ apps }) => apps.get(asset.adamId)?.giveUpAt ?? null,
          ),
  };
}

const dueOf = ({ stores }: SeatbookEdge, stream: string): Promise<Due | null> =>
  stores.reads.get(dueModel, stream);

/** A call that Apple has accepted waits for Apple's event. */
async function dueOfCall(seatbook: SeatbookEdge, callId: string): Promise<Due | null> {
  const stream = callStream(callId);
  const accepted = await seatbook.runner.look(stream, (call) =>
    call.phase === 'accepted' ? call.appleEventId : null,
  );
  return dueOf(seatbook, accepted === null ? stream : appleEventStream(accepted));
}

export const whyQueries = { GetWhy: getWhy };
