import { holderAsOf, listCauses } from '@seatbook/application';
import { idOf, isRefusal, type Document, type Envelope, type ReadModel } from '@seatbook/kernel';
import {
  assetKey,
  assetStream,
  holderKeys,
  licensingModels,
  orderStream,
  queryModels,
  storyOf,
  subjectsOf,
  workModels,
  type ActivationDocument,
  type AssetEvent,
  type DeviceDocument,
  type InstallationDocument,
  type OrderDocument,
  type PairDocument,
} from '@seatbook/licensing';
import { dueModel, timesModel, type FieldValue } from '@seatbook/runtime';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import { auditCalls } from './audit/calls.js';
import { Causes } from './audit/causes.js';
import { auditCommands } from './audit/commands.js';
import { profilesAreAsAsked } from './audit/device-profiles.js';
import { auditDifferences } from './audit/differences.js';
import { auditDevices, devicesOpen } from './audit/devices.js';
import { auditGroups, auditJoiners } from './audit/groups.js';
import { auditRemovals, ownersOpen } from './audit/owners.js';
import { auditInstallations } from './audit/installations.js';
import { auditLedgers } from './audit/ledger.js';
import { auditLeavers, auditPersons, leavingOpen } from './audit/persons.js';
import { auditReports } from './audit/reports.js';
import { auditSettings } from './audit/settings.js';
import { auditShortages } from './audit/shortages.js';
import { auditTwoClocks } from './audit/two-clocks.js';
import { snapshotsHoldWhatIsFolded } from './snapshots.js';
import { devicesIn, type Site, type World } from './world.js';

const MODELS: readonly ReadModel<Document>[] = [dueModel, timesModel, ...licensingModels];
const ALL = 1_000_000;
/** Lists are read in pages as short as this: what is on none of them, or on two, is seen. */
const PAGE_ROWS = 7;
const MINUTE_MS = 60_000;
/** A few of what there are many of: checks that ask for each one cost as much as a history. */
const SAMPLES = 5;

/** What must come right by itself once all is calm: asked for again and again until nothing is found. */
export async function unsettled(world: World): Promise<string[]> {
  const wrong = [
    ...(await openWork(world)),
    ...(await ordersOpen(world)),
    ...(await requestsOpen(world)),
    ...(await installationsOpen(world)),
    ...(await auditGroups(world)),
    ...(await profilesAreAsAsked(world)),
    ...leavingOpen(await logOf(world)),
  ];
  const activations = await rowsOf(
    world,
    queryModels.activations as unknown as ReadModel<ActivationDocument>,
  );
  for (const site of world.sites) {
    const account = await world.account(site);
    if (!account) wrong.push(`${site.uId} is not imported`);
    else if (!account.usable || !account.owned) wrong.push(`${site.uId} is not usable, or not owned`);
    else if (account.firstReadAt === null) wrong.push(`${site.uId} was never read whole`);
    wrong.push(...(await ledgerEqualsApple(site, world)), ...(await waitingBesideFree(site, world)));
    wrong.push(...(await auditPersons(site, activations, world)));
  }
  return wrong;
}

/** What must hold of every log and its views, whatever was done. */
export async function contradictions(world: World): Promise<string[]> {
  const log = await logOf(world);
  const wrong = [...world.wrong, ...(await secretsIn(world, log)), ...storiesOf(log)];
  const causes = new Causes(log);
  wrong.push(...auditLedgers(log, causes), ...auditShortages(log, causes));
  wrong.push(...auditCalls(log, world.virtual.workers.length));
  wrong.push(
    ...auditCommands(log),
    ...auditInstallations(log, world.virtual),
    ...auditRemovals(log),
    ...auditSettings(log, world),
    ...auditDevices(log, world),
    ...auditJoiners(log),
    ...(await auditLeavers(log, world)),
    ...auditTwoClocks(log),
    ...requestsFollowEvents(world, log),
    ...acknowledgedAreStored(world, log),
  );
  wrong.push(...(await snapshotsHoldWhatIsFolded(world, log)), ...(await auditReports(world, log)));
  wrong.push(...(await auditDifferences(world, log)));
  wrong.push(...(await modelsEqualFreshFold(world, log)), ...(await acknowledgedIsKept(world)));
  wrong.push(...(await cancelledIsOver(world, log)), ...(await driftIsOfOthers(world, log)));
  for (const site of world.sites) wrong.push(...(await countsEqualPairs(site, world)));
  wrong.push(...(await timelinesExplain(world)), ...(await causesLeadBack(world, log)));
  return wrong;
}

