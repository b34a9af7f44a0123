import { deciderSpec } from '@seatbook/test-support/decider-spec';
import { personAppsDecider, type AppFound } from './person-apps-decider.js';
import type { AppPlaced, PersonAppsEvent } from './person-apps-events.js';
import { personAppsSteps } from './person-apps-steps.js';

const given = deciderSpec(personAppsDecider, personAppsSteps);

const ASSET = { adamId: '900000001', pricingParam: 'STDQ' } as const;
const uId = 'L1';
const wanted = (orderId = 'o1'): PersonAppsEvent => ({
  type: 'personApps.wanted',
  data: { uId, ...ASSET, orderId },
});
const looked = (change: Partial<AppPlaced>, more = false): PersonAppsEvent => ({
  type: 'personApps.looked',
  data: {
    uId,
    apps: [{ ...ASSET, orderId: 'o1', waitsFor: null, start: [], stop: [], ...change }],
    more,
  },
});
const NOTHING: PersonAppsEvent = { type: 'personApps.looked', data: { uId: null, apps: [], more: false } };
const doubted = (device?: string): PersonAppsEvent => ({
  type: 'personApps.doubted',
  data: { uId: null, ...(device && { device }) },
});
const look = (found: Partial<AppFound>) =>
  ({
    type: 'RecordLook',
    found: [{ uId, ...ASSET, licence: 'held', accepted: true, devices: [], ...found }],
  }) as const;

