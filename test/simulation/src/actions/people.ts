import {
  assetAsOf,
  cancelWaiting,
  decideDrift,
  forecastAsset,
  getAccount,
  getAsset,
  getImport,
  getOrder,
  getSync,
  getTimeline,
  giveUpLocation,
  importToken,
  leaveWaiting,
  listCauses,
  listWaiting,
  moveWaiting,
  placeOrder,
  receiveNotification,
  removeAccount,
  renameAccount,
  renewToken,
  retryParked,
  returnAll,
  setDriftPolicies,
  setReserve,
  syncAccount,
  takeOver,
  type OrderRequest,
} from '@seatbook/application';
import { asPosition } from '@seatbook/kernel';
import { queryModels, type DriftPolicy } from '@seatbook/licensing';
import { serials, stdq } from '@seatbook/test-support/virtual-seatbook';
import type { Site, World } from '../world.js';
import type { Action } from './action.js';
import { place } from './place.js';

/** More than one list: holders are listed in several appends. */
const LONG_ORDER_HOLDERS = 1_001;
/** The secret that a stranger shows. */
const GUESS = 'a guess';
/** What a token is still good for: it is over already, or will soon be. */
const TOKEN_LIVES_MS = [-86_400_000, 60_000, 600_000];
/** Open work that fills no call is planned after this long. */
const DISPATCH_MS = 200;

/** Somebody cancels an order whose holders are still being listed. */
async function cancelHalfListed(world: World): Promise<void> {
  const { stores } = world.virtual;
  const query = { index: 'by-state', equals: ['listing'], limit: 10 } as const;
  for (const { orderId } of (await stores.reads.query(queryModels.orders, query)).rows)
    cancel(world, orderId);
}

export function cancel(world: World, orderId: string | null): void {
  if (orderId === null) return;
  world.tell(`cancel what order ${orderId.slice(0, 8)} waits for`);
  world.send('cancel', (caller) => cancelWaiting(world.virtual.edge, { orderId }, caller));
}