export async function logOf({ virtual }: World): Promise<Envelope[]> {
  const { registry } = virtual.edge.events;
  const events = await virtual.events();
  return events.map((event) => ({ ...event, data: registry.upcast(event) }));
}

async function rowsOf<D extends Document>(world: World, model: ReadModel<D>): Promise<readonly D[]> {
  const [index] = model.indexes;
  return pagesOf(world, model, index?.name ?? '', []);
}

/** Whatever a device does, in the end its app is installed, or has failed for a reason. */
async function installationsOpen(world: World): Promise<string[]> {
  const rows = await rowsOf(world, queryModels.installations as unknown as ReadModel<InstallationDocument>);
  const pending: readonly InstallationDocument['state'][] = [
    'wanted',
    'commanded',
    'put-off',
    'installing',
    'prompting',
    'retrying',
    'removing',
  ];
  if (!devicesIn(world.seed)) return [];
  const log = await logOf(world);
  const open = rows.flatMap(({ device, adamId, state }) =>
    pending.includes(state) ? [`${adamId} on ${device} is ${state}`] : [],
  );
  const pairs = await rowsOf(world, queryModels.pairs as unknown as ReadModel<PairDocument>);
  const held = new Set(
    pairs.flatMap(({ asset, holder, state }) => (state === 'assigned' ? `${asset} ${holder}` : [])),
  );
  const begins = rows.flatMap((row) =>
    row.state === 'licence-coming' &&
    held.has(`${assetKey(row.uId, row)} ${row.device === null ? `u:${row.userId}` : `d:${row.device}`}`)
      ? [`${row.adamId} on ${row.device} has its licence, and is not begun`]
      : [],
  );
  const devices = await rowsOf(world, queryModels.devices as unknown as ReadModel<DeviceDocument>);
  const ofPersons = await ownersOpen(rows, devices, world);
  return [...open, ...begins, ...ofPersons, ...(await devicesOpen(log, rows, world))];
}

/** All rows of an index, page by page. */
async function pagesOf<D extends Document>(
  world: World,
  model: ReadModel<D>,
  index: string,
  equals: readonly FieldValue[],
): Promise<readonly D[]> {
  const rows: D[] = [];
  let cursor: string | undefined;
  do {
    const query = { index, equals, limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) };
    const page = await world.virtual.stores.reads.query(model, query);
    rows.push(...page.rows);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined && rows.length < ALL);
  return rows;
}

const pairsOf = (world: World, uId: string, adamId: string): Promise<readonly PairDocument[]> =>
  pagesOf(world, queryModels.pairs as unknown as ReadModel<PairDocument>, 'by-asset', [
    assetKey(uId, stdq(adamId)),
  ]);

/** Pairs that were on their way to or from Apple when their account was removed. */
async function abandonedOf({ uId }: Site, world: World): Promise<string[]> {
  if (!world.sent.some(({ what }) => what === 'remove')) return [];
  const log = (await logOf(world)) as (Envelope & AssetEvent)[];
  return log.flatMap(({ stream, type, data }) => {
    const lost =
      (type === 'asset.licenses-failed' && data.reason === 'the account was removed') ||
      (type === 'asset.reservations-ended' && data.was === 'returning');
    if (!lost || !stream.startsWith(`asset-${uId}.`)) return [];
    const [, adamId = ''] = idOf(stream).split('.');
    return data.serialNumbers.map((serial) => `${adamId} ${serial.toUpperCase()}`);
  });
}

async function ledgerEqualsApple(site: Site, world: World): Promise<string[]> {
  const { uId, adamIds } = site;
  const { assets, users } = world.virtual.simulator.admin.assignments(uId);
  const wrong: string[] = [];
  for (const adamId of adamIds) {
    const assigned = (await pairsOf(world, uId, adamId)).filter(({ state }) => state === 'assigned');
    const holders = assigned.map(({ holder }) => holder);
    // A device is one holder, however Apple spells its serial number.
    const ours = new Set(
      holders.filter((key) => key.startsWith('d:')).map((key) => key.slice(2).toUpperCase()),
    );
    const theirs = new Set((assets[`${adamId}/STDQ`] ?? []).map((serial) => serial.toUpperCase()));
    for (const serial of ours)
      if (!theirs.has(serial)) wrong.push(`${adamId} ${serial}: assigned here, not at Apple`);
    for (const serial of theirs)
      if (!ours.has(serial)) wrong.push(`${adamId} ${serial}: assigned at Apple, not here`);
    const persons = users[`${adamId}/STDQ`]?.length ?? 0;
    if (holders.length - ours.size !== persons)
      wrong.push(`${adamId}: ${holders.length - ours.size} persons here, ${persons} at Apple`);
  }
  return wrong;
}