describe('what is wanted for a person', () => {
  it('is looked for at once, and waits for the person, then for a device, then for nothing (a13)', () => {
    expect(given(wanted()).due()).toEqual({ step: 'look', at: 0 });
    const waits = given(wanted()).when(look({ accepted: false, devices: ['D1'] }));
    waits.then(looked({ waitsFor: 'person' }));
    waits.thenDue(null);
    const person = [wanted(), looked({ waitsFor: 'person' }), doubted()];
    given(...person)
      .when(look({}))
      .then(looked({ waitsFor: 'device' }));
    given(...person)
      .when(look({ devices: ['D1', 'D2'] }))
      .then(looked({ start: ['D1', 'D2'] }));
  });

  it('comes to a device that comes, and goes from one that goes; nothing else changes', () => {
    const on = [wanted(), looked({ start: ['D1'] }), doubted()];
    given(...on)
      .when(look({ devices: ['D1'] }))
      .then(NOTHING);
    given(...on)
      .when(look({ devices: ['D2'] }))
      .then(looked({ start: ['D2'], stop: ['D1'] }));
    given(wanted(), looked({ start: ['D1'] }))
      .when(look({ devices: ['D2'] }))
      .thenNothing();
  });

  it('is begun anew on a device that can be reached anew, and on all by another rollout', () => {
    const on = [wanted(), looked({ start: ['D1', 'D2'] })];
    given(...on, doubted('D1'))
      .when(look({ devices: ['D1', 'D2'] }))
      .then(looked({ start: ['D1'] }));
    given(...on, wanted('o2'))
      .when(look({ devices: ['D1', 'D2'] }))
      .then(looked({ orderId: 'o2', start: ['D1', 'D2'] }));
  });

  it('a25: is cancelled when its licence goes back, and is over for all devices that had it when that is gone', () => {
    const on = [wanted(), looked({ start: ['D1'] }), doubted()];
    given(...on)
      .when(look({ licence: 'going', devices: ['D1'] }))
      .then(looked({ stop: ['D1'] }));
    const going = [...on, looked({ stop: ['D1'] }), doubted()];
    const gone = given(...going).when(look({ licence: 'gone' }));
    gone.then(looked({ over: ['D1'] }));
    gone.thenDue(null);
    // A licence that stays after all has its app come again.
    given(...going)
      .when(look({ devices: ['D1'] }))
      .then(looked({ start: ['D1'] }));
    const over = given(...going, looked({ over: ['D1'] }));
    over.when({ type: 'DoubtApps', of: null }).thenNothing();
    over.when({ type: 'DoubtApps', of: { uId, ...ASSET } }).thenNothing();
  });

  it('goes from all devices that had it, as soon as its licence is gone, where it is to go with it', () => {
    const remove: PersonAppsEvent = {
      type: 'personApps.unwanted',
      data: { uId, apps: [{ ...ASSET, orderId: 'back' }] },
    };
    const on = [wanted(), looked({ start: ['D1', 'D2'] }), doubted(), looked({ stop: ['D1'] })];
    const back = { type: 'RemoveApp', uId, asset: ASSET, orderId: 'back' } as const;
    const asked = given(...on).when(back);
    asked.then(remove);
    asked.thenDue({ step: 'look', at: 0 });
    // A device of the person that it was not rolled out to tells itself that it is not there.
    const goes = looked({
      stop: ['D2'],
      over: ['D2', 'D1'],
      remove: { orderId: 'back', devices: ['D2', 'D1', 'D3'] },
    });
    given(...on, remove)
      .when(look({ licence: 'gone', devices: ['D2', 'D3'] }))
      .then(goes);
    given(...on, remove, goes, doubted())
      .when(look({ licence: 'gone', devices: ['D2'] }))
      .then(NOTHING);
    // Rolled out once more, it stays.
    given(...on, remove, wanted('o2'))
      .when(look({ licence: 'gone', devices: ['D2'] }))
      .then(looked({ orderId: 'o2', stop: ['D2'], over: ['D2', 'D1'] }));
  });

  it('goes from the devices of the person also where it is not wanted there any more', () => {
    given(...[])
      .when({ type: 'RemoveApp', uId, asset: ASSET, orderId: 'back' })
      .thenTypes('personApps.unwanted');
    given({ type: 'personApps.unwanted', data: { uId, apps: [{ ...ASSET, orderId: 'back' }] } })
      .when(look({ licence: 'gone', devices: ['D1'] }))
      .then(looked({ orderId: 'back', over: [], remove: { orderId: 'back', devices: ['D1'] } }));
  });

  it('a35: goes with the licences of the account that the person leaves, when these are gone, and with no others', () => {
    given(wanted()).when({ type: 'RemoveApps', uId: 'L2' }).thenNothing();
    const leaves = given(wanted(), looked({ start: ['D1'] })).when({ type: 'RemoveApps', uId });
    leaves.then({ type: 'personApps.unwanted', data: { uId, apps: [{ ...ASSET, orderId: 'o1' }] } });
    const left = [
      wanted(),
      looked({ start: ['D1'] }),
      { type: 'personApps.unwanted', data: { uId, apps: [{ ...ASSET, orderId: 'o1' }] } },
    ] as const satisfies readonly PersonAppsEvent[];
    given(...left)
      .when(look({ accepted: false, devices: ['D1'] }))
      .then(looked({ waitsFor: 'person', stop: ['D1'] }));
    given(...left, looked({ waitsFor: 'person', stop: ['D1'] }), doubted())
      .when(look({ licence: 'gone', devices: ['D1'] }))
      .then(looked({ over: ['D1'], remove: { orderId: 'o1', devices: ['D1'] } }));
  });

  it('is told in several events where there is more than one can hold', () => {
    const apps = [1, 2, 3].map((number) => ({ adamId: `90000000${number}`, pricingParam: 'STDQ' }));
    const devices = Array.from({ length: 300 }, (_device, index) => `D${index}`);
    const found = apps.map((asset) => ({ ...look({ devices }).found[0], ...asset }));
    const want = apps.map((asset): PersonAppsEvent => ({
      type: 'personApps.wanted',
      data: { uId, ...asset, orderId: 'o1' },
    }));
    const placed = apps.map((asset) => ({
      ...asset,
      orderId: 'o1',
      waitsFor: null,
      start: devices,
      stop: [],
    }));
    const first: PersonAppsEvent = {
      type: 'personApps.looked',
      data: { uId, apps: placed.slice(0, 2), more: true },
    };
    const begun = given(...want).when({ type: 'RecordLook', found });
    begun.then(first);
    begun.thenDue({ step: 'look', at: 0 });
    given(...want, first)
      .when({ type: 'RecordLook', found })
      .then({ type: 'personApps.looked', data: { uId, apps: placed.slice(2), more: false } });
  });
});
