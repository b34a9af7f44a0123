import { Refusal, chunksOf } from '@seatbook/kernel';
import {
  MAX_PAIRS,
  activationStream,
  holderCount,
  holderKeys,
  holdersOf,
  idOfAsset,
  orderedSerials,
  pairsOf,
  queryModels,
  type ActivationState,
  type AssetId,
  type HolderKey,
  type Holders,
  type OrderKind,
  type OrderTerms,
  type PlannedCount,
  type OrderScope,
} from '@seatbook/licensing';
import { mustBeImported } from './accounts.js';
import { namedInRefusal } from './named-in-refusal.js';
import type { SeatbookEdge } from './seatbook-edge.js';

/** What an order is expected to do to the pairs of one asset; a count that is left out may be any. */
export type ExpectedAsset = AssetId & { readonly [C in PlannedCount]?: number | undefined };

export interface OrderRequest {
  readonly kind: OrderKind;
  readonly uId: string;
  readonly assets: readonly AssetId[];
  /** Devices; persons by our id. At least one of both lists names somebody. */
  readonly serialNumbers?: readonly string[] | undefined;
  readonly userIds?: readonly string[] | undefined;
  /** In place of both lists: those who are members of the group when the order is placed. */
  readonly groupId?: string | undefined;
  /** In place of all of these: whom it is for is found when it is placed. */
  readonly scope?: OrderScope | undefined;
  /** Of two holders the one whose licence the other one gets. */
  readonly giver?: HolderKey | undefined;
  readonly ifShort: 'wait' | 'refuse';
  /** Of a return: where the app is installed, it is removed when the licence has gone back. Left out: it stays. */
  readonly removeApp?: boolean | undefined;
  /** Whether licences of the reserve are for it, too; left out: they are not. */
  readonly fromReserve?: boolean | undefined;
  readonly platform: string | null;
  /** Devices that are neither enrolled nor registered may be named; asked only where an MDM server is configured. */
  readonly allowUnenrolled?: boolean | undefined;
  /** What the plan said, as far as the order rests on it. */
  readonly expect?: readonly ExpectedAsset[] | undefined;
}

/** An order as it is asked of the ledgers. */
export interface CheckedOrder {
  readonly terms: OrderTerms;
  /** Canonical and in order, each once; of an order with a scope, once for each asset. */
  readonly holders: Holders;
}

/**
 * What an order says, as the ledgers are asked it. `isPlaced`: the same request has placed it before; then it is no matter
 * what Apple's list says by now.
 * @throws Refusal INVALID_SERIAL_NUMBER, INVALID_ASSET, INVALID_ORDER_SIZE, INVALID_ORDER_EMPTY, NOT_FOUND_ACCOUNT,
 *   REJECTED_UNKNOWN_ASSET, REJECTED_UNKNOWN_PERSON, REJECTED_UNKNOWN_DEVICE, REJECTED_NO_MDM
 */
export async function checkedOrder(
  seatbook: SeatbookEdge,
  { kind, uId, ifShort, fromReserve = false, platform, giver, ...listed }: OrderRequest,
  isPlaced: () => Promise<boolean> = async () => false,
): Promise<CheckedOrder> {
  if (kind === 'RolloutApp' || listed.removeApp === true) mustHaveMdm(seatbook);
  const serialNumbers = orderedSerials(
    listed.serialNumbers ?? [],
    kind === 'AssignLicense' ? 'assign' : 'return',
  );
  const assets = checkedAssets(listed.assets);
  const userIds = [...new Set((listed.userIds ?? []).map((userId) => userId.trim()))].sort();
  const holders = { serialNumbers, userIds };
  const count = holderCount(holders);
  const more = {
    ...(giver === undefined ? {} : { giver }),
    ...(listed.removeApp === true ? { removeApp: true as const } : {}),
  };
  const terms: OrderTerms = { kind, uId, assets, ifShort, fromReserve, platform, holders: count, ...more };
  checkSize(terms);
  const known = seatbook.assets.has(uId, assets) || (await isPlaced());
  if (!known) await checkKnown(seatbook, uId, assets);
  const get = holdersOf(holderKeys(holders).filter((holder) => holder !== giver));
  const isGiven = kind === 'AssignLicense' || kind === 'ReassignLicense';
  if (isGiven && get.userIds.length > 0 && !(await isPlaced()))
    await checkPersons(seatbook, uId, get.userIds);
  const mustBeKnown = seatbook.options.mdm?.requireEnrolled === true && listed.allowUnenrolled !== true;
  if (isGiven && mustBeKnown && !(await isPlaced())) await checkDevices(seatbook, get.serialNumbers);
  return { terms, holders };
}

