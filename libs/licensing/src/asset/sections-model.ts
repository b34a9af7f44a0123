import { idOf, readModel, type Change, type Envelope, type Position } from '@seatbook/kernel';
import type { AssetEvent } from './asset-events.js';
import { addEvent, movingTypes, noMovements, type Movements } from './movements.js';

/** Events of a ledger that are summed up together. */
export const SECTION_EVENTS = 1_000;

/** What a thousand events of a ledger moved: counts of any moment are sums over them and fewer than a thousand events. */
export interface LedgerSection extends Movements {
  /** `{uId}.{adamId}.{pricingParam}` */
  readonly asset: string;
  /** Its events have the revisions from a thousand times this number on. */
  readonly section: number;
  position: Position;
}

function summed(event: Envelope<AssetEvent>): readonly Change<LedgerSection>[] {
  const { stream, revision, position } = event;
  const asset = idOf(stream);
  const section = Math.floor(revision / SECTION_EVENTS);
  const evolve = (before: LedgerSection | null): LedgerSection => {
    const sum = before ?? { asset, section, ...noMovements(), position };
    addEvent(sum, event);
    sum.position = position;
    return sum;
  };
  return [{ key: `${asset}|${section}`, evolve }];
}

export const sectionsModel = readModel<LedgerSection, AssetEvent>()({
  name: 'sections',
  version: 2,
  on: Object.fromEntries(movingTypes.map((type) => [type, summed])),
  key: { asset: 'text', section: 'number' },
  shared: ['asset'],
  indexes: [{ name: 'by-asset', fields: ['asset', 'section'] }],
});