async function waitingBesideFree(site: Site, world: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const adamId of site.adamIds) {
    const pairs = await pairsOf(world, site.uId, adamId);
    const waiting = pairs.filter(({ state }) => state === 'waiting');
    const free = world.available(site, adamId);
    if (waiting.length === 0 || free <= 0) continue;
    const stream = assetStream(site.uId, stdq(adamId));
    const { state: ledger } = await world.virtual.until(world.virtual.edge.runner.load(stream));
    // Licences of the reserve are for those whose orders name it.
    if (ledger.waitingForReserve === 0 && free <= ledger.reserve) continue;
    const document = await world.virtual.stores.reads.get(
      queryModels.assets,
      assetKey(site.uId, stdq(adamId)),
    );
    wrong.push(`${adamId}: ${waiting.length} wait beside ${free} free licences: ${JSON.stringify(document)}`);
  }
  return wrong;
}

/** No work lies about, nothing is overdue, nothing is parked. */
async function openWork(world: World): Promise<string[]> {
  const { reads, progress } = world.virtual.stores;
  const wrong: string[] = [];
  for (const model of Object.values(workModels)) {
    const rows = await rowsOf(world, model as unknown as ReadModel<Document>);
    for (const row of rows.slice(0, SAMPLES))
      wrong.push(`${model.name}: ${JSON.stringify(row).slice(0, 200)}`);
  }
  const overdue = await reads.query(dueModel, {
    index: 'by-queue',
    equals: [],
    limit: ALL,
  });
  const late = overdue.rows.filter(({ at }) => at < world.virtual.clock.now() - MINUTE_MS);
  for (const row of late) wrong.push(`overdue for a minute: ${JSON.stringify(row)}`);
  const { rows } = await progress.parked({ limit: SAMPLES });
  for (const work of rows) wrong.push(`parked: ${work.name} of ${work.stream}: ${work.reason}`);
  return wrong;
}

const ENDED: readonly OrderDocument['state'][] = ['finished', 'abandoned', 'waiting'];

/** Each order has ended, or waits for licences that pairs of it do wait for. */
async function ordersOpen(world: World): Promise<string[]> {
  const orders = await rowsOf(world, queryModels.orders as unknown as ReadModel<OrderDocument>);
  const pairs = await rowsOf(world, queryModels.pairs as unknown as ReadModel<PairDocument>);
  const wrong: string[] = [];
  for (const { orderId, state, waiting, final, pairs: asked } of orders) {
    const over = (Object.values(final) as number[]).reduce<number>((sum, count) => sum + count, 0);
    if (state === 'finished' && over !== asked)
      wrong.push(`order ${orderId} is finished with ${over} outcomes for ${asked} pairs`);
    if (!ENDED.includes(state)) wrong.push(`order ${orderId} is ${state}`);
    const listed = pairs.filter((pair) => pair.orderId === orderId && pair.state === 'waiting').length;
    if (state === 'waiting' && listed === 0) wrong.push(`order ${orderId} waits, and no pair of it does`);
    if (listed !== waiting) wrong.push(`order ${orderId}: ${waiting} pairs are said to wait, ${listed} do`);
  }
  return wrong;
}

const requestsOpen = async ({ sent }: World): Promise<string[]> =>
  sent.filter(({ answered }) => !answered).map(({ key }) => `no answer to "${key}"`);

/** Whatever is written at Apple is an attempt that the log knows of: none is sent twice by itself. */
function requestsFollowEvents({ virtual, requestsOfOthers }: World, log: readonly Envelope[]): string[] {
  const { associate, disassociate } = virtual.simulator.admin.stats().writes;
  const received = associate.received + disassociate.received - requestsOfOthers;
  const begun = log.filter(({ type }) => type === 'call.started').length;
  return received > begun
    ? [`Apple received ${received} requests to write, and ${begun} attempts began`]
    : [];
}