/** @throws Refusal REJECTED_NO_MDM */
export function mustHaveMdm({ options }: SeatbookEdge): void {
  if (options.mdm !== undefined) return;
  throw new Refusal('REJECTED_NO_MDM', 'no MDM server is configured, so that nothing can be installed');
}

/** Apple gives a licence to persons alone that it knows at the location; whether they have accepted is no matter. */
export async function checkPersons(
  { stores, runner }: Pick<SeatbookEdge, 'stores' | 'runner'>,
  uId: string,
  userIds: readonly string[],
): Promise<void> {
  const entries = await stores.directory.entries(userIds);
  const known = new Set(entries.flatMap((entry) => (entry.uId === uId ? entry.userId : [])));
  const unknown = userIds.filter((userId) => !known.has(userId));
  if (unknown.length === 0) return checkStaying(runner, uId, userIds);
  throw new Refusal(
    'REJECTED_UNKNOWN_PERSON',
    'these persons are not known at this location: activate them for the account first',
    {
      unknown: unknown.length,
      userIds: namedInRefusal(unknown),
    },
  );
}

/** What somebody gets who leaves would go back at once, or be refused by Apple. */
async function checkStaying(
  runner: SeatbookEdge['runner'],
  uId: string,
  userIds: readonly string[],
): Promise<void> {
  const leaving = await leavingOf(runner, uId, userIds);
  if (leaving.length === 0) return;
  throw new Refusal('REJECTED_PERSON_LEAVING', 'these persons are leaving the account, or have left it', {
    leaving: leaving.length,
    userIds: namedInRefusal(leaving),
  });
}

/** Those of the persons who are leaving the account, or have left it. */
export const leavingOf = (
  runner: SeatbookEdge['runner'],
  uId: string,
  userIds: readonly string[],
): Promise<readonly string[]> =>
  runner.look(activationStream(uId), ({ persons }) =>
    userIds.filter((userId) => {
      const person = persons.get(userId);
      return person !== undefined && (person.leaves || LEFT.has(person.state));
    }),
  );

const LEFT: ReadonlySet<ActivationState> = new Set<ActivationState>(['leaving', 'retiring', 'retired']);

/** A licence for a device that nobody knows is likely one for a mistyped serial number. */
async function checkDevices({ stores }: SeatbookEdge, serialNumbers: readonly string[]): Promise<void> {
  const unknown: string[] = [];
  for (const some of chunksOf(serialNumbers, DEVICES_AT_ONCE)) {
    const known = await stores.reads.getMany(queryModels.devices, some);
    for (const serialNumber of some) if (!known.get(serialNumber)?.document) unknown.push(serialNumber);
  }
  if (unknown.length === 0) return;
  throw new Refusal(
    'REJECTED_UNKNOWN_DEVICE',
    'these devices are neither enrolled nor registered; check the serial numbers, or order with allowUnenrolled',
    { unknown: unknown.length, serialNumbers: namedInRefusal(unknown) },
  );
}

const DEVICES_AT_ONCE = 1_000;

/** @throws Refusal INVALID_ORDER_EMPTY, INVALID_ORDER_SIZE */
function checkSize(terms: OrderTerms): void {
  const pairs = pairsOf(terms);
  if (pairs === 0)
    throw new Refusal('INVALID_ORDER_EMPTY', 'an order names at least one asset and one holder');
  if (pairs > MAX_PAIRS) throw tooLarge(pairs);
}

export const tooLarge = (pairs: number): Refusal =>
  new Refusal(
    'INVALID_ORDER_SIZE',
    `an order names at most ${MAX_PAIRS} pairs (assets × holders); split it`,
    {
      pairs,
      maxPairs: MAX_PAIRS,
    },
  );

/** Each asset once, in order. @throws Refusal INVALID_ASSET */
export function checkedAssets(assets: readonly AssetId[]): AssetId[] {
  const unique = new Map(
    assets.map(({ adamId, pricingParam }) => [idOfAsset({ adamId, pricingParam }), { adamId, pricingParam }]),
  );
  for (const { adamId, pricingParam } of unique.values()) {
    if (!/^\d{1,20}$/.test(adamId) || !/^[A-Z]{1,10}$/.test(pricingParam)) {
      throw new Refusal('INVALID_ASSET', 'an asset is an adamId (digits) and a pricingParam (STDQ or PLUS)', {
        assetId: `${adamId.slice(0, 40)}.${pricingParam.slice(0, 40)}`,
      });
    }
  }
  return [...unique.values()].sort((one, other) => (idOfAsset(one) < idOfAsset(other) ? -1 : 1));
}

/** The account exists; and once its list was read to the end, every asset is on it. */
export async function checkKnown(
  seatbook: SeatbookEdge,
  uId: string,
  assets: readonly AssetId[],
): Promise<void> {
  await mustBeImported(seatbook, uId);
  await seatbook.assets.check(uId, assets);
}
