import type { ErrorRule, FailPair, FaultsPatch } from '@seatbook/simulator';
import { stdq } from '@seatbook/test-support/virtual-seatbook';
import type { Site, World } from '../world.js';
import type { Action } from './action.js';
import { cancel } from './people.js';
import { place } from './place.js';

const WRITES = ['/assets/associate', '/assets/disassociate'];
/** So often Apple's client asks for one page before it gives up. */
const READ_TRIES = 4;
/** Devices of another tool. */
const MAX_FOREIGN = 40;
const LOOKUP = '/WebObjects/';
const READS = [
  '/assignments',
  '/assets?',
  '/assets',
  '/client/config',
  '/client/config',
  '/service/config',
  '/users',
  LOOKUP,
];
const PATHS = [...WRITES, ...WRITES, ...WRITES, '/status', '/status', '/status', ...READS];

/** Another tool gives licences away, to devices that nobody here knows. */
function takeLicences(world: World, { uId, foreign }: Site, adamId: string, count: number): void {
  world.tell(`another tool assigns ${adamId} to ${count} devices`);
  for (let number = 0; number < Math.min(count, MAX_FOREIGN); number += 1) {
    const serialNumber = `F${String(number).padStart(9, '0')}`;
    world.attempt(() => {
      world.virtual.simulator.admin.addAssignment(uId, { adamId, serialNumber });
      foreign.set(`${adamId} ${serialNumber}`, 'given');
    });
  }
}

const licences: readonly Action[] = [
  {
    name: 'purchase',
    weight: 3,
    run(world) {
      const { uId, adamIds } = world.dice.of(world.sites);
      const adamId = world.dice.of(adamIds);
      const count = world.dice.between(1, 10);
      world.tell(`${count} licences of ${adamId} are bought`);
      world.attempt(() => world.virtual.simulator.admin.purchase(uId, { adamId, count }));
    },
  },
  {
    name: 'refund',
    weight: 2,
    run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      const force = dice.chance(0.3);
      const count = dice.between(1, Math.max(1, world.available(site, adamId)));
      world.tell(`${count} licences of ${adamId} are refunded${force ? ', in use or not' : ''}`);
      world.attempt(() => world.virtual.simulator.admin.refund(site.uId, { adamId, count, force }));
    },
  },
  {
    name: 'transfer',
    weight: 1,
    run(world) {
      const [from, to] = world.dice.several(world.sites, 2);
      if (!from || !to) return;
      const adamId = world.dice.of(from.adamIds);
      world.tell(`a licence of ${adamId} goes from ${from.uId} to ${to.uId}`);
      world.attempt(() => {
        world.virtual.simulator.admin.transfer(from.uId, { adamId, count: 1, to: to.uId });
        if (!to.adamIds.includes(adamId)) to.adamIds.push(adamId);
      });
    },
  },
  {
    name: 'a new app',
    weight: 1,
    run(world) {
      const site = world.dice.of(world.sites);
      const adamId = `91${String(world.story.length).padStart(7, '0')}`;
      world.tell(`a new app ${adamId} is bought`);
      world.attempt(() => {
        world.virtual.simulator.admin.addAssets(site.uId, [world.assetOf(adamId, world.dice.between(0, 10))]);
        site.adamIds.push(adamId);
      });
    },
  },
  {
    name: 'the store changes an app',
    weight: 0.7,
    run(world) {
      const { dice } = world;
      const adamId = dice.of(dice.of(world.sites).adamIds);
      const change = dice.of([
        { name: `Renamed ${world.story.length}` },
        { availability: 'delisted' as const },
      ]);
      world.tell(`the store changes ${adamId}: ${JSON.stringify(change)}`);
      world.attempt(() => world.virtual.simulator.admin.setContent(adamId, change));
    },
  },
  {
    name: 'Apple changes what an app is for',
    weight: 0.5,
    run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      const traits = dice.of([{ deviceAssignable: false }, { revocable: false }, { deviceAssignable: true }]);
      world.tell(`${adamId} becomes ${JSON.stringify(traits)}`);
      world.attempt(() => world.virtual.simulator.admin.setTraits(site.uId, { adamId, ...traits }));
    },
  },
  {
    name: 'a person accepts an invitation',
    weight: 0.5,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.tell('a person accepts an invitation');
      world.attempt(() =>
        world.virtual.simulator.admin.acceptInvite(uId, 'ben@school.example', 'ben@account.example'),
      );
    },
  },
  {
    name: 'another tool sets the address',
    weight: 1,
    run(world) {
      const { uId, token } = world.dice.of(world.sites);
      world.tell(`another tool has the notifications of ${uId} sent elsewhere`);
      world.setSwitches({ notifications: { testNotification: false } });
      const body = {
        notificationUrl: 'https://other.example/notifications',
        notificationAuthToken: 'another secret',
        notificationTypes: [],
      };
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const path = '/mdm/v2/client/config';
      const { simulator } = world.virtual;
      // The simulator answers when time has passed.
      void simulator.handle({ method: 'POST', path, headers, body: JSON.stringify(body) });
    },
  },
  {
    name: 'another tool assigns',
    weight: 1,
    async run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      const read = (await world.account(site))?.firstReadAt ?? null;
      if (read === null) return;
      takeLicences(world, site, adamId, dice.chance(0.5) ? 1 : world.available(site, adamId));
    },
  },
  {
    name: 'another tool is faster',
    weight: 1.5,
    async run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      if (((await world.account(site))?.firstReadAt ?? null) === null) return;
      const order = { assets: [stdq(adamId)], serialNumbers: [...world.devices], ifShort: 'wait' } as const;
      const sent = place(world, site, { kind: 'AssignLicense', ...order });
      await world.pass(dice.of([0, 100, 150]));
      takeLicences(world, site, adamId, world.available(site, adamId));
      await world.pass(dice.of([100, 600]));
      if (dice.chance(0.5)) cancel(world, sent.orderId);
      await world.pass(dice.of([600, 5_000]));
      const count = dice.between(1, 5);
      world.tell(`${count} licences of ${adamId} are bought`);
      world.attempt(() => world.virtual.simulator.admin.purchase(site.uId, { adamId, count }));
    },
  },
  {
    name: 'another tool returns',
    weight: 1,
    run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const given = [...site.foreign].flatMap(([pair, was]) => (was === 'given' ? pair : []));
      if (given.length === 0) return;
      const pair = dice.of(given);
      const [adamId = '', serialNumber = ''] = pair.split(' ');
      world.tell(`another tool takes ${adamId} from ${serialNumber}`);
      site.foreign.set(pair, 'taken');
      world.attempt(() => world.virtual.simulator.admin.removeAssignment(site.uId, { adamId, serialNumber }));
    },
  },
];

