import { idOf, type Step, type Steps } from '@seatbook/kernel';
import { hasAccepted, isLeaving } from '../accepted-person.js';
import { isBook } from '../asset-description.js';
import type { EnrolledDevice, LicensingPorts } from '../ports.js';
import { activationStream, assetStream, type AssetLedger } from '../streams.js';
import type { LongestWaits } from '../timings.js';
import type { AppFound, PersonApps, PersonAppsCommand, PersonLicence } from './person-apps-decider.js';

/**
 * Looks on which devices the apps of a person are to be: those that the person has and that are enrolled, as soon as Apple
 * has said that the person has accepted; and from which they are to go. Whatever has changed meanwhile, the same look finds
 * it.
 */
const look: Step<PersonApps, LicensingPorts, PersonAppsCommand> = {
  due: ({ doubted }) => (doubted ? { at: 0 } : null),
  async begin({ apps, unwanted }, ports, stream) {
    const userId = idOf(stream);
    const devices = await ports.devicesOf(userId);
    if (devices === null) return null;
    const found: AppFound[] = [];
    const standing = new Map<string, { readonly accepted: boolean; readonly leaves: boolean }>();
    for (const app of new Map([...unwanted, ...apps]).values()) {
      const { uId, adamId, pricingParam } = app;
      const { licence, on } = await ports.look(assetStream(uId, app), (ledger) => ({
        licence: licenceOf(userId, ledger),
        on: fitting(devices, ledger).map(({ device }) => device),
      }));
      const { accepted, leaves } =
        standing.get(uId) ??
        (await ports.look(activationStream(uId), (activation) => ({
          accepted: hasAccepted(activation, userId),
          leaves: isLeaving(activation, userId),
        })));
      standing.set(uId, { accepted, leaves });
      // Who leaves waits for nothing more, also before the licence has been asked back.
      const stands = licence === 'held' && leaves ? 'going' : licence;
      found.push({ uId, adamId, pricingParam, licence: stands, accepted, devices: on });
    }
    return { type: 'RecordLook', found };
  },
  perform: async () => [],
};

/** An app is wanted by the licence that it was rolled out by; one that has come since is for another order to roll out. */
function licenceOf(userId: string, ledger: AssetLedger): PersonLicence {
  const pair = ledger.pairs.get(`u:${userId}`);
  if (pair?.rolledOut !== true || isBook(ledger)) return 'gone';
  if (pair.state === 'assigned') return pair.followUp?.action === 'return' ? 'going' : 'held';
  return pair.state === 'returning' ? 'going' : 'gone';
}

/** Those that an app is for. What Apple has not told the platforms of may be for any. */
export function fitting(
  devices: readonly EnrolledDevice[],
  { traits }: AssetLedger,
): readonly EnrolledDevice[] {
  const platforms = traits?.supportedPlatforms ?? [];
  return devices.filter(
    ({ platform }) => platforms.length === 0 || (platform !== null && platforms.includes(platform)),
  );
}

export const personAppsSteps = { look } satisfies Steps<PersonApps, LicensingPorts, PersonAppsCommand>;

export const PERSON_APPS_WAITS: LongestWaits<typeof personAppsSteps> = { look: 0 };