const orders: readonly Action[] = [
  {
    name: 'assign',
    weight: 12,
    run(world) {
      place(world, world.dice.of(world.sites), { kind: 'AssignLicense' });
    },
  },
  {
    name: 'return',
    weight: 6,
    run(world) {
      place(world, world.dice.of(world.sites), { kind: 'ReturnLicense' });
    },
  },
  {
    name: 'assign and return at once',
    weight: 2,
    run(world) {
      const site = world.dice.of(world.sites);
      const terms = {
        assets: world.dice.several(site.adamIds).map(stdq),
        serialNumbers: world.dice.several(world.devices),
      };
      place(world, site, { kind: 'AssignLicense', ...terms });
      place(world, site, { kind: 'ReturnLicense', ...terms });
      if (world.dice.chance(0.5)) place(world, site, { kind: 'AssignLicense', ...terms });
    },
  },
  {
    name: 'return in the moment of dispatch',
    weight: 2,
    run(world) {
      const { dice, devices, virtual } = world;
      const site = dice.of(world.sites);
      const terms = { assets: dice.several(site.adamIds).map(stdq), serialNumbers: dice.several(devices, 4) };
      place(world, site, { kind: 'AssignLicense', ...terms });
      const some = { ...terms, serialNumbers: dice.several(terms.serialNumbers) };
      const returned = (): unknown => place(world, site, { kind: 'ReturnLicense', ...some });
      virtual.clock.after(DISPATCH_MS + dice.between(-1, 1), returned);
    },
  },
  {
    name: 'order what is on its way back, and cancel that',
    weight: 1.5,
    async run(world) {
      const { dice, devices, virtual } = world;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      const held = virtual.simulator.admin.assignments(site.uId).assets[`${adamId}/STDQ`] ?? [];
      const ours = devices.filter((serial) => held.includes(serial));
      const terms = {
        assets: [stdq(adamId)],
        serialNumbers: dice.several(ours.length > 0 ? ours : devices),
      };
      place(world, site, { kind: 'ReturnLicense', ...terms });
      await world.pass(dice.of([20, 250, 1_000]));
      const again = place(world, site, { kind: 'AssignLicense', ...terms, ifShort: 'wait' });
      await world.pass(dice.of([20, 100]));
      if (dice.chance(0.8)) cancel(world, again.orderId);
    },
  },
  {
    name: 'order in the moment of an append',
    weight: 3,
    run(world) {
      const { dice } = world;
      const site = dice.of(world.sites);
      const stream = dice.of(['asset-', 'reconciliation-', 'appleCall-', 'order-', 'account-']);
      const kind = dice.of(['AssignLicense', 'AssignLicense', 'ReturnLicense'] as const);
      world.weather.inTheMomentOf({ call: 'events.append', skip: dice.between(0, 4), stream }, () => {
        place(world, site, { kind });
      });
    },
  },
  {
    name: 'order what was just bought, while others wait',
    weight: 1,
    async run(world) {
      const { dice, virtual, weather, devices } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      const adamId = dice.of(site.adamIds);
      const assets = [stdq(adamId)];
      place(world, site, { kind: 'AssignLicense', assets, serialNumbers: [...devices], ifShort: 'wait' });
      await world.pass(dice.of([1_000, 5_000]));
      const count = dice.between(1, 3);
      world.tell(`${count} licences of ${adamId} are bought`);
      world.attempt(() => virtual.simulator.admin.purchase(uId, { adamId, count }));
      const newcomers = serials(2, world.sent.length, 'N');
      weather.inTheMomentOf({ call: 'events.append', skip: 0, stream: `reconciliation-${uId}` }, () => {
        place(world, site, { kind: 'AssignLicense', assets, serialNumbers: newcomers });
      });
    },
  },
  {
    name: 'return what Apple is about to give, or not',
    weight: 1.5,
    async run(world) {
      const { dice, devices, virtual } = world;
      const { admin } = virtual.simulator;
      const site = dice.of(world.sites);
      const adamId = dice.of(site.adamIds);
      const terms = { assets: [stdq(adamId)], serialNumbers: dice.several(devices, 5) };
      if (dice.chance(0.7)) admin.failPairs([{ adamId, errorNumber: dice.of([9603, 9610]), times: 5 }]);
      admin.pauseEvents();
      virtual.clock.after(dice.of([3_000, 20_000]), () => admin.resumeEvents());
      place(world, site, { kind: 'AssignLicense', ...terms });
      await world.pass(dice.of([300, 1_000]));
      place(world, site, { kind: 'ReturnLicense', ...terms });
    },
  },
  {
    name: 'return all of a device',
    weight: 2,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const serialNumber = world.dice.chance(0.9) ? world.dice.of(world.devices) : 'NOBODY0000';
      world.tell(`return everything of ${serialNumber}`);
      world.send('return all', (caller) =>
        returnAll(world.virtual.edge, { uId, holder: `d:${serialNumber}` }, caller),
      );
    },
  },
  {
    name: 'a long order',
    weight: 0.3,
    async run(world) {
      const { dice, weather } = world;
      const site = dice.of(world.sites);
      // Written once more when its client asks again; else it is abandoned.
      const givenUp = dice.chance(0.7);
      if (givenUp)
        weather.plan({
          call: 'events.append',
          fate: 'dies-after',
          skip: dice.between(0, 1),
          stream: 'order-',
        });
      const serialNumbers = serials(LONG_ORDER_HOLDERS, 0, 'L');
      const assets = [stdq(dice.of(site.adamIds))];
      const order = { kind: 'AssignLicense', assets, serialNumbers, ifShort: 'refuse' } as const;
      const sent = place(world, site, order, { givenUp });
      if (!givenUp) {
        await world.pass(dice.of([0, 1_000]));
        world.tell(`once more: ${sent.key}`);
        world.ask(sent);
      }
      if (givenUp && dice.chance(0.5)) {
        await world.pass(1_000);
        await cancelHalfListed(world);
      }
    },
  },
  {
    name: 'keep licences back',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const adamId = dice.chance(0.1) ? '999999999' : dice.of(adamIds);
      const licences = dice.of([0, 1, 2, 3, 1_000]);
      world.tell(`${licences} licences of ${adamId} are kept back`);
      world.send('reserve', (caller) =>
        setReserve(virtual.edge, { uId, asset: stdq(adamId), licences }, caller),
      );
    },
  },
  {
    name: 'change a waiting list',
    weight: 2,
    async run(world) {
      const { dice, virtual, sent, devices } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      const asset = stdq(dice.of(site.adamIds));
      for (let orders = dice.between(0, 2); orders > 0; orders -= 1)
        place(world, site, {
          kind: 'AssignLicense',
          assets: [asset],
          serialNumbers: [...devices],
          ifShort: 'wait',
        });
      await world.pass(dice.of([20, 1_000, 5_000]));
      const holders = dice.several(devices).map((serial) => `d:${serial}`);
      if (dice.chance(0.3)) {
        world.tell(`${holders.length} devices are taken off the waiting list of ${asset.adamId}`);
        world.send('leave', (caller) => leaveWaiting(virtual.edge, { uId, asset, holders }, caller));
        return;
      }
      const to = dice.of(['front', 'back'] as const);
      const orderId = dice.of(['no-such-order', ...sent.flatMap((one) => one.orderId ?? []).slice(-3)]);
      const whose = dice.of<object>([{ holders }, { orderId }, { orderId, holders }]);
      world.tell(`to the ${to} of the waiting list of ${asset.adamId}: ${Object.keys(whose).join(' and ')}`);
      world.send('move', (caller) => moveWaiting(virtual.edge, { uId, asset, to, ...whose }, caller));
      world.send('look', () => listWaiting(virtual.edge, { uId, asset, part: { limit: 3 } }));
    },
  },
  {
    name: 'cancel',
    weight: 3,
    run(world) {
      cancel(world, world.dice.of([...world.sent.flatMap((sent) => sent.orderId ?? []), 'no-such-order']));
    },
  },
  {
    name: 'the same request again',
    weight: 3,
    run(world) {
      if (world.sent.length === 0) return;
      const sent = world.dice.of(world.sent);
      if (sent.givenUp) return;
      world.tell(`once more: ${sent.key}`);
      world.ask(sent);
    },
  },
  {
    name: 'a request that makes no sense',
    weight: 2,
    run(world) {
      const { dice, virtual, devices } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const good: OrderRequest = {
        uId,
        kind: 'AssignLicense',
        assets: [stdq(dice.of(adamIds))],
        serialNumbers: [dice.of(devices)],
        ifShort: 'wait',
        platform: null,
      };
      const bad: Partial<OrderRequest> = dice.of([
        { uId: '7700000000000099' },
        { assets: [] },
        { assets: [stdq('999999999')] },
        { assets: [stdq('not an app')] },
        { serialNumbers: ['short'] },
        { serialNumbers: serials(100_001) },
        { serialNumbers: [], userIds: ['nobody'] },
        { expect: [{ ...stdq(dice.of(adamIds)), sent: 10_000 }] },
      ]);
      world.tell(`an order that makes no sense: ${JSON.stringify(bad).slice(0, 80)}`);
      world.send('nonsense', async (caller) => {
        await placeOrder(virtual.edge, { ...good, ...bad }, caller);
        if (bad.expect) world.wrong.push('an order was placed that does something else than it expects');
      });
    },
  },
  {
    name: 'a key used for another order',
    weight: 1,
    run(world) {
      const known = world.sent.filter(({ what, orderId }) => what === 'order' && orderId !== null);
      if (known.length === 0) return;
      const { key } = world.dice.of(known);
      const other = serials(1, world.sent.length, 'O');
      const { uId } = world.dice.of(world.sites);
      const request: OrderRequest = {
        uId,
        kind: 'AssignLicense',
        assets: [stdq('900000001')],
        serialNumbers: other,
        ifShort: 'refuse',
        platform: 'iOS',
      };
      world.tell(`the key "${key}" for another order`);
      world.send('other body', async (caller) => {
        await placeOrder(world.virtual.edge, request, { ...caller, idempotencyKey: key });
        world.wrong.push(`the key "${key}" was taken for another order`);
      });
    },
  },
];

