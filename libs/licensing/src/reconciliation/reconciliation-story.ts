import type { Envelope, Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, countOf, failed, were, type StoryContext } from '../wording.js';
import type { DriftPolicy } from '../asset/asset-events.js';
import type { ReconciliationEvent, WalkReason } from './reconciliation-events.js';

export const reconciliationSubjects = ({ type, data }: Envelope<ReconciliationEvent>): Subjects => ({
  uId: data.uId,
  // The event that ends a read of totals counts them.
  assets: type === 'reconciliation.totals-completed' ? [] : assetsIn(data),
});

const WHY: Readonly<Record<WalkReason, string>> = {
  counts: 'Apple counts other pairs than the ledger',
  delta: 'Apple names pairs that the ledger has not',
  daily: 'all are read once a day',
  'foreign-event': "another tool's event was announced",
  sync: 'a sync was asked for',
};

const POLICIES: Readonly<Record<DriftPolicy, string>> = {
  accept: 'it is accepted',
  restore: 'it is undone',
  ask: 'a person is asked',
};

export const reconciliationStory: Story<ReconciliationEvent, StoryContext> = {
  'reconciliation.first-read-started': () => 'The first full read of the location started.',
  'reconciliation.totals-requested': ({ data }) => `A read of the totals was requested: ${data.reason}.`,
  'reconciliation.assets-read': ({ data: { assets } }) =>
    `${count(assets.length, 'asset was', 'assets were')} read from Apple.`,
  'reconciliation.asset-awaited': ({ data }, { assetName }) =>
    `An order waits for ${assetName(data.uId, data)}, which has not been found in the location yet.`,
  'reconciliation.assets-unlisted': ({ data: { assets } }) =>
    `The location does not own ${count(assets.length, 'asset that an order waits', 'assets that orders wait')} for.`,
  'reconciliation.totals-completed': ({ data }) =>
    `All totals were read: ${count(data.assets, 'asset')}, ${data.changed.toLocaleString('en')} of them changed.`,
  'reconciliation.assignments-read': ({ data }, { assetName }) =>
    `${countOf(data, 'assignment')} of ${assetName(data.uId, data)} ${were(data)} read from Apple.`,
  'reconciliation.walk-completed': ({ data }, { assetName }) =>
    `All assignments of ${assetName(data.uId, data)} were read: ${data.count.toLocaleString('en')}.`,
  'reconciliation.adoptions-missing': ({ data }, { assetName }) =>
    `${countOf(data, 'adopted licence')} of ${assetName(data.uId, data)} ${were(data)} not found at Apple again.`,
  'reconciliation.walks-queued': ({ data: { assets, why } }) =>
    `Who holds ${count(assets.length, 'asset', 'assets')} is read: ${WHY[why]}.`,
  'reconciliation.drift-seen': ({ data }, { assetName }) =>
    `${countOf(data, 'licence')} of ${assetName(data.uId, data)} ${were(data)} ${data.kind === 'added' ? 'assigned' : 'taken back'} by others.`,
  'reconciliation.drift-alerted': ({ data: { added, taken, assetCount } }) =>
    `Others change licences of ${count(assetCount, 'asset')}: ${added.toLocaleString('en')} assigned, ${taken.toLocaleString('en')} taken back.`,
  'reconciliation.policy-set': ({ data: { added, taken } }) =>
    `What others assign: ${POLICIES[added]}; what they take back: ${POLICIES[taken]}.`,
  'reconciliation.event-announced': () => 'Apple announced an event that no call of ours is known for yet.',
  'reconciliation.foreign-event-noted': ({ data: { assets } }) =>
    `Apple announced an event about ${count(assets.length, 'asset')} that no call of ours has caused.`,
  'reconciliation.sync-requested': ({ data: { full } }) =>
    `A sync was requested${full ? ', with a read of all assignments' : ''}.`,
  'reconciliation.sync-started': ({ data: { assets } }) =>
    `The sync has read the totals and waits for ${count(assets.length, 'asset')}.`,
  'reconciliation.sync-completed': () => 'The sync is complete.',
  'reconciliation.users-read': ({ data }) =>
    `${count(data.count, 'person', 'people')} known to Apple ${data.count === 1 ? 'was' : 'were'} read.`,
  'reconciliation.first-read-completed': () => 'The first full read of the location is complete.',
  'reconciliation.read-failed': ({ data }) => failed('Reading from Apple', data),
  'reconciliation.held': () => 'Reading from Apple is held with the work of the account.',
  'reconciliation.metadata-read': ({ data: { found } }) =>
    `${count(found.length, 'name was', 'names were')} looked up in the store.`,
  'reconciliation.metadata-failed': ({ data }) => failed('Looking up names in the store', data),
};
