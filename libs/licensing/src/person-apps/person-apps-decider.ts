import { chunksOf, type Command, type Decider } from '@seatbook/kernel';
import { assetKey } from '../asset-id.js';
import type { AssetId } from '../ports.js';
import type { AppPlaced, PersonAppsEvent, PersonWait, UnwantedApp } from './person-apps-events.js';

/** How the licence of an app stands. `going`: it is on its way back. `gone`: or the app is not wanted by it. */
export type PersonLicence = 'held' | 'going' | 'gone';

/** What a look has found of one app. */
export interface AppFound extends AssetId {
  readonly uId: string;
  readonly licence: PersonLicence;
  /** Apple has said that the person has accepted. */
  readonly accepted: boolean;
  /** Enrolled devices of the person whose platform fits. */
  readonly devices: readonly string[];
}

export type PersonAppsCommand =
  | (Command<'WantApp'> & { readonly uId: string; readonly asset: AssetId; readonly orderId: string })
  /** The licence has gone back, and the app goes with it. */
  | (Command<'RemoveApp'> & { readonly uId: string; readonly asset: AssetId; readonly orderId: string })
  /** The person leaves a location, and the apps of its licences go when these have gone back. */
  | (Command<'RemoveApps'> & { readonly uId: string })
  /** `of`: the app that it is about; null: all of them. `device`: one of the person's that can be reached anew. */
  | (Command<'DoubtApps'> & {
      readonly of: (AssetId & { readonly uId: string }) | null;
      readonly device?: string | undefined;
    })
  | (Command<'RecordLook'> & { readonly found: readonly AppFound[] });

export interface PersonApp extends AssetId {
  readonly uId: string;
  orderId: string;
  waitsFor: PersonWait | null;
  /** It was rolled out since the last look: devices that had it are asked again. */
  again: boolean;
  /** Devices that are to have it. */
  placed: Set<string>;
  /** Devices that were to have it by the same licence. */
  left: Set<string>;
}

export interface PersonApps {
  /** By account and asset. */
  readonly apps: Map<string, PersonApp>;
  /** Those that go with their licences, by the same. */
  readonly unwanted: Map<string, UnwantedApp & { readonly uId: string }>;
  doubted: boolean;
}

/** An event places apps on this many devices, and a few more where one app has many. */
const MAX_PLACED = 500;

export const personAppsDecider: Decider<PersonAppsCommand, PersonApps, PersonAppsEvent> = {
  initial: () => ({ apps: new Map(), unwanted: new Map(), doubted: false }),

  decide(command, person) {
    switch (command.type) {
      case 'WantApp': {
        const { uId, asset, orderId } = command;
        const { adamId, pricingParam } = asset;
        return [{ type: 'personApps.wanted', data: { uId, adamId, pricingParam, orderId } }];
      }
      case 'RemoveApp': {
        const { uId, asset, orderId } = command;
        const { adamId, pricingParam } = asset;
        return [{ type: 'personApps.unwanted', data: { uId, apps: [{ adamId, pricingParam, orderId }] } }];
      }
      case 'RemoveApps':
        return allUnwanted(command.uId, person);
      case 'DoubtApps': {
        const { of, device } = command;
        if (of === null ? person.apps.size === 0 : !person.apps.has(assetKey(of.uId, of))) return [];
        return [{ type: 'personApps.doubted', data: { uId: of?.uId ?? null, ...(device && { device }) } }];
      }
      case 'RecordLook':
        return person.doubted ? looked(command.found, person) : [];
    }
  },

  evolve(person, event) {
    switch (event.type) {
      case 'personApps.wanted': {
        const { uId, adamId, pricingParam, orderId } = event.data;
        const key = assetKey(uId, event.data);
        const before = person.apps.get(key) ?? { waitsFor: null, placed: new Set(), left: new Set() };
        person.apps.set(key, { ...before, uId, adamId, pricingParam, orderId, again: true });
        person.unwanted.delete(key);
        person.doubted = true;
        break;
      }
      case 'personApps.unwanted': {
        const { uId, apps } = event.data;
        for (const app of apps) person.unwanted.set(assetKey(uId, app), { uId, ...app });
        person.doubted = true;
        break;
      }
      case 'personApps.doubted': {
        const { device } = event.data;
        person.doubted = true;
        // It gets all of them once more.
        if (device !== undefined)
          for (const { placed, left } of person.apps.values()) if (placed.delete(device)) left.add(device);
        break;
      }
      case 'personApps.looked': {
        const { uId, apps, more } = event.data;
        person.doubted = more;
        for (const app of apps) placed(assetKey(uId ?? '', app), app, person);
      }
    }
    return person;
  },
};