const accounts: readonly Action[] = [
  {
    name: 'import',
    weight: 1.5,
    run(world) {
      world.importToken(world.dice.of(world.sites));
    },
  },
  {
    name: 'an import that makes no sense',
    weight: 1,
    run(world) {
      const { dice, virtual } = world;
      const encoded = (text: string): string => Buffer.from(text).toString('base64');
      const day = '2027-05-01T00:00:00+0000';
      const bad = dice.of([
        '',
        '*** no token at all ***',
        '-----BEGIN PKCS7-----',
        encoded('no token'),
        encoded('{"token":"x"}'),
        encoded(JSON.stringify({ token: 'x', expDate: 'some day', orgName: 'Example School' })),
        encoded(JSON.stringify({ token: 'bm90IG9mIEFwcGxl', expDate: day, orgName: 'Example School' })),
      ]);
      const settings = { name: 'Nowhere', platform: 'iOS', assignmentType: 'device' } as const;
      world.tell('a file that is no token of Apple is imported');
      world.send('nonsense', (caller) =>
        importToken(virtual.edge, { file: bad, settings, takeOver: false }, caller),
      );
    },
  },
  {
    name: 'renew the token',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      if (dice.chance(0.25)) {
        world.tell('Apple refuses to say whose token it is');
        const errorNumber = dice.of([9602, 9642]);
        const rule = { match: { path: '/client/config', method: 'GET' }, times: 1, errorNumber };
        virtual.simulator.admin.addErrorRule(rule);
      }
      const lives = dice.chance(0.25) ? dice.of(TOKEN_LIVES_MS) : null;
      const readOnly = dice.chance(0.15);
      if (readOnly) world.setSwitches({ readOnlyToken: dice.of(['no-writes', 'three-gets'] as const) });
      const { token } = virtual.simulator.admin.issueToken(uId, {
        keepOld: dice.chance(0.5),
        readOnly,
        ...(lives === null ? {} : { expiresAt: virtual.clock.elapsed() + lives }),
      });
      world.tokens.push(token);
      site.token = token;
      site.readOnly = readOnly;
      world.tell(
        `the token of ${uId} is renewed${lives === null ? '' : `, with one that is over in ${lives} ms`}${readOnly ? ', read-only' : ''}`,
      );
      world.send('renewal', (caller) => renewToken(virtual.edge, { uId, file: token }, caller));
    },
  },
  {
    name: 'a token is renewed while its refusal is on its way',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const { admin } = virtual.simulator;
      const site = dice.of(world.sites);
      const { uId } = site;
      world.tell(`the tokens of ${uId} are revoked, which Apple says late`);
      admin.setTokenState(uId, 'revoked');
      admin.addErrorRule({ match: { path: '/assets/' }, times: 1, delayMs: 5_000 });
      place(world, site, { kind: dice.of(['AssignLicense', 'ReturnLicense'] as const) });
      await world.pass(dice.of([1_000, 2_000]));
      const token = world.newToken(site);
      world.tell(`the token of ${uId} is renewed`);
      world.send('renewal', (caller) => renewToken(virtual.edge, { uId, file: token }, caller));
    },
  },
  {
    name: "renew with another location's token",
    weight: 1,
    run(world) {
      const { dice, virtual } = world;
      const [first, second = first] = world.sites;
      const [{ token }, { uId }] = dice.of([
        [first, second],
        [second, first],
      ] as [Site, Site][]);
      world.tell(`the token of another location for ${uId}`);
      world.send('renewal', (caller) => renewToken(virtual.edge, { uId, file: token }, caller));
    },
  },
  {
    name: 'take over',
    weight: 1,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.tell(`${uId} is taken over by us`);
      world.send('take over', (caller) => takeOver(world.virtual.edge, { uId }, caller));
    },
  },
  {
    name: 'give the location up',
    weight: 0.8,
    async run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      if (dice.chance(0.4)) {
        world.tell(`another MDM takes ${uId} over, which a read finds out`);
        virtual.simulator.admin.takeOver(uId, { id: 'other', name: 'Other MDM', metadata: '' });
        world.send('sync', (caller) => syncAccount(world.virtual.edge, { uId, full: false }, caller));
        await world.pass(3_000);
      }
      const licences = dice.of(['return', 'keep'] as const);
      world.tell(`${uId} is given up; licences: ${licences}`);
      if (dice.chance(0.3)) {
        world.tell('… which Apple does not hear at first');
        const match = { path: '/client/config', method: 'POST' };
        virtual.simulator.admin.addErrorRule({ match, times: 1, status: 503 });
      }
      if (dice.chance(0.8))
        world.weather.plan({ call: 'apple.release', fate: dice.of(['dies-before', 'dies-after']), skip: 0 });
      world.send('give up', (caller) => giveUpLocation(world.virtual.edge, { uId, licences }, caller));
    },
  },
  {
    name: 'remove the account',
    weight: 0.6,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      world.tell(`${uId} is removed`);
      world.send('remove', (caller) => removeAccount(world.virtual.edge, { uId }, caller));
    },
  },
  {
    name: 'rename the account',
    weight: 0.5,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const name = `Name ${world.sent.length}`;
      world.tell(`${uId} is called "${name}"`);
      world.send('rename', (caller) => renameAccount(world.virtual.edge, { uId, name }, caller));
    },
  },
  {
    name: 'licences go while orders are on hold',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      const { admin } = virtual.simulator;
      world.tell(`the tokens of ${uId} are revoked, which a read finds out`);
      admin.setTokenState(uId, 'revoked');
      world.send('sync', (caller) => syncAccount(virtual.edge, { uId, full: false }, caller));
      await world.pass(3_000);
      const adamId = dice.of(site.adamIds);
      const order = { kind: 'AssignLicense', assets: [stdq(adamId)], ifShort: 'wait' } as const;
      for (let orders = dice.between(1, 3); orders > 0; orders -= 1) {
        place(world, site, order);
        await world.pass(500);
      }
      const free = world.available(site, adamId);
      const count = dice.chance(0.5) ? free : dice.between(1, Math.max(1, free));
      world.tell(`${count} of ${free} free licences of ${adamId} are refunded`);
      if (free > 0 && free < 1_000) admin.refund(uId, { adamId, count });
    },
  },
  {
    name: 'sync',
    weight: 2,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const full = world.dice.chance(0.5);
      world.tell(`${uId} is compared with Apple${full ? ', pair by pair' : ''}`);
      world.send('sync', (caller) => syncAccount(world.virtual.edge, { uId, full }, caller));
    },
  },
  {
    name: 'set what is done about drift',
    weight: 1,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const of = (): DriftPolicy => world.dice.of(['accept', 'restore', 'ask'] as const);
      const policies = { added: of(), taken: of() };
      world.tell(`what others do to ${uId}: ${JSON.stringify(policies)}`);
      world.send('policies', (caller) => setDriftPolicies(world.virtual.edge, { uId, policies }, caller));
    },
  },
  {
    name: 'decide about drift',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const site = dice.of(world.sites);
      const { uId } = site;
      if (((await world.account(site))?.firstReadAt ?? null) === null) return;
      const adamId = dice.of(site.adamIds);
      const serialNumber = `F1${String(world.story.length).padStart(8, '0')}`;
      world.tell(`another tool assigns ${adamId} to ${serialNumber}, and a person is to be asked`);
      const policies = { added: 'ask' } as const;
      world.send('policies', (caller) => setDriftPolicies(virtual.edge, { uId, policies }, caller));
      await world.pass(500);
      world.attempt(() => {
        virtual.simulator.admin.addAssignment(uId, { adamId, serialNumber });
        site.foreign.set(`${adamId} ${serialNumber}`, 'given');
      });
      world.send('sync', (caller) => syncAccount(virtual.edge, { uId, full: false }, caller));
      await world.pass(30_000);
      const decision = world.dice.of(['accept', 'restore'] as const);
      world.tell(`all drift of ${uId} that waits is decided: ${decision}`);
      world.send('decide', (caller) => decideDrift(world.virtual.edge, { uId, decision }, caller));
    },
  },
  {
    name: 'retry parked work',
    weight: 0.5,
    run(world) {
      const { uId } = world.dice.of(world.sites);
      const stream = `reconciliation-${uId}`;
      world.tell(`parked work of ${stream} is retried`);
      world.send('retry', () => retryParked(world.virtual.edge, { stream }));
    },
  },
  {
    name: 'somebody looks',
    weight: 2,
    run(world) {
      const { dice, virtual } = world;
      const { uId, adamIds } = dice.of(world.sites);
      const position = asPosition(dice.of([0, 0, 1_000_000]));
      const looks: (() => Promise<unknown>)[] = [
        () => getAccount(virtual.edge, { uId, position }),
        () =>
          getOrder(virtual.edge, {
            orderId: dice.of(world.sent.map((sent) => sent.orderId ?? 'none')),
            position,
          }),
        () =>
          assetAsOf(
            virtual.edge,
            uId,
            stdq(dice.of([...adamIds, '999999999'])),
            asPosition(dice.between(1, 200)),
          ),
        () => getAsset(virtual.edge, { uId, asset: stdq(dice.of([...adamIds, '999999999'])) }),
        () => forecastAsset(virtual.edge, { uId, asset: stdq(dice.of(adamIds)) }),
        () => getImport(virtual.edge, { importId: 'no-such-import' }),
        () => getSync(virtual.edge, { uId, syncId: 'no-such-sync' }),
        () => listCauses(virtual.edge, { position: asPosition(dice.between(1, 2_000)), part: { limit: 20 } }),
        () =>
          getTimeline(virtual.edge, {
            subject: { kind: 'account', id: uId },
            newestFirst: dice.chance(0.5),
            part: { limit: 20 },
          }),
      ];
      const look = dice.of(world.sent.length === 0 ? looks.filter((_look, index) => index !== 1) : looks);
      world.send('look', look);
    },
  },
  {
    name: 'a stranger knocks',
    weight: 1,
    async run(world) {
      const { dice, virtual } = world;
      const { uId } = dice.of(world.sites);
      const secret = await virtual.stores.secrets.get(`notification/${uId}`);
      const other = '7700000000000077';
      const notification = { notificationId: `n${world.sent.length}`, uId, notificationType: 'NEWS' };
      const { bearer, body } = dice.of<{ bearer: string; body: object }>([
        { bearer: GUESS, body: notification },
        { bearer: secret ?? GUESS, body: notification },
        { bearer: secret ?? GUESS, body: { ...notification, uId: other } },
        { bearer: secret ?? GUESS, body: { nothing: 'of Apple' } },
      ]);
      world.tell(`a notification of unknown origin: ${JSON.stringify(body)}`);
      world.send('knock', async () => {
        await receiveNotification(virtual.edge, { uId, bearer, body });
        if (bearer === GUESS) world.wrong.push('a notification was taken from one who guessed the secret');
        if ('uId' in body && body.uId === other)
          world.wrong.push('a notification was taken for another location');
      });
    },
  },
];

export const people: readonly Action[] = [...orders, ...accounts];
