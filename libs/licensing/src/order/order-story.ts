import { idOf, type Envelope, type Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, countOf, listed, were, type StoryContext } from '../wording.js';
import type { OrderEvent, OrderTerms, OutcomeCounts } from './order-events.js';

export function orderSubjects({ stream, type, data }: Envelope<OrderEvent>): Subjects | null {
  // The request that the key was used for tells of itself.
  if (type === 'order.key-taken') return null;
  return { uId: data.uId, orders: [idOf(stream)], assets: assetsIn(data) };
}

export const orderStory: Story<OrderEvent, StoryContext> = {
  'order.key-taken': ({ data: { by } }) => `The Idempotency-Key was used for ${by}, so that no order has it.`,
  'order.created': ({ data }, context) => `An order is being placed: ${wanted(data, context)}.`,
  'order.holders-listed': ({ data }) => `${countOf(data, 'holder')} ${were(data)} listed.`,
  'order.placed': ({ data }, context) => `An order was placed: ${wanted(data, context)}.`,
  'order.abandoned': () => 'The order was abandoned because it was not placed in time.',
  'order.reservation-asked': ({ data }, { assetName }) =>
    `The ledger of ${assetName(data.uId, data)} was asked about ${countOf(data, 'holder')}.`,
  'order.reservation-answered': ({ data }, { assetName }) => {
    const parts = listed([
      ...outcomeParts(data.final),
      [data.waiting, 'waiting'],
      [data.open, 'in progress'],
    ]);
    return `The ledger of ${assetName(data.uId, data)} answered: ${parts}.`;
  },
  'order.reserved': ({ data: { silent } }) =>
    silent.length === 0
      ? 'All ledgers have answered.'
      : `${count(silent.length, 'ledger')} did not answer in time.`,
  'order.outcomes-recorded': ({ data }) => `Outcomes: ${listed(outcomeParts(data.final))}.`,
  'order.cancellation-asked': () => 'What the order was still waiting for was cancelled.',
  'order.finished': ({ data }) => `The order is finished: ${listed(outcomeParts(data.final))}.`,
};

function wanted(
  { kind, uId, assets, holders, scope, removeApp }: OrderTerms,
  { assetName }: StoryContext,
): string {
  const [only] = assets;
  const what = assets.length === 1 && only ? assetName(uId, only) : count(assets.length, 'asset');
  const whom = count(holders, 'holder');
  if (kind === 'ReassignLicense') return `reassign ${what} from one holder to another`;
  if (scope && 'moveTo' in scope) {
    const [to, from] = scope.moveTo === 'device' ? ['devices', 'people'] : ['people', 'devices'];
    const pairs = count(holders, 'pair');
    return kind === 'AssignLicense'
      ? `assign ${what} to ${to} in place of ${from}: ${pairs}`
      : `return ${what} from ${from}, where ${to} get it: ${pairs}`;
  }
  if (scope) {
    const those = 'failedOf' in scope ? 'where another rollout has failed' : 'where it has its licence';
    return `install ${what} ${those}: ${count(holders, 'installation')}`;
  }
  if (kind === 'RolloutApp') return `install ${what} on ${whom}`;
  if (kind === 'AssignLicense') return `assign ${what} to ${whom}`;
  return `return ${what} from ${whom}${removeApp ? ', and remove it from the devices' : ''}`;
}

const OUTCOMES: Readonly<Record<keyof OutcomeCounts, string>> = {
  assigned: 'assigned',
  returned: 'returned',
  alreadyHeld: 'already held',
  notHeld: 'not held',
  refused: 'refused',
  failed: 'failed',
  cancelled: 'cancelled',
};

const outcomeParts = (final: OutcomeCounts): (readonly [number, string])[] =>
  (Object.keys(OUTCOMES) as (keyof OutcomeCounts)[]).map((outcome) => [final[outcome], OUTCOMES[outcome]]);