/** Each of them goes by the order that it came by. */
function allUnwanted(of: string, { apps }: PersonApps): PersonAppsEvent[] {
  const some = [...apps.values()].flatMap(({ uId, adamId, pricingParam, orderId }) =>
    uId === of ? [{ adamId, pricingParam, orderId }] : [],
  );
  return chunksOf(some, MAX_PLACED).map((data) => ({
    type: 'personApps.unwanted',
    data: { uId: of, apps: data },
  }));
}

function placed(
  key: string,
  { waitsFor, start, stop, over }: AppPlaced,
  { apps, unwanted }: PersonApps,
): void {
  if (over !== undefined) unwanted.delete(key);
  const app = apps.get(key);
  if (!app) return;
  if (over !== undefined) {
    apps.delete(key);
    return;
  }
  app.waitsFor = waitsFor;
  app.again = false;
  for (const device of stop) {
    app.placed.delete(device);
    app.left.add(device);
  }
  for (const device of start) {
    app.placed.add(device);
    app.left.delete(device);
  }
}

/** Each event is of one account; what does not fit is looked at once more. */
function looked(found: readonly AppFound[], person: PersonApps): PersonAppsEvent[] {
  const byAccount = new Map<string, AppPlaced[]>();
  let room = MAX_PLACED;
  let more = false;
  for (const one of found) {
    const change = changeOf(one, person);
    if (!change) continue;
    if (room <= 0) {
      more = true;
      break;
    }
    const { start, stop, over = [], remove } = change;
    room -= 1 + start.length + stop.length + over.length + (remove?.devices.length ?? 0);
    byAccount.set(one.uId, [...(byAccount.get(one.uId) ?? []), change]);
  }
  const events = [...byAccount].map(([uId, apps], index) => {
    const data = { uId, apps, more: more || index + 1 < byAccount.size };
    return { type: 'personApps.looked' as const, data };
  });
  if (events.length > 0) return events;
  return [{ type: 'personApps.looked', data: { uId: null, apps: [], more: false } }];
}

/** Null where it stays as it is. */
function changeOf(found: AppFound, { apps, unwanted }: PersonApps): AppPlaced | null {
  const { uId, adamId, pricingParam, licence, accepted, devices } = found;
  const key = assetKey(uId, found);
  const app = apps.get(key);
  const goes = licence === 'gone' ? unwanted.get(key) : undefined;
  const orderId = app?.orderId ?? goes?.orderId;
  if (orderId === undefined) return null;
  const same = { adamId, pricingParam, orderId };
  const placed = [...(app?.placed ?? [])];
  if (!app || licence === 'gone') {
    const over = [...placed, ...(app?.left ?? [])];
    const from = goes && { orderId: goes.orderId, devices: [...new Set([...over, ...devices])] };
    return { ...same, waitsFor: null, start: [], stop: placed, over, ...(from && { remove: from }) };
  }
  if (licence === 'going')
    return placed.length === 0 ? null : { ...same, waitsFor: null, start: [], stop: placed };
  const target = accepted ? devices : [];
  const waitsFor = accepted ? (devices.length === 0 ? 'device' : null) : 'person';
  const start = app.again ? target : target.filter((device) => !app.placed.has(device));
  const stop = placed.filter((device) => !target.includes(device));
  if (!app.again && start.length + stop.length === 0 && waitsFor === app.waitsFor) return null;
  return { ...same, waitsFor, start, stop };
}

export const weighPersonApps = ({ apps }: PersonApps): number => 500 + 1_000 * apps.size;
