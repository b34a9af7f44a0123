import type { Envelope, Instant } from '@seatbook/kernel';
import type { AppSettingsEvent, GroupEvent, OrderEvent, OwnSettings } from '@seatbook/licensing';
import { devicesIn, type World } from '../world.js';

type Known = Envelope<AppSettingsEvent | GroupEvent | OrderEvent>;

interface Said {
  readonly settings: OwnSettings;
  readonly at: Instant;
}

const NOTHING: Said = { settings: {}, at: 0 };

/** What is ordered is installed where its app is mandatory, and not where it is not: as it was while the order was placed. */
export function auditSettings(log: readonly Envelope[], { seed, virtual }: World): string[] {
  if (!devicesIn(seed)) return [];
  const { placeWithinMs } = virtual.timings;
  const wrong: string[] = [];
  const said = new Map<string, Said>();
  for (const event of log as readonly Known[]) {
    const { recordedAt } = event.metadata;
    if (event.type === 'appSettings.set') {
      const { uId, adamId, settings } = event.data;
      said.set(`${uId} ${adamId ?? ''}`, { settings, at: recordedAt });
    }
    // What the product places by itself brings back what was, or was asked of a group before.
    const asked = event.metadata.cause === undefined;
    const ofOrder = event.type === 'order.placed' && event.data.kind === 'AssignLicense' && asked;
    if (!ofOrder && event.type !== 'group.joiners-served') continue;
    const { uId, assets, install = [] } = event.data;
    for (const { adamId, pricingParam } of assets) {
      const ofAccount = said.get(`${uId} `) ?? NOTHING;
      const ofApp = said.get(`${uId} ${adamId}`) ?? NOTHING;
      // They may have been read as long before as it takes to place an order.
      if (recordedAt - Math.max(ofAccount.at, ofApp.at) <= 2 * placeWithinMs) continue;
      const { mandatory = false } = { ...ofAccount.settings, ...ofApp.settings };
      if (install.includes(`${adamId}.${pricingParam}`) !== mandatory)
        wrong.push(
          `${event.stream}: ${adamId} is ${mandatory ? '' : 'not '}mandatory, and its order does not say so`,
        );
    }
  }
  return wrong;
}