/** Whatever Apple was told is ours now is in the log: it will not say so again. */
function acknowledgedAreStored({ acknowledged }: World, log: readonly Envelope[]): string[] {
  const stored = new Set(log.map(({ metadata }) => metadata.commandId));
  return [...acknowledged]
    .filter((notificationId) => !stored.has(`notification/${notificationId}`))
    .map((notificationId) => `the notification ${notificationId} was acknowledged and is not in the log`);
}

/** Nothing waits for an order that was cancelled. */
async function cancelledIsOver(world: World, log: readonly Envelope[]): Promise<string[]> {
  const cancelled = new Set(
    log.flatMap(({ type, stream }) => (type === 'order.cancellation-asked' ? idOf(stream) : [])),
  );
  const pairs = await rowsOf(world, queryModels.pairs as unknown as ReadModel<PairDocument>);
  return pairs.flatMap(({ state, orderId, asset, holder }) =>
    state === 'waiting' && orderId !== null && cancelled.has(orderId)
      ? [`${asset} ${holder} waits for the order ${orderId}, which was cancelled`]
      : [],
  );
}

/** What nobody but us has done is no drift of others, and no drift is recorded of a pair that is not in the ledger so. */
async function driftIsOfOthers(world: World, log: readonly Envelope[]): Promise<string[]> {
  const foreign = new Map<string, ReadonlySet<string>>();
  // Of what was under way when an account was removed, nobody has heard how it ended.
  for (const site of world.sites)
    foreign.set(site.uId, new Set([...site.foreign.keys(), ...(await abandonedOf(site, world))]));
  return log.flatMap(({ type, stream, position, data }) => {
    if (type !== 'asset.drift-found') return [];
    const found = data as Extract<AssetEvent, { type: 'asset.drift-found' }>['data'];
    if (found.source === 'own-late-effect') return [];
    const [uId = '', adamId = ''] = idOf(stream).split('.');
    return holderKeys(found).flatMap((key) =>
      foreign.get(uId)?.has(`${adamId} ${key.slice(2)}`)
        ? []
        : [`${type} at ${position}: ${adamId} ${key} was ${found.kind} by nobody else (${found.source})`],
    );
  });
}

async function acknowledgedIsKept(world: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const { key, orderId, what } of world.sent) {
    if (orderId === null || what === 'look') continue;
    const order = await world.virtual.stores.reads.get(queryModels.orders, orderId);
    if (!order) wrong.push(`"${key}" was answered with the order ${orderId}, which is not there`);
  }
  return wrong;
}

async function countsEqualPairs({ uId, adamIds }: Site, world: World): Promise<string[]> {
  const wrong: string[] = [];
  for (const adamId of adamIds) {
    const counts = await world.virtual.stores.reads.get(queryModels.assets, assetKey(uId, stdq(adamId)));
    if (!counts) continue;
    const pairs = await pairsOf(world, uId, adamId);
    for (const state of ['reserved', 'assigned', 'returning', 'waiting', 'failed'] as const) {
      // A claimed pair counts as reserved.
      const listed = pairs.filter(
        (pair) => pair.state === state || (state === 'reserved' && pair.state === 'claimed'),
      );
      if (listed.length !== counts[state])
        wrong.push(`${adamId}: ${counts[state]} pairs are counted as ${state}, ${listed.length} are listed`);
    }
  }
  return wrong;
}

async function modelsEqualFreshFold(world: World, log: readonly Envelope[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const model of MODELS) {
    const fresh = folded(model, log);
    const kept = await world.virtual.stores.reads.getMany(model, [...fresh.keys()]);
    let live = 0;
    for (const [key, document] of fresh) {
      if (document !== null) live += 1;
      const there = kept.get(key)?.document ?? null;
      if (JSON.stringify(there) !== JSON.stringify(document))
        wrong.push(
          `${model.name} ${key}: ${JSON.stringify(there)} is kept, ${JSON.stringify(document)} is folded`,
        );
    }
    const rows = await countRows(world, model, [...fresh.values()]);
    if (rows !== live) wrong.push(`${model.name}: ${rows} documents are kept, ${live} are folded`);
  }
  return wrong.slice(0, SAMPLES);
}

