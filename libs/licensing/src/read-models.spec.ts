import type { Document, ReadModel } from '@seatbook/kernel';
import * as wrote from '@seatbook/test-support/asset-history';
import { EventLog } from '@seatbook/test-support/event-log';
import { KEYNOTE, LOCATION, PAGES, devices, manyDevices } from '@seatbook/test-support/licensing-builders';
import { everyEvent } from '@seatbook/test-support/licensing-journey';
import { MAX_KEYS, documentsOf } from '@seatbook/test-support/read-model-spec';
import { accountsModel } from './account/accounts-model.js';
import type { AssetEvent } from './asset/asset-events.js';
import { assetsModel, availableOf, excessOf, usedOf } from './asset/assets-model.js';
import { pairsModel } from './asset/pairs-model.js';
import { openWorkModel } from './dispatch/open-work.js';
import { timelinesOf } from './history/story.js';
import { timelineModel } from './history/timeline-model.js';
import { licensingModels, licensingRegistry } from './licensing.js';
import { ordersModel } from './order/orders-model.js';
import { outcomesModel } from './order/outcomes-model.js';

const journey = everyEvent();
const { log } = journey;
const ASSET = `${LOCATION}.${PAGES.adamId}.${PAGES.pricingParam}`;

describe('read models over a log in which everything happens', () => {
  it.each(licensingModels.map((model): [string, ReadModel<Document>] => [model.name, model]))(
    '%s comes out the same when it is replayed, in lots of any size',
    async (_name, model) => {
      expect((await documentsOf(model, log, licensingRegistry())).size).toBeGreaterThan(0);
    },
  );

  it('shows an account as it stands', async () => {
    const account = (await documentsOf(accountsModel, log)).get(LOCATION);
    expect(account).toMatchObject({
      name: 'Berlin-Mitte',
      fingerprint: 'f3',
      tokenState: 'active',
      tokenErrorNumber: null,
      conflict: null,
      usable: true,
      owned: true,
      subscribed: false,
      readFailure: null,
      assetCount: 1,
    });
    expect(account).not.toHaveProperty('takenOverFrom');
  });

  it('counts an asset as its ledger does', async () => {
    const asset = (await documentsOf(assetsModel, log)).get(ASSET);
    const pairs = [...(await documentsOf(pairsModel, log)).values()].filter(({ asset: of }) => of === ASSET);
    const counted = (...states: string[]): number =>
      pairs.filter(({ state }) => states.includes(state)).length;
    expect(asset).toMatchObject({
      name: 'Pages',
      owned: 50,
      reserved: counted('reserved', 'claimed'),
      assigned: counted('assigned'),
      returning: counted('returning'),
      waiting: counted('waiting'),
      failed: counted('failed'),
    });
    if (!asset) throw new Error('no asset');
    expect([usedOf(asset), availableOf(asset), excessOf(asset)]).toEqual([
      counted('reserved', 'claimed', 'assigned', 'returning'),
      Math.max(0, 50 - usedOf(asset) - asset.takenElsewhere),
      0,
    ]);
  });

  it('keeps what became of each pair of each order', async () => {
    const outcomes = await documentsOf(outcomesModel, log);
    const of = (orderId: string, serial: string) => outcomes.get(`${orderId}|${ASSET}|d:${serial}`);
    expect(of('order-a', 'C02B')).toMatchObject({ outcome: 'failed', detail: '9615' });
    expect(of('order-b', 'C02C')).toMatchObject({ outcome: 'returned' });
    expect(of('order-c', 'C02A')).toMatchObject({ outcome: 'returned' });
    expect(of('order-e', 'C02E')).toMatchObject({ outcome: 'cancelled', detail: 'order-e' });
    expect(of('order-f', 'C02G')).toMatchObject({ outcome: 'refused', detail: 'SHORT' });
    expect(of('order-g', 'C02K')).toMatchObject({ outcome: 'cancelled' });
    expect(of('order-h', 'C02K')).toMatchObject({ outcome: 'returned' });
  });

  it('finds a device by any spelling of its serial number, and keeps that of Apple', async () => {
    const keynote = `${LOCATION}.${KEYNOTE.adamId}.${KEYNOTE.pricingParam}`;
    const pairs = await documentsOf(pairsModel, log);
    const adopted = pairs.get(`${keynote}|d:c02q`);
    expect(adopted).toMatchObject({ holder: 'd:C02Q', spelledAs: 'd:c02q', state: 'assigned' });
    expect(pairs.get(`${keynote}|d:C02P`)).toMatchObject({ holder: 'd:C02P', spelledAs: 'd:C02P' });
    const outcome = (await documentsOf(outcomesModel, log)).get(`order-k|${keynote}|d:C02Q`);
    expect(outcome).toMatchObject({ outcome: 'already-held', detail: '' });
    expect((await documentsOf(assetsModel, log)).get(keynote)).toMatchObject({
      // That of C02P, and one of an order before.
      reserved: 2,
      assigned: 1,
      waiting: 0,
    });
    expect((await documentsOf(ordersModel, log)).get('order-k')).toMatchObject({
      waiting: 0,
      final: { alreadyHeld: 1 },
    });
    const lives = [...(await documentsOf(timelineModel, log)).values()].filter(
      ({ kind, id }) => kind === 'holder' && id === 'd:C02Q',
    );
    expect(lives.length).toBe(3);
  });

  it('shows no licence as available while the ledger gives none away', async () => {
    const ledger = new EventLog();
    const available = async (...events: readonly AssetEvent[]): Promise<number | null> => {
      ledger.append(`asset-${ASSET}`, events);
      const asset = (await documentsOf(assetsModel, ledger)).get(ASSET);
      return asset ? availableOf(asset) : null;
    };
    expect(await available(...wrote.notRead(100))).toBeNull();
    expect(await available(wrote.baselineCompleted())).toBe(100);
    expect(
      await available(wrote.reserved('one', devices('A'), 1), wrote.claimed('call', devices('A'), [1])),
    ).toBe(99);
    expect(await available(wrote.foundShort('call', 'one', devices('A')))).toBe(0);
    expect(await available({ type: 'asset.shortage-cleared', data: { available: 60 } })).toBe(100);
  }, 30_000);

  it('keeps no asset of which nothing but refused orders is known', async () => {
    const key = `7700000000000002.${KEYNOTE.adamId}.${KEYNOTE.pricingParam}`;
    expect((await documentsOf(assetsModel, log)).has(key)).toBe(false);
    expect((await documentsOf(outcomesModel, log)).get(`order-l|${key}|d:C02R`)).toMatchObject({
      outcome: 'refused',
      detail: 'UNKNOWN_ASSET',
    });
    expect((await documentsOf(ordersModel, log)).get('order-l')).toMatchObject({
      state: 'finished',
      final: { refused: 1 },
      refusals: [{ ...KEYNOTE, refusal: 'UNKNOWN_ASSET', pairs: 1 }],
    });
  });

  it('shows orders with their progress', async () => {
    const orders = await documentsOf(ordersModel, log);
    expect(orders.get('order-b')).toMatchObject({
      state: 'finished',
      kind: 'ReturnLicense',
      final: { returned: 1 },
      waiting: 0,
    });
    expect(orders.get('order-f')).toMatchObject({
      state: 'finished',
      final: { refused: 2 },
      refusals: [{ ...PAGES, refusal: 'SHORT', pairs: 2 }],
    });
    expect(orders.get('order-i')).toMatchObject({ state: 'abandoned' });
    expect(orders.get('order-j')).toMatchObject({ state: 'placed', pairs: 2, finishedAt: null });
  });

  it('opens work by lot and closes it by claims', async () => {
    const rows = await documentsOf(openWorkModel, log);
    expect([...rows.keys()].filter((key) => key.startsWith('call '))).toEqual([]);
    expect([...rows.keys()].filter((key) => key.startsWith('order '))).toEqual(['order order-j']);
  });

  it('finds an event by its account, asset, order and holders', async () => {
    const reserved = log.envelopes.find(({ type }) => type === 'asset.licenses-reserved');
    if (!reserved) throw new Error('nothing was reserved');
    const holders = ['C02A', 'C02B', 'C02C', 'C02D'].map((serial) => `holder d:${serial}`);
    expect(timelinesOf(reserved)).toEqual([
      `account ${LOCATION}`,
      'order order-a',
      `asset ${ASSET}`,
      ...holders,
    ]);
    const timeline = await documentsOf(timelineModel, log);
    expect(timeline.get(`${reserved.position}|holder|d:C02A`)).toEqual({
      kind: 'holder',
      id: 'd:C02A',
      stream: reserved.stream,
      revision: reserved.revision,
      position: reserved.position,
    });
    // The ledger's stream is the asset's timeline itself.
    expect(timeline.has(`${reserved.position}|order|order-a`)).toBe(true);
    expect(timeline.has(`${reserved.position}|asset|${ASSET}`)).toBe(false);
  });

  it('touches no more documents than an event may, however large the event', () => {
    const large = new EventLog();
    const holders = manyDevices(1_000);
    const orderIds = holders.serialNumbers.map((serial) => `order-${serial}`);
    const data = {
      ...holders,
      orderIds,
      callId: 'call',
      action: 'associate',
      was: 'reserved',
      fromLots: orderIds.map((_id, index) => index),
      missed: devices(),
      lot: 1,
      refusal: 'UNKNOWN_ASSET',
      limit: 0,
      notBefore: 0,
      by: '',
      errorNumber: 1,
      reason: '',
    };
    const types = [
      'asset.licenses-served',
      'asset.reservations-withdrawn',
      'asset.licenses-claimed',
      'asset.claims-released',
      'asset.licenses-assigned',
      'asset.found-held',
      'asset.licenses-failed',
      'asset.found-short',
      'asset.returns-started',
      'asset.licenses-returned',
      'asset.waiting-listed',
      'asset.waiting-refused',
      'asset.returns-ended',
      'asset.reservations-ended',
    ];
    large.append(
      `asset-${ASSET}`,
      types.map((type) => ({ type, data })),
    );
    for (const envelope of large.envelopes) {
      for (const model of licensingModels) {
        expect([envelope.type, model.name, model.changesBy(envelope).length <= MAX_KEYS]).toEqual([
          envelope.type,
          model.name,
          true,
        ]);
      }
    }
  });
});