const faults: readonly Action[] = [
  {
    name: 'a fault of Apple',
    weight: 6,
    run(world) {
      const { dice } = world;
      const seconds = dice.between(1, 90);
      const fault: Partial<ErrorRule> = dice.of<Partial<ErrorRule>>([
        { resetBefore: true },
        { resetAfter: true },
        { dead: 'before' },
        { dead: 'after' },
        { html: true, status: 502 },
        { truncated: true },
        { errorNumber: 9603 },
        { errorNumber: 9646 },
        { errorNumber: 9602 },
        { errorNumber: 9610, as200: true },
        { status: 503, retryAfter: seconds },
        { status: 503, retryAfter: { dateInSeconds: seconds } },
        { errorNumber: 9729, retryAfter: 30 },
        { delayMs: 45_000 },
        { delayMs: 2_000 },
      ]);
      const rule: ErrorRule = {
        match: { path: dice.of(PATHS) },
        skip: dice.of([0, 0, 1]),
        times: dice.between(1, 4),
        ...(dice.chance(0.2) ? { probability: 0.5 } : {}),
        ...fault,
      };
      world.tell(`Apple fails: ${JSON.stringify(rule)}`);
      world.covered.add(`fault: ${Object.keys(fault).join(' ')}`);
      world.virtual.simulator.admin.addErrorRule(rule);
    },
  },
  {
    name: 'an answer of Apple is lost',
    weight: 4,
    run(world) {
      const { dice } = world;
      const fault = dice.of<Partial<ErrorRule>>([
        { resetAfter: true },
        { dead: 'after' },
        { truncated: true },
        { delayMs: 45_000 },
      ]);
      const rule: ErrorRule = { match: { path: dice.of(WRITES) }, times: dice.between(1, 2), ...fault };
      world.tell(`Apple does it and the answer is lost: ${JSON.stringify(rule)}`);
      world.covered.add(`fault: ${Object.keys(fault).join(' ')}`);
      world.virtual.simulator.admin.addErrorRule(rule);
    },
  },
  {
    name: 'Apple did it, says no to the next try, and cannot be read',
    weight: 1,
    run(world) {
      const { dice } = world;
      const { admin } = world.virtual.simulator;
      world.tell('Apple does it and the answer is lost; the next try is refused, and reads fail');
      world.setSwitches({ rejectReassociate: true, rejectDisassociateAbsent: true });
      admin.addErrorRule({ match: { path: '/assets/' }, times: 1, resetAfter: true });
      const unread = { match: { path: '/assignments' }, status: 503, html: true };
      admin.addErrorRule({ ...unread, times: dice.between(READ_TRIES, 3 * READ_TRIES) });
      place(world, dice.of(world.sites), { kind: dice.of(['AssignLicense', 'ReturnLicense'] as const) });
    },
  },
  {
    name: 'Apple did it, and refuses one of the pairs at the next try',
    weight: 1.5,
    run(world) {
      const { dice, devices } = world;
      const site = dice.of(world.sites);
      const { admin } = world.virtual.simulator;
      const kind = dice.of(['AssignLicense', 'AssignLicense', 'ReturnLicense'] as const);
      const serialNumbers = dice.several(devices, 5);
      world.tell('Apple does it and the answer is lost; the next try is refused because of one pair');
      const path = kind === 'AssignLicense' ? '/assets/associate' : '/assets/disassociate';
      const lost = dice.of<Partial<ErrorRule>>([{ resetAfter: true }, { truncated: true }]);
      admin.addErrorRule({ match: { path }, times: 1, ...lost });
      const [serialNumber = ''] = serialNumbers;
      const refused = { serialNumber, syncRefuse: dice.of(['target', 'both', 'none'] as const) };
      admin.failPairs([{ ...refused, errorNumber: dice.of([9602, 9610]), skip: 1, times: 1 }]);
      place(world, site, { kind, assets: site.adamIds.map(stdq), serialNumbers });
    },
  },
  {
    name: 'Apple refuses whatever is written',
    weight: 1,
    run(world) {
      const { dice } = world;
      const { admin } = world.virtual.simulator;
      const times = dice.between(5, 20);
      world.tell(`Apple refuses ${times} times whatever is written, without a word of what is wrong`);
      admin.addErrorRule({ match: { path: '/assets/' }, times, errorNumber: 9602 });
      const site = dice.of(world.sites);
      place(world, site, { kind: 'AssignLicense', serialNumbers: [...world.devices], ifShort: 'wait' });
      place(world, site, { kind: 'ReturnLicense', serialNumbers: [...world.devices] });
    },
  },
  {
    name: 'Apple is away',
    weight: 1,
    run(world) {
      const rule: ErrorRule = { match: { path: '/' }, times: 'forever', status: 503, html: true };
      const { admin } = world.virtual.simulator;
      const minutes = world.dice.of([1, 4]);
      world.tell(`Apple is away for ${minutes} minutes`);
      const ruleId = admin.addErrorRule(rule);
      world.virtual.clock.after(minutes * 60_000, () => admin.clearErrorRules(ruleId));
    },
  },
  {
    name: 'pairs that fail',
    weight: 3,
    run(world) {
      const { dice } = world;
      const sync = dice.chance(0.3);
      const rule: FailPair = {
        ...(dice.chance(0.3) ? { operation: dice.of(['ASSOCIATE', 'DISASSOCIATE'] as const) } : {}),
        adamId: dice.of(dice.of(world.sites).adamIds),
        ...(dice.chance(0.8) ? { serialNumber: dice.of(world.devices) } : {}),
        times: dice.between(1, 3),
        ...(sync
          ? { syncRefuse: dice.of(['asset', 'target', 'both', 'none'] as const) }
          : { errorNumber: dice.of([9602, 9603, 9610, 9644]) }),
      };
      world.tell(`a pair fails: ${JSON.stringify(rule)}`);
      world.covered.add(`fault: pair ${rule.syncRefuse ?? 'in the event'}`);
      world.virtual.simulator.admin.failPairs([rule]);
    },
  },
  {
    name: 'notifications go wrong',
    weight: 3,
    run(world) {
      const { dice } = world;
      const notifications = {
        drop: dice.of([0, 0, 0.3, 1]),
        duplicate: dice.of([0, 0.5]),
        shuffleMs: dice.of([0, 5_000]),
        delayMs: dice.of([0, 60_000]),
        spacingMs: dice.of([0, 500]),
        early: dice.chance(0.3),
        testNotification: dice.chance(0.7),
        chunkSize: dice.of([1, 7, 100]),
      };
      world.tell(`notifications: ${JSON.stringify(notifications)}`);
      world.setSwitches({ notifications });
    },
  },
  {
    name: 'moods of Apple',
    weight: 3,
    run(world) {
      const { dice } = world;
      const mood: FaultsPatch = {
        shortage: dice.of(['first-wins', 'whole-asset'] as const),
        rejectReassociate: dice.chance(0.3),
        rejectDisassociateAbsent: dice.chance(0.3),
        unknownAsset: dice.of(['async', 'sync'] as const),
        statusGrouping: dice.of(['number', 'asset'] as const),
        readOnlyToken: dice.of(['no-writes', 'three-gets'] as const),
        refundRetires: dice.chance(0.5),
        unlimitedAvailable: dice.of(['max-minus-assigned', 'max'] as const),
        errorsAs200: dice.chance(0.2),
        lookup: {
          artwork: dice.of(['array', 'object'] as const),
          id: dice.of(['string', 'number'] as const),
        },
      };
      world.tell(`Apple's mood: ${JSON.stringify(mood)}`);
      world.setSwitches(mood);
    },
  },
  {
    name: "Apple's pace",
    weight: 2,
    run(world) {
      const { dice } = world;
      const pace: FaultsPatch = {
        latencyMs: dice.of([
          { min: 0, max: 0 },
          { min: 50, max: 900 },
        ]),
        pageSize: dice.of([3, 10, 500]),
        moveVersionDuringWalk: { times: dice.of([0, 0, 3]) },
        assignmentDelta: dice.of(['added', 'added', 'nothing', 'forgotten'] as const),
      };
      world.tell(`Apple's pace: ${JSON.stringify(pace)}`);
      world.setSwitches(pace);
    },
  },
  {
    name: 'limits move',
    weight: 2,
    run(world) {
      const { dice } = world;
      const patch: FaultsPatch = {
        limits: { maxAssets: dice.of([1, 2, 25]), maxSerialNumbers: dice.of([2, 10, 1_000]) },
        maxParallelPages: dice.of([1, 5]),
        rateLimit: {
          perSecond: dice.of([2, 15]),
          scope: dice.of(['token', 'location'] as const),
          retryAfter: dice.of([null, 5, '7', { dateInSeconds: 9 }]),
        },
      };
      world.tell(`limits: ${JSON.stringify(patch)}`);
      world.setSwitches(patch);
    },
  },
  {
    name: 'events of Apple wait',
    weight: 1.5,
    async run(world) {
      const { admin } = world.virtual.simulator;
      const seconds = world.dice.of([5, 100, 200]);
      world.tell(`events of Apple wait for ${seconds} s`);
      admin.pauseEvents();
      world.virtual.clock.after(seconds * 1_000, () => admin.resumeEvents());
      if (world.dice.chance(0.5)) await world.pass(seconds * 1_000);
    },
  },
  {
    name: 'some events of Apple never come to an end',
    weight: 1,
    async run(world) {
      world.tell('what Apple accepts now never comes to an end');
      world.setSwitches({ eventDelayMs: 'never' });
      await world.pass(world.dice.of([500, 5_000]));
      world.setSwitches({ eventDelayMs: world.eventDelayMs });
    },
  },
  {
    name: 'a token ends while Apple works',
    weight: 1,
    async run(world) {
      const { admin } = world.virtual.simulator;
      const { uId } = world.dice.of(world.sites);
      world.tell(`Apple needs a minute; the tokens of ${uId} are revoked meanwhile`);
      world.setSwitches({ notifications: { drop: 1 } });
      admin.pauseEvents();
      world.virtual.clock.after(60_000, () => admin.resumeEvents());
      await world.pass(2_000);
      admin.setTokenState(uId, 'revoked');
    },
  },
  {
    name: 'a token ends',
    weight: 1.5,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const state = world.dice.of(['revoked', 'expired', 'invalid'] as const);
      world.tell(`all tokens of ${uId} are ${state}`);
      world.virtual.simulator.admin.setTokenState(uId, state);
    },
  },
  {
    name: 'a token works again',
    weight: 0.5,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.tell(`all tokens of ${uId} work`);
      world.virtual.simulator.admin.setTokenState(uId, 'active');
    },
  },
  {
    name: 'another MDM takes the location over',
    weight: 0.7,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.tell(`another MDM takes ${uId} over`);
      world.virtual.simulator.admin.takeOver(uId, { id: 'other', name: 'Other MDM', metadata: '' });
    },
  },
];

export const apple: readonly Action[] = [...licences, ...faults];