/** Documents of a model that are kept; of shared texts in its first index those that documents are known to have. */
async function countRows(
  world: World,
  model: ReadModel<Document>,
  known: readonly (Document | null)[],
): Promise<number> {
  const { name = '', fields = [] } = model.indexes[0] ?? {};
  const end = fields.findIndex((field) => !model.shared?.includes(field));
  const asked = fields.slice(0, end < 0 ? fields.length : end);
  const places = new Map<string, FieldValue[]>();
  if (asked.length === 0) places.set('', []);
  for (const document of asked.length === 0 ? [] : known) {
    if (document === null) continue;
    const equals = asked.map((field) => (document as Readonly<Record<string, FieldValue>>)[field] ?? null);
    places.set(JSON.stringify(equals), equals);
  }
  let count = 0;
  for (const equals of places.values()) count += (await pagesOf(world, model, name, equals)).length;
  return count;
}

function folded(model: ReadModel<Document>, log: readonly Envelope[]): Map<string, Document | null> {
  const documents = new Map<string, Document | null>();
  for (const envelope of log)
    for (const { key, evolve } of model.changesBy(envelope))
      documents.set(key, evolve(documents.get(key) ?? null));
  return documents;
}

/** No token, secret or name of a person in any event. */
async function secretsIn({ tokens, sites, virtual }: World, log: readonly Envelope[]): Promise<string[]> {
  const bearers = await Promise.all(
    sites.map(({ uId }) => virtual.stores.secrets.get(`notification/${uId}`)),
  );
  const secrets = [
    ...tokens,
    ...bearers.filter((bearer) => bearer !== null),
    'anna@',
    'ben@',
    'Canary of',
    'profile-canary',
  ];
  return log.flatMap((event) => {
    const text = JSON.stringify(event);
    return secrets.some((secret) => text.includes(secret))
      ? [`a secret is in ${event.type} at ${event.position}`]
      : [];
  });
}

/** Each event is told in a sentence, in each life that it belongs to. */
function storiesOf(log: readonly Envelope[]): string[] {
  const context = {
    assetName: (_uId: string, { adamId }: { adamId: string }) => adamId,
    errorMeaning: () => 'a reason',
  };
  return log.flatMap((event) =>
    [null, ...(subjectsOf(event)?.holders ?? []).slice(0, SAMPLES)].flatMap((holder) => {
      const story = storyOf(event, { ...context, holder });
      const whole = /^[A-Z0-9].*\.$/.test(story) && !/undefined|null|NaN|\[object/.test(story);
      return whole ? [] : [`${event.type} at ${event.position} is told as "${story}"`];
    }),
  );
}

/** The timeline of a holder, folded, gives the pairs that it has. */
async function timelinesExplain(world: World): Promise<string[]> {
  const pairs = await rowsOf(world, queryModels.pairs as unknown as ReadModel<PairDocument>);
  const head = await world.virtual.stores.events.head();
  const wrong: string[] = [];
  // A timeline does not tell claims from reservations.
  const said = ({ asset, state, orderId }: PairDocument): string =>
    `${asset} ${state === 'claimed' ? 'reserved' : state} ${orderId}`;
  for (const serial of world.devices.slice(0, SAMPLES)) {
    const holder = `d:${serial}`;
    const told = (await world.virtual.until(holderAsOf(world.virtual.edge, holder, head))).map(said).sort();
    const kept = pairs
      .filter((pair) => pair.holder === holder)
      .map(said)
      .sort();
    if (told.join() !== kept.join())
      wrong.push(`${holder}: the timeline tells ${told.join()}, kept are ${kept.join()}`);
  }
  return wrong;
}

/** From the last event of an order a chain of causes without a hole leads back to a request or to Apple. */
async function causesLeadBack(world: World, log: readonly Envelope[]): Promise<string[]> {
  const ids = world.sent.flatMap(({ orderId, what }) =>
    orderId === null || what === 'look' ? [] : [orderId],
  );
  const wrong: string[] = [];
  for (const orderId of ids.slice(0, SAMPLES)) {
    const last = log.filter(({ stream }) => stream === orderStream(orderId)).at(-1);
    if (!last) continue;
    try {
      const { rows } = await world.virtual.until(
        listCauses(world.virtual.edge, { position: last.position, part: { limit: 10_000 } }),
      );
      const first = rows.at(-1)?.event;
      if (!first || first.metadata.principal === 'seatbook')
        wrong.push(`the causes of ${last.type} of order ${orderId} end at ${first?.type}`);
    } catch (error) {
      wrong.push(`the causes of order ${orderId}: ${isRefusal(error) ? error.code : String(error)}`);
    }
  }
  return wrong;
}
